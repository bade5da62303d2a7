import type { InboxRow } from '../../src/console-app/replica/known.ts';
import { percentile } from '../statistics.ts';
import { type BenchDesk, heapOf, textOf, writeMessages } from './desk.ts';

export type LongList = { rows: number; frame: number; reorder: number[]; inPage: number };

const PIXELS = 900;
const FRAMES = 200;

/**
 * A list of copies of one real row, since the hub sorts 1,000 chats at most. The newest rows are real: they move when
 * their visitors write.
 */
export async function measureLongList(desk: BenchDesk, rows: number, moves: number): Promise<LongList> {
  const { page, inPage, site } = desk;
  const names = Array.from({ length: 10 }, (_, place) => `Mover ${place}`);
  for (const name of names) await writeMessages(desk, name, 1);
  await page.route(/\/inbox\?view=open&order=activity/, async (route) => {
    const answer = await route.fetch();
    const { results } = (await answer.json()) as { results: InboxRow[] };
    await route.fulfill({ json: { next: null, previous: null, results: [...results, ...copiesOf(results, rows)] } });
  });
  await page.goto(`${site.site.hub.url}/console/inbox/open`);
  await page.locator('.list-link').first().waitFor();
  await page.waitForTimeout(8_000);
  const { times, most } = await inPage<{ times: number[]; most: number }>(
    'scroll',
    '.list-frame',
    PIXELS,
    FRAMES,
    'li',
  );
  const reorder: number[] = [];
  for (let move = 0; move < moves; move++) {
    const name = names[move % names.length] ?? '';
    const moved = inPage<number>('movedUp', name);
    await site.write(name, `Move ${move}`, name);
    reorder.push(await moved);
  }
  await page.unrouteAll();
  return {
    rows,
    frame: percentile(
      times.toSorted((one, other) => one - other),
      0.95,
    ),
    reorder,
    inPage: most,
  };
}

function copiesOf(results: readonly InboxRow[], rows: number): InboxRow[] {
  const [row] = results;
  if (row === undefined) throw new Error('there is no row to copy');
  return Array.from({ length: rows }, (_, place) => {
    const created_at = new Date(Date.UTC(2026, 0, 1) - place * 1_000).toISOString();
    const id = `00000000-0000-7000-8000-${place.toString(16).padStart(12, '0')}`;
    const last_message = row.last_message === null ? null : { ...row.last_message, created_at };
    return { ...row, chat: { ...row.chat, id, created_at }, last_message };
  });
}

export type LongThread = {
  messages: number;
  /** From the click to the painted thread, ms: the first chat that the page opens, and the long one after it. */
  first: number;
  opened: number;
  /** Pages that were read back. MB with all of them, and with their beginning in view; the p95 of frames (ms). */
  pages: number;
  heap: number;
  frame: number;
  inPage: number;
};

/** Some messages, as in the chats of chats.ts. */
const SHORT = 30;
/** So many chats are between the short thread and the long one, so that nothing reads the long one beforehand. */
const BETWEEN = 15;

/**
 * Opens a thread of many messages, reads it back to its begin, and scrolls through it. A short one is opened before: what
 * a page does once must not count as the length of a thread.
 */
export async function measureLongThread(desk: BenchDesk, messages: number): Promise<LongThread> {
  const { page, inPage, site } = desk;
  const name = 'Long thread';
  await writeMessages(desk, name, messages);
  for (let chat = 0; chat < BETWEEN; chat++) await writeMessages(desk, `Between ${chat}`, 1);
  await writeMessages(desk, 'Short thread', SHORT);
  await page.goto(`${site.site.hub.url}/console/inbox/open`);
  await page.locator('.list-link').first().waitFor();
  const first = await inPage<number>('opened', 'Short thread', 0, textOf('Short thread', SHORT - 1));
  await page.waitForTimeout(3_000);
  const opened = await inPage<number>('opened', name, BETWEEN + 1, textOf(name, messages - 1));
  const pages = await inPage<number>('readBack');
  const { times, most } = await inPage<{ times: number[]; most: number }>(
    'scroll',
    '[role=log]',
    PIXELS,
    FRAMES,
    '.message',
  );
  const frame = percentile(
    times.toSorted((one, other) => one - other),
    0.95,
  );
  return { messages, first, opened, pages, heap: await heapOf(desk), frame, inPage: most };
}
