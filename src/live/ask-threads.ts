import { findActiveThreads } from '../chats/active-threads.ts';
import { noCost } from '../db/cost.ts';
import { openIdentityDatabase, openOrganizationDatabase } from '../db/database.ts';
import { inParallel } from '../delivery/in-parallel.ts';
import { findOrganization } from '../directory/organizations.ts';
import { REFRESH_DEADLINE } from '../platform/isolate-cache.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { Backoff, Timers } from '../platform/timers.ts';
import { CLOCKS_DIFFER } from '../rpc/live-hub.ts';
import { threadStub } from '../rpc/thread.ts';

/** The timer of the next attempt. */
export const ASK_THREADS = 'ask_threads';
/** Backoff and number of attempts to ask threads: about an hour in all. */
const ASK_AGAIN: Backoff = { first: 5000, last: 300_000 };
const MOST_ASKED = 15;
/** Number of threads that are woken at the same time. */
const AT_ONCE = 6;

/**
 * When to ask the threads for updates that they have not sent to a hub awake since `since` (ms): when none of them uses
 * an older audience any more. `timeToLive` (ms): how long isolates keep audiences.
 */
export function askThreadsAt(since: number, timeToLive: number): number {
  return since + timeToLive + REFRESH_DEADLINE + CLOCKS_DIFFER;
}

/**
 * Wakes the threads of an organization that were active since `since` (ms). Each sends the hub the updates that it
 * lacks. Rejects when D1 or a thread cannot be reached.
 */
async function askThreads(env: Env, organizationId: string, since: number): Promise<void> {
  const organization = await findOrganization(openIdentityDatabase(env, noCost()), organizationId);
  if (organization === null) return;
  const database = openOrganizationDatabase(env, organization, noCost());
  const threads = await findActiveThreads(database, organizationId, since - CLOCKS_DIFFER);
  const failures: unknown[] = [];
  await inParallel(threads, AT_ONCE, async (thread) => {
    await threadStub(env, thread)
      .wake({ v: 1 })
      .catch((error: unknown) => failures.push(error));
  });
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} threads could not be woken`);
}

/**
 * Asks threads, if that is due, for the updates that they have not sent, because their audience was older than the entry
 * of a hub that was made at `number_before` (ms). Never rejects.
 */
export async function askThreadsIfDue(
  env: Env,
  { organization_id, number_before: made_at }: { organization_id: string | null; number_before: number },
  timers: Timers,
): Promise<void> {
  if (!timers.due().includes(ASK_THREADS)) return;
  try {
    if (organization_id !== null) await askThreads(env, organization_id, made_at);
    timers.clear(ASK_THREADS);
  } catch (error) {
    writeLog('error', 'threads_not_asked', { error: errorText(error) });
    // A thread that can never be reached must not make the hub ring forever.
    if (timers.failures(ASK_THREADS) < MOST_ASKED) timers.fail(ASK_THREADS, ASK_AGAIN);
    else timers.clear(ASK_THREADS);
  }
}
