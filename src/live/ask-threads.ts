import { findActiveThreads } from '../chats/active-threads.ts';
import { noCost } from '../db/cost.ts';
import { db } from '../db/database.ts';
import { inParallel } from '../delivery/in-parallel.ts';
import { findOrganization } from '../directory/organizations.ts';
import { REFRESH_DEADLINE } from '../platform/isolate-cache.ts';
import type { Backoff } from '../platform/timers.ts';
import { CLOCKS_DIFFER } from '../rpc/live-hub.ts';
import { threadStub } from '../rpc/thread.ts';

/** When threads could not be asked they are asked again, so many times at most: for about an hour. */
export const ASK_AGAIN: Backoff = { first: 5000, last: 300_000 };
export const MOST_ASKED = 15;
/** Threads that are woken at the same time. */
const AT_ONCE = 6;

/**
 * When to ask the threads for what they did not tell a hub that is awake since `since` (ms): when none of them goes any more by what was
 * known before. `timeToLive` (ms): how long isolates keep who listens, unless one is just reading it anew.
 */
export function askThreadsAt(since: number, timeToLive: number): number {
  return since + timeToLive + REFRESH_DEADLINE + CLOCKS_DIFFER;
}

/**
 * Wakes the threads of an organization in which something has happened since `since` (ms); each tells the hub what the hub lacks.
 * Rejects when D1 or one of them cannot be reached.
 */
export async function askThreads(env: Env, organizationId: string, since: number): Promise<void> {
  const organization = await findOrganization(db(env, null, noCost()), organizationId);
  if (organization === null) return;
  const database = db(env, organization, noCost());
  const threads = await findActiveThreads(database, organizationId, since - CLOCKS_DIFFER);
  const failures: unknown[] = [];
  await inParallel(threads, AT_ONCE, async (thread) => {
    await threadStub(env, thread)
      .wake({ v: 1 })
      .catch((error: unknown) => failures.push(error));
  });
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} threads could not be woken`);
}
