import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';
import { firstUuidAt } from '../resources/uuid.ts';

/** Most messages that one run deletes from a database. The next run goes on. */
const MESSAGES_IN_A_RUN = 200_000;
/** Number of organizations that are read at a time. */
const ORGANIZATIONS_AT_ONCE = 500;
const DAY = 24 * 3_600_000;

/**
 * Deletes the messages that are too old for their organization's list (`message_list_days`) from the replica. The
 * threads' logs keep them. `copy` is the database of the binding `name`. `now` in ms. Answers how many are deleted.
 */
export async function deleteExpiredMessages(
  identity: IdentityDatabase,
  copy: OrganizationDatabase,
  name: string,
  now: number,
): Promise<number> {
  let deleted = 0;
  for (let after = ''; ; ) {
    const organizations = await identity.all<{ id: string; message_list_days: number }>(
      `SELECT id, message_list_days FROM organizations
       WHERE database = ? AND message_list_days IS NOT NULL AND id > ? ORDER BY id LIMIT ?`,
      name,
      after,
      ORGANIZATIONS_AT_ONCE,
    );
    for (const { id, message_list_days } of organizations) {
      const before = firstUuidAt(now - message_list_days * DAY);
      deleted += await deleteInPortions(
        (limit) => deleteMessages(copy, id, before, limit),
        MESSAGES_IN_A_RUN - deleted,
      );
    }
    const last = organizations.at(-1);
    const isDone = organizations.length < ORGANIZATIONS_AT_ONCE || deleted >= MESSAGES_IN_A_RUN;
    if (last === undefined || isDone) return deleted;
    after = last.id;
  }
}

function deleteMessages(
  copy: OrganizationDatabase,
  organizationId: string,
  before: string,
  limit: number,
): Promise<{ changes: number }> {
  return copy.run(
    `DELETE FROM messages WHERE (organization_id, place) IN (
       SELECT organization_id, place FROM messages WHERE organization_id = ? AND place < ? ORDER BY place LIMIT ?)`,
    organizationId,
    before,
    limit,
  );
}
