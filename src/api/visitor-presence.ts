import type { OrganizationDatabase } from '../db/database.ts';
import type { VisitorRow } from '../db/rows.ts';
import { keepVisitor } from '../directory/passing-visitors.ts';
import type { AppContext } from '../http/app-environment.ts';
import { askVisitor } from '../rpc/user.ts';

/**
 * Tells a visitor's object that they are present in a room, for as long as their row says. The object has a client for
 * each room, and reports to open chats. A visitor who has neither chat nor variable needs no object.
 */
export async function reportPresence(c: AppContext, row: VisitorRow): Promise<void> {
  const { id, organization_id, room_id, present_until, is_passing } = row;
  const left = Math.ceil(((present_until ?? 0) - Date.now()) / 1000);
  if (is_passing === 1 || left <= 0) return;
  await askVisitor(c.env, c.var.cost, id, (stub) =>
    stub.keepClient({
      v: 1,
      owner: { user_id: id, organization_id },
      client_id: room_id,
      changes: { presence_expires_in: left },
    }),
  );
}

/**
 * Keeps a visitor for good, before their first chat or variable. Their object learns in which rooms they are present.
 */
export async function beginKeeping(
  c: AppContext,
  database: OrganizationDatabase,
  { organization_id, visitor_id }: { organization_id: string; visitor_id: string },
): Promise<void> {
  for (const row of await keepVisitor(database, organization_id, visitor_id)) await reportPresence(c, row);
}
