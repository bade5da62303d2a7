import type { BrowserContext, Request } from 'playwright-core';

export type PageLoad = {
  /** From the navigation to a list that is live, with an empty cache of the browser, in ms. */
  live: number;
  /** What the list waits for: requests that were answered before it was asked for, and its own. Without the icon. */
  before: string[];
  /** Of the API, from the navigation until the page is at rest. Without the demo's, which only a loopback address asks. */
  calls: string[];
};

/** Loads a list of the console in a new page, as a person does who has signed in before. */
export async function loadPage(context: BrowserContext, url: string): Promise<PageLoad> {
  const page = await context.newPage();
  const devTools = await context.newCDPSession(page);
  await devTools.send('Network.enable');
  await devTools.send('Network.clearBrowserCache');
  const answered: string[] = [];
  const calls: string[] = [];
  let before: string[] = [];
  const pathOf = (request: Request) => new URL(request.url()).pathname;
  page.on('requestfinished', (request) => {
    if (!pathOf(request).endsWith('.svg')) answered.push(pathOf(request));
  });
  page.on('request', (request) => {
    const path = pathOf(request);
    if (path.endsWith('/inbox') && before.length === 0) before = [...answered, path];
    if (path.startsWith('/api/') && !path.endsWith('/session/demo')) calls.push(`${request.method()} ${path}`);
  });
  const begin = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  const isLive = page.getByText('Live', { exact: true }).waitFor();
  await page.locator('.list-link').first().waitFor();
  await isLive;
  const live = performance.now() - begin;
  // The list is read a second time after five seconds.
  await page.waitForTimeout(8_000);
  await page.close();
  return { live, before, calls };
}
