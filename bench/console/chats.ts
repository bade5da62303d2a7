import { setTimeout as pause } from 'node:timers/promises';
import { type BenchDesk, textOf, writeMessages } from './desk.ts';

export type ChatSpeed = {
  /** From the click on a row to the painted thread, in ms: chats that were opened before, and others. */
  cached: number[];
  cold: number[];
  /** From a visitor's request to the text in the page, in ms. */
  live: number[];
  /** Requests of the page while those messages came. */
  liveCalls: number;
  /** From the key to the text in the page, in ms; the frames between them; how often the text is there in the end. */
  sends: { milliseconds: number; frames: number; shown: number }[];
};

const MESSAGES = 30;
/** Opened twice: as many chats as stay on the page. */
const AGAIN = 50;
/** Chats are opened with this step, so that the one opened next is no neighbour of the last. */
const STEP = 37;

/** Switches between chats, reads what visitors write, and writes. */
export async function measureChats(desk: BenchDesk, count: number): Promise<ChatSpeed> {
  const { page } = desk;
  for (let chat = 0; chat < count; chat++) await writeMessages(desk, nameOf(chat), MESSAGES);
  const order = Array.from({ length: count }, (_, place) => (place * STEP) % count);
  const open = (chat: number) =>
    desk.inPage<number>('opened', nameOf(chat), count - 1 - chat, textOf(nameOf(chat), MESSAGES - 1));
  const cold: number[] = [];
  for (const chat of order) cold.push(await open(chat));
  const last = order.slice(-AGAIN);
  for (const chat of last) await open(chat);
  const cached: number[] = [];
  for (const chat of [...last, ...last]) cached.push(await open(chat));

  const [chat = 0] = last;
  await open(chat);
  // What belongs to a chat that was opened is read by now.
  await pause(8_000);
  let liveCalls = 0;
  page.on('request', () => {
    liveCalls += 1;
  });
  const live: number[] = [];
  for (let message = 0; message < count; message++) live.push(await hearMessage(desk, nameOf(chat), message));
  const calls = liveCalls;
  return { cold, cached, live, liveCalls: calls, sends: await measureSends(desk, Math.ceil(count / 5)) };
}

/** Sends a visitor's message to the chat that is open. Answers after how many ms it is in the page. */
async function hearMessage(desk: BenchDesk, thread: string, place: number): Promise<number> {
  const text = `Live message ${place}.`;
  const seen = desk.inPage<number>('seen', text);
  const begin = performance.timeOrigin + performance.now();
  await desk.site.write(thread, text, thread);
  return (await seen) - begin;
}

async function measureSends({ page, inPage }: BenchDesk, count: number): Promise<ChatSpeed['sends']> {
  await page.getByRole('button', { name: 'Take the chat' }).click();
  const field = page.getByLabel('Your answer');
  await field.waitFor();
  const sends: ChatSpeed['sends'] = [];
  for (let message = 0; message < count; message++) {
    const text = `Own message ${message}.`;
    await field.fill(text);
    await inPage('watchSend', text);
    await page.keyboard.press('Enter');
    sends.push({ ...(await page.evaluate<Omit<ChatSpeed['sends'][number], 'shown'>>('bench.sent')), shown: 0 });
  }
  // Echoes have come by then.
  await pause(1_000);
  for (const [message, send] of sends.entries()) send.shown = await inPage<number>('count', `Own message ${message}.`);
  return sends;
}

const nameOf = (chat: number) => `Person ${chat} of the benchmark`;
