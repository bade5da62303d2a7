import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { inParallel } from '../delivery/in-parallel.ts';
import { goldenPlaceAt } from '../delivery/watchdog.ts';
import {
  deleteUnansweredVisitor,
  keepLonger,
  type UnansweredVisitor,
  unansweredVisitors,
} from '../directory/unanswered-visitors.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { visitorStub } from '../rpc/user.ts';

/** Most visitors of one run of the watchdog, and after which time (ms) it begins no more. The next run goes on. */
const VISITORS_IN_A_RUN = 500;
const TIME_FOR_A_RUN = 20_000;
/** Visitors who are deleted at the same time. */
const AT_ONCE = 6;

/**
 * Deletes visitors who have variables and no chat, as many days after they left as their organization says
 * (`unanswered_retention_days`), at `now` (ms). One who fails stops no other one. Answers how many are deleted.
 */
export async function deleteUnansweredVisitors(
  env: Env,
  { identity, copy, name }: { identity: IdentityDatabase; copy: OrganizationDatabase; name: string },
  now: number,
): Promise<number> {
  const until = Date.now() + TIME_FOR_A_RUN;
  let deleted = 0;
  const range = { start: goldenPlaceAt(now), limit: VISITORS_IN_A_RUN };
  for await (const visitors of unansweredVisitors(identity, copy, name, now, range)) {
    const outcomes = await inParallel(
      visitors,
      AT_ONCE,
      async (visitor) => Date.now() < until && (await deleteVisitor(env, copy, visitor, now)),
    );
    deleted += outcomes.filter((isGone) => isGone).length;
    if (Date.now() >= until) break;
  }
  return deleted;
}

async function deleteVisitor(
  env: Env,
  database: OrganizationDatabase,
  visitor: UnansweredVisitor,
  now: number,
): Promise<boolean> {
  try {
    if (visitor.has_chat === 1 || visitor.is_active === 1) {
      await keepLonger(database, visitor, now);
      return false;
    }
    // The row goes last: by it the watchdog finds what a crash has left.
    await visitorStub(env, visitor.id).forget({ v: 1 });
    return await deleteUnansweredVisitor(database, visitor, now);
  } catch (error) {
    writeLog('error', 'removal_failed', { visitor: visitor.id, error: errorText(error) });
    return false;
  }
}
