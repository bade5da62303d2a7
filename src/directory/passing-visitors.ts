import type { OrganizationDatabase } from '../db/database.ts';
import type { VisitorRow } from '../db/rows.ts';

/** How long a visitor who has neither chat nor variable is known after their visit (ms). */
export const KEEP_PASSING = 24 * 3_600_000;
/** Most visitors that one run forgets or marks as absent in a database, and at a time. The next run goes on. */
const VISITORS_IN_A_RUN = 200_000;
const VISITORS_AT_ONCE = 5_000;

/**
 * Keeps a visitor for good: they get their first chat or variable. Answers the rows of their rooms that were not kept
 * before, of which no object knows that they are present.
 */
export function keepVisitor(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
): Promise<VisitorRow[]> {
  return database.all<VisitorRow>(
    'UPDATE visitors SET is_passing = 0 WHERE id = ? AND organization_id = ? AND is_passing = 1 RETURNING *',
    visitorId,
    organizationId,
  );
}

/**
 * Rows that begin to be old: up to ?2 of those whose visit ended before ?1, from room to room along the index of the
 * present, which costs two rows for each room.
 */
const OLD = `WITH RECURSIVE step (room) AS (
    SELECT min(room_id) FROM visitors INDEXED BY visitors_present WHERE present_until IS NOT NULL
    UNION ALL
    SELECT (SELECT min(room_id) FROM visitors INDEXED BY visitors_present
      WHERE room_id > step.room AND present_until IS NOT NULL) FROM step WHERE room IS NOT NULL)
  SELECT old.id, old.room_id FROM step CROSS JOIN visitors AS old INDEXED BY visitors_present
  WHERE old.room_id = step.room AND old.present_until < ?1 LIMIT ?2`;

/**
 * Deletes the rooms' visitors who have neither chat nor variable a day after their visit. Takes the others out of the
 * index that finds them, which needs no time of those who are absent; those with variables and no chat are found by when
 * they left (unanswered-visitors.ts). `now` in ms. Answers how many are deleted. Reads
 * across organizations, which only the watchdog may do.
 */
export async function deletePassingVisitors(database: OrganizationDatabase, now: number): Promise<number> {
  const before = now - KEEP_PASSING;
  let deleted = 0;
  for (let done = 0; done < VISITORS_IN_A_RUN; done += VISITORS_AT_ONCE) {
    const kept = await database.run(
      `UPDATE visitors SET present_until = NULL, left_at = iif(
         EXISTS (SELECT 1 FROM chats WHERE chats.visitor_id = visitors.id), NULL, present_until)
       WHERE is_passing = 0 AND (id, room_id) IN (${OLD})`,
      before,
      VISITORS_AT_ONCE,
    );
    const gone = await database.run(
      `DELETE FROM visitors WHERE is_passing = 1 AND (id, room_id) IN (${OLD})`,
      before,
      VISITORS_AT_ONCE,
    );
    deleted += gone.changes;
    // Without a change the first old rows were neither: there are none.
    if (kept.changes === 0 && gone.changes === 0) break;
  }
  return deleted;
}
