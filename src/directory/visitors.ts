import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { Flag, VisitorVariableRow } from '../db/rows.ts';

/** The variable that holds a visitor's name (visitors' API). */
export const NAME_VARIABLE = 'username';

/** The name is null while it is not set. `is_passing`: they have neither chat nor variable yet. */
export type Visitor = { id: string; room_id: string; name: string | null; is_passing: Flag };

/** A visitor of a room; null when there is none. The caller has checked the room. */
export function findVisitor(
  database: OrganizationDatabase,
  roomId: string,
  visitorId: string,
): Promise<Visitor | null> {
  return database.first(
    `SELECT visitors.id, visitors.room_id, visitors.is_passing, visitor_variables.value AS name FROM visitors
     LEFT JOIN visitor_variables ON visitor_variables.visitor_id = visitors.id AND visitor_variables.key = ?
     WHERE visitors.id = ? AND visitors.room_id = ?`,
    NAME_VARIABLE,
    visitorId,
    roomId,
  );
}

/** A variable that is not deleted. */
export type VisitorVariable = VisitorVariableRow & { value: string };

/**
 * Lists the variables of a visitor in a room of the organization by key, without deleted ones. Null when the room has
 * no such visitor.
 */
export async function listVisitorVariables(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  visitorId: string,
  keyset: Keyset,
): Promise<VisitorVariable[] | null> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['key'], descending: false }, keyset);
  const [visitors, variables] = await database.batch([
    ['SELECT id FROM visitors WHERE id = ? AND room_id = ? AND organization_id = ?', visitorId, roomId, organizationId],
    [
      `SELECT * FROM visitor_variables WHERE visitor_id = ? AND value IS NOT NULL AND ${where} ORDER BY ${orderBy}`,
      visitorId,
      ...parameters,
    ],
  ]);
  if (visitors === undefined || visitors.length === 0) return null;
  return (variables ?? []) as VisitorVariable[];
}

/** A variable of a visitor; null when there is none. The caller has checked the visitor. */
export function findVisitorVariable(
  database: OrganizationDatabase,
  visitorId: string,
  key: string,
): Promise<VisitorVariable | null> {
  return database.first<VisitorVariable>(
    'SELECT * FROM visitor_variables WHERE visitor_id = ? AND key = ? AND value IS NOT NULL',
    visitorId,
    key,
  );
}

/** Later than the stored time, whichever clock wrote that. So a request reads its own write. */
const LATER = 'max(?, visitor_variables.at + 1)';

/** `refused`: the organization has no such visitor (any more). */
export type VariableSet =
  | { ok: true; variable: VisitorVariable; is_new: boolean }
  | { ok: false; reason: 'refused' | 'quota' };

/**
 * Sets a variable of a visitor at `now` (ms). `is_new`: they had none with this key. The highest (at, thread, seq) wins
 * over writes of threads; here the thread is '' and the seq 0. `limit`: of the keys that the visitor has had.
 */
export async function setVisitorVariable(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
  { key, value }: { key: string; value: string },
  limit: number,
  now: number,
): Promise<VariableSet> {
  const keys = `(SELECT count(*) FROM (SELECT 1 FROM visitor_variables WHERE visitor_id = ?1 LIMIT ${Math.trunc(limit)}))`;
  const [before, written] = (await database.batch([
    [
      `SELECT EXISTS (SELECT 1 FROM visitors WHERE id = ?1 AND organization_id = ?2) AS is_known,
         EXISTS (SELECT 1 FROM visitor_variables WHERE visitor_id = ?1 AND key = ?3 AND value IS NOT NULL) AS is_set`,
      visitorId,
      organizationId,
      key,
    ],
    [
      `INSERT INTO visitor_variables (visitor_id, key, value, created_at, at, thread, seq)
       SELECT ?1, ?3, ?4, ?5, ?5, '', 0 WHERE EXISTS (SELECT 1 FROM visitors WHERE id = ?1 AND organization_id = ?2)
         AND (${keys} < ${Math.trunc(limit)} OR EXISTS (SELECT 1 FROM visitor_variables WHERE visitor_id = ?1 AND key = ?3))
       ON CONFLICT (visitor_id, key) DO UPDATE SET value = excluded.value, at = max(?5, visitor_variables.at + 1),
         thread = '', seq = 0,
         created_at = iif(visitor_variables.value IS NULL, excluded.created_at, visitor_variables.created_at)
       RETURNING *`,
      visitorId,
      organizationId,
      key,
      value,
      now,
    ],
  ])) as [{ is_known: Flag; is_set: Flag }[], VisitorVariable[]];
  const [found] = before;
  const [variable] = written;
  if (variable !== undefined) return { ok: true, variable, is_new: found?.is_set === 0 };
  return { ok: false, reason: found?.is_known === 1 ? 'quota' : 'refused' };
}

/** Changes an existing variable. Null when the visitor has none with this key. */
export function changeVisitorVariable(
  database: OrganizationDatabase,
  visitorId: string,
  key: string,
  value: string,
  now: number,
): Promise<VisitorVariable | null> {
  return database.first<VisitorVariable>(
    `UPDATE visitor_variables SET value = ?, at = ${LATER}, thread = '', seq = 0
     WHERE visitor_id = ? AND key = ? AND value IS NOT NULL RETURNING *`,
    value,
    now,
    visitorId,
    key,
  );
}

/**
 * Deletes a variable. Its row and time remain, so that a late write with an older time does not restore it. False when
 * there is none.
 */
export async function deleteVisitorVariable(
  database: OrganizationDatabase,
  visitorId: string,
  key: string,
  now: number,
): Promise<boolean> {
  const { changes } = await database.run(
    `UPDATE visitor_variables SET value = NULL, at = ${LATER}, thread = '', seq = 0
     WHERE visitor_id = ? AND key = ? AND value IS NOT NULL`,
    now,
    visitorId,
    key,
  );
  return changes > 0;
}
