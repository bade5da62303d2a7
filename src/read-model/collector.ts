/**
 * Collects the replica batches of one isolate and writes them to D1 together. D1 runs one transaction at a time, and
 * one for each thread would cost ten times as much as a row of a shared one. Nothing here has to survive: threads send
 * lost batches again.
 */

import { waitUntil } from 'cloudflare:workers';
import { errorText, writeLog } from '../platform/log.ts';
import { withinTime } from '../platform/timeout.ts';
import type { BatchRange, HandedBatch } from '../rpc/projector.ts';
import { projectorName, projectorStub } from '../rpc/projector.ts';
import { threadStub } from '../rpc/thread.ts';

/** How long (ms) batches are collected: briefly when the isolate was idle, longer while one write follows another. */
const LINGER_IDLE = 25;
const LINGER_BUSY = 400;
/** The isolate counts as idle this long (ms) after its last write. */
const IDLE_AFTER = 1000;
/** Limits of what is held back: batches, and bytes of UTF-8. */
const ENOUGH_BATCHES = 400;
const ENOUGH_BYTES = 2_000_000;
/**
 * An acknowledgement goes to its thread with the next command. If none comes within this time (ms), the thread is
 * called.
 */
const ACKNOWLEDGE_AFTER = 3000;
/**
 * Most threads that wait for their acknowledgement. A thread without one sends its batches again, which changes nothing
 * in D1.
 */
const THREADS_TO_TELL = 10_000;
/** Timeout of a write (ms). The threads send its batches again. */
const WAIT_FOR_PROJECTOR = 20_000;
/**
 * Longest wait (ms) of a reader for the writes of its isolate. A slow machine takes more than a second for 500
 * messages.
 */
const READER_WAITS = 5000;
/** Interval (ms) of the checks. A request cannot wait for a promise of another request, so it polls. */
const CHECK_EVERY = 5;
/** A planned flush that has not begun after this time (ms) ended with its request. */
const FLUSH_LOST_AFTER = 5000;

let waiting: HandedBatch[] = [];
let waitingBytes = 0;
/** When the next flush was planned (ms); null when none is. */
let plannedAt: number | null = null;
let lastFlushAt = 0;
/** The number of the latest write. */
let newestWrite = 0;
/** The writes in flight: when each began (ms), by number, oldest first. */
const underWay = new Map<number, number>();
/** Acknowledged ranges that their thread does not know of yet, and since when (ms). */
const acknowledged = new Map<string, { ranges: BatchRange[]; since: number }>();

/** Takes a batch, which reaches D1 within a second, together with those of other threads. */
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

/** Takes the ranges that D1 has acknowledged since the last call. The caller must pass them to the thread. */
export function takeAcknowledged(thread: string): BatchRange[] {
  const ranges = acknowledged.get(thread)?.ranges ?? [];
  acknowledged.delete(thread);
  return ranges;
}

/**
 * Writes the collected batches now, and waits for writes that other requests of this isolate have begun, so that a
 * client reads its own writes. Later writes are not waited for. Waits 5 s at most: a D1 that hangs must not stop
 * readers.
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

/** Whether this write or an earlier one is still in flight. */
function isUnderWay(upTo: number): boolean {
  forgetLost();
  const [oldest] = underWay.keys();
  return oldest !== undefined && oldest <= upTo;
}

/** Forgets writes whose request was cut off, since nothing else ends them. */
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

/** Writes the collected batches. Threads whose next command does not come soon get their acknowledgement by a call. */
async function flush(env: Env): Promise<void> {
  await acknowledgeLater(env, await writeWaiting(env));
}

async function acknowledgeLater(env: Env, threads: readonly string[]): Promise<void> {
  if (threads.length === 0) return;
  await scheduler.wait(ACKNOWLEDGE_AFTER);
  await Promise.all(threads.map((thread) => acknowledge(env, thread)));
}

/** Answers the threads whose batches D1 has taken. Never rejects. */
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

/** Writes the batches of one projector. */
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
    // The request that would have acknowledged the oldest ones may have been cut off.
    const [oldest] = acknowledged.keys();
    if (oldest !== undefined && acknowledged.size >= THREADS_TO_TELL) acknowledged.delete(oldest);
    acknowledged.set(thread, { ranges: [range], since: Date.now() });
  }
}

async function acknowledge(env: Env, thread: string): Promise<void> {
  const known = acknowledged.get(thread);
  // Later acknowledgements belong to a later flush, unless a command takes them first.
  if (known === undefined || Date.now() - known.since < ACKNOWLEDGE_AFTER - CHECK_EVERY) return;
  const ranges = takeAcknowledged(thread);
  try {
    await threadStub(env, thread).acknowledge({ v: 1, ranges });
  } catch (error) {
    // The thread's alarm sends the batches again, which changes nothing in D1.
    writeLog('warn', 'acknowledgement_lost', { thread, error: errorText(error) });
  }
}
