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

/**
 * Sets a variable of a visitor at `now` (ms). `is_new`: they had none with this key. The highest (at, thread, seq) wins
 * over writes of threads; here the thread is '' and the seq 0. Null when the organization has no such visitor (any
 * more).
 */
export async function setVisitorVariable(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
  key: string,
  value: string,
  now: number,
): Promise<{ variable: VisitorVariable; is_new: boolean } | null> {
  const [known, written] = (await database.batch([
    ['SELECT key FROM visitor_variables WHERE visitor_id = ? AND key = ? AND value IS NOT NULL', visitorId, key],
    [
      `INSERT INTO visitor_variables (visitor_id, key, value, created_at, at, thread, seq)
       SELECT ?, ?, ?, ?, ?, '', 0 WHERE EXISTS (SELECT 1 FROM visitors WHERE id = ? AND organization_id = ?)
       ON CONFLICT (visitor_id, key) DO UPDATE SET value = excluded.value, at = ${LATER}, thread = '', seq = 0,
         created_at = iif(visitor_variables.value IS NULL, excluded.created_at, visitor_variables.created_at)
       RETURNING *`,
      visitorId,
      key,
      value,
      now,
      now,
      visitorId,
      organizationId,
      now,
    ],
  ])) as [unknown[], VisitorVariable[]];
  const [variable] = written;
  return variable === undefined ? null : { variable, is_new: known.length === 0 };
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
