import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { projectPath } from '../../scripts/project.ts';
import { sharedBrowser } from '../../test/support/local/chat-site.ts';
import { type ConsoleSite, openConsoleSite } from '../../test/support/local/console-site.ts';

/** A hub with a channel, and a browser with an agent who looks at the console. */
export type BenchDesk = {
  site: ConsoleSite;
  page: Page;
  context: BrowserContext;
  devTools: CDPSession;
  /** Calls a function of `in-page.js` in the page. */
  inPage<Result>(name: string, ...values: readonly unknown[]): Promise<Result>;
  /** A further page of the same browser and person. */
  another(): Promise<Page>;
};

/** Runs `use` at a new desk. The page shows all open chats, the newest first. */
export async function atDesk<Result>(use: (desk: BenchDesk) => Promise<Result>): Promise<Result> {
  const site = await openConsoleSite();
  try {
    const { page, context, signIn } = await site.open();
    await context.addInitScript({ path: projectPath('bench/console/in-page.js') });
    await signIn(site.site.demo.agent);
    await page.goto(`${site.site.hub.url}${ALL_OPEN}`);
    await page.getByText('Live', { exact: true }).waitFor();
    return await use({
      site,
      page,
      context,
      devTools: await context.newCDPSession(page),
      inPage: (name, ...values) =>
        page.evaluate(`bench.${name}(${values.map((value) => JSON.stringify(value)).join()})`),
      another: () => context.newPage(),
    });
  } finally {
    await site.stop();
    // It would keep the process from ending.
    await (await sharedBrowser()).close();
  }
}

export const ALL_OPEN = '/console/inbox/open?order=created';

/** Memory of the page's scripts without garbage, in MB. */
export async function heapOf({ devTools }: BenchDesk): Promise<number> {
  await devTools.send('HeapProfiler.enable');
  await devTools.send('HeapProfiler.collectGarbage');
  await devTools.send('Performance.enable');
  const { metrics } = await devTools.send('Performance.getMetrics');
  const bytes = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN;
  return bytes / 1_000_000;
}

/** A visitor's messages in a thread, by batches of 50. The visitor is called like the thread. */
export async function writeMessages({ site }: BenchDesk, thread: string, count: number): Promise<string> {
  let chatId = '';
  for (let from = 0; from < count; from += 50) {
    const messages = Array.from({ length: Math.min(50, count - from) }, (_, place) => ({
      body: textOf(thread, from + place),
      thread_id: thread,
      sender_id: `${thread}@example.com`,
      message_id: `${thread} ${from + place}`,
    }));
    const options = { variables: { username: thread } };
    chatId = (await site.site.client.sendMessages(site.channel.id, messages, options)).chat_id;
  }
  return chatId;
}

export const textOf = (thread: string, place: number): string =>
  `Message ${place} of ${thread}. ${'It is about as long as most are. '.repeat(1 + (place % 4))}`;
