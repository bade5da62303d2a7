import { BreakableNetwork } from '../../test/support/local/breakable-network.ts';
import { ALL_OPEN, type BenchDesk, heapOf } from './desk.ts';

/** After how many seconds the console notices a socket that says nothing any more, although it is open. */
export async function measureHalfOpen({ site, context }: BenchDesk): Promise<number> {
  const network = await BreakableNetwork.to(site.site.hub.port);
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${network.port}${ALL_OPEN}`);
    await page.getByText('Live', { exact: true }).waitFor();
    const begin = performance.now();
    network.fallSilent();
    await page.getByText(/^Offline since/).waitFor({ timeout: 60_000 });
    const took = performance.now() - begin;
    await page.close();
    return took / 1_000;
  } finally {
    await network.stop();
  }
}

export type Soak = { minutes: number; messages: number; begin: number; end: number };

const A_SECOND = 10;
const CHATS = 20;
/** The newest chat is the first of the list. */
const OPEN = CHATS - 1;
/** The heap is measured first after so many seconds, since code and caches grow in the beginning. */
const SETTLING = 60;

/** The heap (MB) while visitors write ten messages a second, one of two to the chat that is open. */
export async function measureSoak(desk: BenchDesk, minutes: number): Promise<Soak> {
  const { page, site } = desk;
  for (let chat = 0; chat < CHATS; chat++) await site.write(nameOf(chat), 'Begin', nameOf(chat));
  await page.goto(`${site.site.hub.url}${ALL_OPEN}`);
  await page.getByTitle(nameOf(OPEN), { exact: true }).click();
  let begin = Number.NaN;
  let messages = 0;
  const start = performance.now();
  for (let second = 0; second < SETTLING + minutes * 60; second++) {
    if (second === SETTLING) begin = await heapOf(desk);
    for (let place = 0; place < A_SECOND; place++) {
      const name = nameOf(place % 2 === 0 ? OPEN : messages % CHATS);
      messages += 1;
      await site.write(name, `Soak ${messages}. ${'More words. '.repeat(8)}`, name);
    }
    await page.waitForTimeout(Math.max(0, start + (second + 1) * 1_000 - performance.now()));
  }
  return { minutes, messages, begin, end: await heapOf(desk) };
}

const nameOf = (chat: number) => `Soak ${chat}`;
