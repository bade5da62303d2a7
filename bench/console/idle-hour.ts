import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { ALL_OPEN, type BenchDesk } from './desk.ts';

/** So much of the page's time passes in each step (ms): less than it waits for an answer to its ping. */
const STEP = 3_000;

/** The calls of a page during an hour in which nothing happens, with a clock that is quicker than the hub's. */
export async function measureIdleHour({ site, context }: BenchDesk, share: number): Promise<number> {
  const page = await context.newPage();
  let unanswered = 0;
  page.on('websocket', (socket) => {
    unanswered = 0;
    socket.on('framesent', ({ payload }) => {
      if (payload === 'ping') unanswered += 1;
    });
    socket.on('framereceived', ({ payload }) => {
      if (payload === 'pong') unanswered -= 1;
    });
  });
  async function step(): Promise<void> {
    await page.clock.runFor(STEP);
    // The hub has no quicker clock: it is given the time to answer.
    while (unanswered > 0) await pause(5);
  }
  await page.clock.install();
  await page.goto(`${site.site.hub.url}${ALL_OPEN}`);
  await liveSoon(page);
  let calls = 0;
  for (let passed = 0; passed < 20_000; passed += STEP) await step();
  page.on('request', () => {
    calls += 1;
  });
  const hour = 3_600_000 * share;
  for (let passed = 0; passed < hour; passed += STEP) await step();
  await page.close();
  return calls / share;
}

async function liveSoon(page: Page): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    await page.clock.runFor(100);
    if ((await page.getByText('Live', { exact: true }).count()) > 0) return;
    await pause(50);
  }
  throw new Error('the console did not become live');
}
