import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { ALL_OPEN, type BenchDesk } from './desk.ts';

export type FirstLoad = {
  /** From the navigation to a list that is live, with an empty cache of the browser, in ms. */
  live: number;
  /** Requests before the list is there, and of the API from the navigation until the page is at rest. */
  before: number;
  calls: number;
};

/** Loads the console as a person does who has signed in before. */
export async function measureFirstLoad({ site, context }: BenchDesk): Promise<FirstLoad> {
  const page = await context.newPage();
  const devTools = await context.newCDPSession(page);
  await devTools.send('Network.enable');
  await devTools.send('Network.clearBrowserCache');
  let before = 0;
  let calls = 0;
  let isShown = false;
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    // Only pages of a loopback address ask for the demo.
    if (pathname.endsWith('/session/demo')) return;
    if (!isShown) before += 1;
    if (pathname.startsWith('/api/')) calls += 1;
    if (process.env['SAY']) console.log(request.method(), pathname, isShown);
  });
  const begin = performance.now();
  await page.goto(`${site.site.hub.url}${ALL_OPEN}`, { waitUntil: 'commit' });
  const live = page.getByText('Live', { exact: true }).waitFor();
  await page.locator('.list-link').first().waitFor();
  isShown = true;
  await live;
  const took = performance.now() - begin;
  // The list is read a second time after five seconds.
  await pause(8_000);
  await page.close();
  return { live: took, before, calls };
}

/** So much of the page's time passes in each step, and so long the page has for it (ms). */
const STEP = { ofPage: 5_000, ofUs: 30 };

/** The calls of a page during an hour in which nothing happens, with a clock that is quicker than the hub's. */
export async function measureIdleHour({ site, context }: BenchDesk, share: number): Promise<number> {
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${site.site.hub.url}${ALL_OPEN}`);
  await liveSoon(page);
  let calls = 0;
  for (let passed = 0; passed < 20_000; passed += STEP.ofPage) await step(page);
  page.on('request', () => {
    calls += 1;
  });
  const hour = 3_600_000 * share;
  for (let passed = 0; passed < hour; passed += STEP.ofPage) await step(page);
  await page.close();
  return calls / share;
}

async function step(page: Page): Promise<void> {
  await page.clock.runFor(STEP.ofPage);
  await pause(STEP.ofUs);
}

async function liveSoon(page: Page): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    await page.clock.runFor(100);
    if ((await page.getByText('Live', { exact: true }).count()) > 0) return;
    await pause(50);
  }
  throw new Error('the console did not become live');
}
