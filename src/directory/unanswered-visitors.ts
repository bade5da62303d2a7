import { organizationsWithUnanswered } from '../chats/unanswered-organizations.ts';
import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';
import { KEEP_PASSING } from './passing-visitors.ts';

/**
 * A visitor without a chat, who left long ago. `has_chat`: they have one all the same. `is_active`: they came, or a variable
 * of theirs was set, since `before` (ms).
 */
export type UnansweredVisitor = {
  id: string;
  organization_id: string;
  before: number;
  has_chat: 0 | 1;
  is_active: 0 | 1;
};

const LEFT = { table: 'visitors', index: 'visitors_left', where: 'left_at IS NOT NULL' };

const HAS_CHAT = 'EXISTS (SELECT 1 FROM chats WHERE chats.visitor_id = ?1)';
/** Since ?3 (ms), or present in a room, as an index has it until a day after the visit. */
const IS_ACTIVE = `(EXISTS (SELECT 1 FROM visitors WHERE id = ?1 AND (left_at >= ?3 OR present_until >= ?4))
  OR EXISTS (SELECT 1 FROM visitor_variables WHERE visitor_id = ?1 AND at >= ?3))`;

/**
 * Visitors of the database `name` without a chat, who left longer ago than their organization keeps what nobody has answered,
 * at `now` (ms): at most `limit`, the first or the last of each by `start` in [0, 1), so that those who fail keep no others
 * waiting. Reads across organizations, which only the watchdog may do.
 */
export async function* unansweredVisitors(
  identity: IdentityDatabase,
  database: OrganizationDatabase,
  name: string,
  now: number,
  { start, limit }: { start: number; limit: number },
): AsyncGenerator<UnansweredVisitor[]> {
  const order = start < 0.5 ? 'ASC' : 'DESC';
  let left = limit;
  for (const { id, before } of await organizationsWithUnanswered(identity, database, name, LEFT, { now, start })) {
    if (left <= 0) return;
    const rows = await database.all<UnansweredVisitor>(
      `SELECT id, organization_id, ?3 AS before, ${HAS_CHAT.replace('?1', 'old.id')} AS has_chat,
         ${IS_ACTIVE.replaceAll('?1', 'old.id')} AS is_active
       FROM (SELECT DISTINCT id, organization_id FROM (
         SELECT id, organization_id FROM visitors INDEXED BY visitors_left
         WHERE organization_id = ?2 AND left_at < ?3 ORDER BY left_at ${order} LIMIT ?1)) AS old`,
      left,
      id,
      before,
      now - KEEP_PASSING,
    );
    left -= rows.length;
    if (rows.length > 0) yield rows;
  }
}

/**
 * Notes that a thread of a visitor is gone, so that the watchdog looks whether anything of them remains. `before` (ms): a time
 * from which on the organization keeps everything.
 */
export async function noteLostThread(
  database: OrganizationDatabase,
  { organization_id, visitor_id }: { organization_id: string; visitor_id: string },
  before: number,
): Promise<void> {
  await database.run(
    `UPDATE visitors SET left_at = ? WHERE id = ? AND organization_id = ? AND is_passing = 0 AND left_at IS NULL`,
    before - 1,
    visitor_id,
    organization_id,
  );
}

/** Keeps a visitor: one with a chat until that goes, one who came by until they have left long ago again. `now` in ms. */
export async function keepLonger(
  database: OrganizationDatabase,
  { id, organization_id, before, has_chat }: UnansweredVisitor,
  now: number,
): Promise<void> {
  await database.run(
    'UPDATE visitors SET left_at = ? WHERE id = ? AND organization_id = ? AND left_at < ?',
    has_chat === 1 ? null : now,
    id,
    organization_id,
    before,
  );
}

/** Deletes a visitor with their variables, unless something of them remains. `now` in ms. Answers whether they are gone. */
export async function deleteUnansweredVisitor(
  database: OrganizationDatabase,
  { id, organization_id, before }: UnansweredVisitor,
  now: number,
): Promise<boolean> {
  const goes = `EXISTS (SELECT 1 FROM visitors WHERE id = ?1 AND organization_id = ?2) AND NOT ${HAS_CHAT} AND NOT ${IS_ACTIVE}`;
  const parameters = [id, organization_id, before, now - KEEP_PASSING];
  const variables = `DELETE FROM visitor_variables WHERE (visitor_id, key) IN (
    SELECT visitor_id, key FROM visitor_variables WHERE visitor_id = ?1 LIMIT ?5) AND ${goes}`;
  await deleteInPortions((limit) => database.run(variables, ...parameters, limit), Number.POSITIVE_INFINITY);
  const { changes } = await database.run(
    `DELETE FROM visitors WHERE id = ?1 AND organization_id = ?2 AND ${goes}`,
    ...parameters,
  );
  return changes > 0;
}
