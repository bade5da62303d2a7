import type { VisitorRow } from '../../db/rows.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { askVisitor } from '../../stubs.ts';

/** Lets a visitor's open chats know that he is present, for as long as his row says: he has a client for each room. */
export async function keepPresent(c: AppContext, row: VisitorRow): Promise<void> {
  const { id, organization_id, room_id, presence_expires_in } = row;
  await askVisitor(c.env, c.var.cost, id, (stub) =>
    stub.keepClient({
      v: 1,
      owner: { user_id: id, organization_id },
      client_id: room_id,
      changes: { presence_expires_in },
    }),
  );
}
