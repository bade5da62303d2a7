import type { OrganizationDatabase } from '../db/database.ts';
import { goldenPlaceAt } from '../delivery/watchdog.ts';
import { unfinishedPurges } from '../directory/purges.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { firstUuidAt } from '../resources/uuid.ts';
import { runPurge } from './run-purge.ts';

/** Most purges of one run of the watchdog, and when it begins no further one (ms). The next run goes on. */
const PURGES_IN_A_RUN = 20;
const TIME_FOR_A_RUN = 20_000;

/**
 * Goes on with purges that are not done, at `now` (ms). One that fails does not stop the others, and each run begins at
 * another one, so that purges which fail keep no other waiting. Answers how many were done.
 */
export async function sweepPurges(env: Env, database: OrganizationDatabase, now: number): Promise<number> {
  const until = Date.now() + TIME_FOR_A_RUN;
  const [oldest] = await unfinishedPurges(database, '', 1);
  if (oldest === undefined) return 0;
  const start = firstUuidAt(Math.floor(oldest.created_at + goldenPlaceAt(now) * (now - oldest.created_at)));
  const later = await unfinishedPurges(database, start, PURGES_IN_A_RUN);
  const earlier = later.length < PURGES_IN_A_RUN ? await unfinishedPurges(database, '', PURGES_IN_A_RUN) : [];
  const purges = new Map([...later, ...earlier].map((purge) => [purge.id, purge]));
  let done = 0;
  for (const purge of [...purges.values()].slice(0, PURGES_IN_A_RUN)) {
    if (Date.now() > until) break;
    try {
      if (await runPurge(env, database, purge)) done += 1;
    } catch (error) {
      writeLog('error', 'purge_failed', { purge: purge.id, error: errorText(error) });
    }
  }
  return done;
}
