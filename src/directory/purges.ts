import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { PurgeRow } from '../db/rows.ts';

/** A purge that somebody asks for. */
export type NewPurge = Omit<PurgeRow, 'finished_at'>;

/** Most threads of one visitor: one for each room, and that of a channel. */
const THREADS_OF_A_VISITOR = 1000;
/** Most variables that one statement deletes. */
const VARIABLES_AT_ONCE = 5000;

/** Records a purge. */
export async function insertPurge(database: OrganizationDatabase, purge: NewPurge): Promise<void> {
  const { id, organization_id, kind, visitor_id, room_id, thread, chat_id, before, requested_by_user_id, created_at } =
    purge;
  await database.run(
    `INSERT INTO purges (id, organization_id, kind, visitor_id, room_id, thread, chat_id, before, requested_by_user_id,
       created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    organization_id,
    kind,
    visitor_id,
    room_id,
    thread,
    chat_id,
    before,
    requested_by_user_id,
    created_at,
  );
}

/** Notes that a visitor was purged at `now` (ms): what is older of them must not be written again. */
export async function notePurgedVisitor(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
  now: number,
): Promise<void> {
  await database.run(
    `INSERT INTO purged_visitors (visitor_id, organization_id, purged_at) VALUES (?1, ?2, ?3)
     ON CONFLICT (visitor_id) DO UPDATE SET purged_at = excluded.purged_at`,
    visitorId,
    organizationId,
    now,
  );
}

/** The name of the object that holds a chat of the organization; null when it has no such chat. */
export async function threadOfChat(
  database: OrganizationDatabase,
  organizationId: string,
  chatId: string,
): Promise<string | null> {
  const sql = 'SELECT thread FROM chats WHERE id = ? AND organization_id = ?';
  return (await database.first<{ thread: string }>(sql, chatId, organizationId))?.thread ?? null;
}

/** A purge of the organization; null when it has none with this id. */
export function findPurge(
  database: OrganizationDatabase,
  organizationId: string,
  id: string,
): Promise<PurgeRow | null> {
  return database.first<PurgeRow>('SELECT * FROM purges WHERE id = ? AND organization_id = ?', id, organizationId);
}

/** The purges of the organization, in the order of their ids, which is that of their times. */
export function listPurges(
  database: OrganizationDatabase,
  organizationId: string,
  keyset: Keyset,
): Promise<PurgeRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: true }, keyset);
  return database.all<PurgeRow>(
    `SELECT * FROM purges WHERE organization_id = ? AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    ...parameters,
  );
}

/** The oldest purges that are not done, of all organizations. Only the watchdog may read across organizations. */
export function unfinishedPurges(database: OrganizationDatabase, after: string, limit: number): Promise<PurgeRow[]> {
  const sql =
    'SELECT * FROM purges INDEXED BY purges_unfinished WHERE finished_at IS NULL AND id > ? ORDER BY id LIMIT ?';
  return database.all<PurgeRow>(sql, after, limit);
}

/** Notes that a purge is done, at `now` (ms). */
export async function finishPurge(database: OrganizationDatabase, id: string, now: number): Promise<void> {
  await database.run('UPDATE purges SET finished_at = ? WHERE id = ? AND finished_at IS NULL', now, id);
}

/** The threads with chats of a visitor, and the rooms that they came to. */
export async function placesOfVisitor(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
): Promise<{ threads: string[]; room_ids: string[] }> {
  const [threads = [], rooms = []] = (await database.batch([
    [
      'SELECT DISTINCT thread FROM chats WHERE visitor_id = ? AND organization_id = ? LIMIT ?',
      visitorId,
      organizationId,
      THREADS_OF_A_VISITOR,
    ],
    [
      'SELECT room_id FROM visitors WHERE id = ? AND organization_id = ? LIMIT ?',
      visitorId,
      organizationId,
      THREADS_OF_A_VISITOR,
    ],
  ])) as [{ thread: string }[], { room_id: string }[]];
  return { threads: threads.map(({ thread }) => thread), room_ids: rooms.map(({ room_id }) => room_id) };
}

/**
 * Deletes what the database holds of a purged visitor: their details in each room, and their variables. No tombstone
 * stays: `purged_visitors` keeps older writes away.
 */
export async function deleteVisitorData(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
): Promise<void> {
  const isTheirs = 'EXISTS (SELECT 1 FROM purged_visitors WHERE visitor_id = ?1 AND organization_id = ?2)';
  for (let changes = VARIABLES_AT_ONCE; changes === VARIABLES_AT_ONCE; ) {
    ({ changes } = await database.run(
      `DELETE FROM visitor_variables WHERE (visitor_id, key) IN (
         SELECT visitor_id, key FROM visitor_variables WHERE visitor_id = ?1 LIMIT ${VARIABLES_AT_ONCE}) AND ${isTheirs}`,
      visitorId,
      organizationId,
    ));
  }
  await database.run('DELETE FROM visitors WHERE id = ?1 AND organization_id = ?2', visitorId, organizationId);
}
