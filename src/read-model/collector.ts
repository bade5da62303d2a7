import { waitUntil } from 'cloudflare:workers';
import { errorText, writeLog } from '../platform/log.ts';
import { withinTime } from '../platform/timeout.ts';
import type { BatchRange, HandedBatch } from '../rpc/projector.ts';
import { projectorName, projectorStub } from '../rpc/projector.ts';
import { threadStub } from '../rpc/thread.ts';

/**
 * How long (ms) batches are collected before they go to D1 together: a moment where the isolate was idle, longer where one write follows
 * the other. D1 takes one write at a time, and a write for each thread would cost ten times the row.
 */
const LINGER_IDLE = 25;
const LINGER_BUSY = 400;
/** A write this long (ms) ago makes the isolate idle. */
const IDLE_AFTER = 1000;
/** So much is not held back any longer: batches, and bytes of UTF-8. */
const ENOUGH_BATCHES = 400;
const ENOUGH_BYTES = 2_000_000;
/** What a thread has to know goes along with its next command. When none comes for so long (ms), it is called for that. */
const ACKNOWLEDGE_AFTER = 3000;
/** So many threads wait to be told at most. One that is never told sends its batches again, which changes nothing in D1. */
const THREADS_TO_TELL = 10_000;
/** A write that was not answered for so long (ms) counts as lost: the threads send it again. */
const WAIT_FOR_PROJECTOR = 20_000;
/** A reader waits so long (ms) at most for what its isolate owes: a slow machine takes more than a second for 500 messages. */
const READER_WAITS = 5000;
/** How often it looks (ms): a request cannot wait for a promise that belongs to another one. */
const CHECK_EVERY = 5;
/** A flush that has not begun after so long (ms) ended with its request. */
const FLUSH_LOST_AFTER = 5000;

let waiting: HandedBatch[] = [];
let waitingBytes = 0;
/** When a flush of what is waiting was planned (ms); null when none is. */
let plannedAt: number | null = null;
let lastFlushAt = 0;
/** The number of the newest write. */
let newestWrite = 0;
/** When the writes under way began (ms), by their numbers, the oldest first. */
const underWay = new Map<number, number>();
/** Stretches that D1 has, of which their thread does not know yet, and since when (ms). */
const acknowledged = new Map<string, { ranges: BatchRange[]; since: number }>();

/** Takes a batch that has to come to D1 within a second, together with those of other threads. */
export function collectBatch(env: Env, handed: HandedBatch): void {
  waiting.push(handed);
  waitingBytes += handed.slice.size;
  const now = Date.now();
  const isEnough = waiting.length >= ENOUGH_BATCHES || waitingBytes >= ENOUGH_BYTES;
  const isPlanned = plannedAt !== null && now - plannedAt < FLUSH_LOST_AFTER;
  if (isEnough) waitUntil(flush(env));
  else if (!isPlanned) {
    plannedAt = now;
    waitUntil(flushAfter(env, now - lastFlushAt > IDLE_AFTER ? LINGER_IDLE : LINGER_BUSY));
  }
}

/** What D1 has of a thread since the thread was last told. Whoever asks tells it. */
export function takeAcknowledged(thread: string): BatchRange[] {
  const ranges = acknowledged.get(thread)?.ranges ?? [];
  acknowledged.delete(thread);
  return ranges;
}

/**
 * Writes what this isolate owes D1, and waits for the writes that other requests of it have begun, so that a client reads its own
 * writes. Batches that begin later are not waited for. It waits 5 s at most: a D1 that hangs must not stop the readers.
 */
export async function writeCollected(env: Env): Promise<void> {
  const until = Date.now() + READER_WAITS;
  if (waiting.length > 0) {
    const written = writeWaiting(env);
    waitUntil(written.then((threads) => acknowledgeLater(env, threads)));
  }
  const upTo = newestWrite;
  while (isUnderWay(upTo) && Date.now() < until) await scheduler.wait(CHECK_EVERY);
}

/** Whether a write of this number or an older one is still being written. */
function isUnderWay(upTo: number): boolean {
  forgetLost();
  const [oldest] = underWay.keys();
  return oldest !== undefined && oldest <= upTo;
}

/** A write whose request was cut off ends unseen: nobody waits for it for ever. */
function forgetLost(): void {
  for (const [number, begunAt] of underWay) {
    if (Date.now() - begunAt < WAIT_FOR_PROJECTOR) return;
    underWay.delete(number);
  }
}

async function flushAfter(env: Env, milliseconds: number): Promise<void> {
  await scheduler.wait(milliseconds);
  await flush(env);
}

/** Writes what is waiting, and tells the threads that have no next command to be told with. */
async function flush(env: Env): Promise<void> {
  await acknowledgeLater(env, await writeWaiting(env));
}

async function acknowledgeLater(env: Env, threads: readonly string[]): Promise<void> {
  if (threads.length === 0) return;
  await scheduler.wait(ACKNOWLEDGE_AFTER);
  await Promise.all(threads.map((thread) => acknowledge(env, thread)));
}

/** Answers the threads of which D1 has taken batches. Never rejects. */
async function writeWaiting(env: Env): Promise<string[]> {
  const taken = waiting;
  waiting = [];
  waitingBytes = 0;
  plannedAt = null;
  lastFlushAt = Date.now();
  if (taken.length === 0) return [];
  newestWrite += 1;
  const number = newestWrite;
  underWay.set(number, lastFlushAt);
  try {
    const groups = Map.groupBy(taken, ({ database, slice: batch }) => projectorName(env, database, batch.thread));
    const written = await Promise.all(Array.from(groups.values(), (group) => writeGroup(env, group)));
    return [...new Set(written.flat())];
  } finally {
    underWay.delete(number);
  }
}

/** Batches of one projector. */
async function writeGroup(env: Env, group: HandedBatch[]): Promise<string[]> {
  const [first] = group;
  if (first === undefined) return [];
  const { database } = first;
  const batches = group.map(({ slice: batch }) => batch);
  try {
    const answers = await withinTime(
      projectorStub(env, database, first.slice.thread).write(database, batches),
      WAIT_FOR_PROJECTOR,
    );
    const taken = group.filter((_, place) => answers?.[place]?.ok === true);
    for (const { slice: batch, range } of taken) noteAcknowledged(batch.thread, range);
    return taken.map(({ slice: batch }) => batch.thread);
  } catch (error) {
    writeLog('error', 'collected_slices_lost', { slices: batches.length, error: errorText(error) });
    return [];
  }
}

function noteAcknowledged(thread: string, range: BatchRange): void {
  const known = acknowledged.get(thread);
  if (known !== undefined) known.ranges.push(range);
  else {
    // The request that would have told the oldest ones may have been cut off.
    const [oldest] = acknowledged.keys();
    if (oldest !== undefined && acknowledged.size >= THREADS_TO_TELL) acknowledged.delete(oldest);
    acknowledged.set(thread, { ranges: [range], since: Date.now() });
  }
}

async function acknowledge(env: Env, thread: string): Promise<void> {
  const known = acknowledged.get(thread);
  // What came since belongs to a later flush, unless a command takes it along before.
  if (known === undefined || Date.now() - known.since < ACKNOWLEDGE_AFTER - CHECK_EVERY) return;
  const ranges = takeAcknowledged(thread);
  try {
    await threadStub(env, thread).acknowledge({ v: 1, ranges });
  } catch (error) {
    // Its alarm sends the batches again, which changes nothing in D1.
    writeLog('warn', 'acknowledgement_lost', { thread, error: errorText(error) });
  }
}
