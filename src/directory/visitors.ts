import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { VisitorVariableRow } from '../db/rows.ts';

/** The variable that is a visitor's name (seed 003; protocol.md 3.2). */
export const NAME_VARIABLE = 'username';

/** The name is null while none is set. */
export type Visitor = { id: string; room_id: string; name: string | null };

/** A visitor of a room; the room is the caller's to check. */
export function findVisitor(database: Database, roomId: string, visitorId: string): Promise<Visitor | null> {
  return database.first(
    `SELECT visitors.id, visitors.room_id, visitor_variables.value AS name FROM visitors
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
 * The variables of a visitor in a room of the organization, in the order of their keys, without deleted ones. Null when the
 * room has no such visitor.
 */
export async function listVisitorVariables(
  database: Database,
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
