import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { chatsEndedBefore, type EndedChat } from './ended-chats.ts';
import { organizationsWithUnanswered } from './unanswered-organizations.ts';

const UNANSWERED = {
  table: 'chats',
  index: 'chats_unanswered',
  where: `is_ended = 1 AND facts ->> '$.is_unanswered' IS NOT NULL`,
};

/**
 * Ended chats of the database `name` in visitors' threads that no user has answered, if their organization keeps them no
 * longer at `now` (ms): at most `limit`, from the place `start` in [0, 1) on, among the organizations and in each
 * (`chatsEndedBefore`). Reads across organizations, which only the watchdog may do.
 */
export async function* unansweredChats(
  identity: IdentityDatabase,
  copy: OrganizationDatabase,
  name: string,
  now: number,
  { start, limit }: { start: number; limit: number },
): AsyncGenerator<{ before: number; chats: EndedChat[] }> {
  let left = limit;
  for (const { id, before } of await organizationsWithUnanswered(identity, copy, name, UNANSWERED, { now, start })) {
    if (left <= 0) return;
    const chats = await chatsEndedBefore(copy, 'chats_unanswered', id, before, { start, limit: left });
    left -= chats.length;
    if (chats.length > 0) yield { before, chats };
  }
}

/**
 * Takes an ended chat out of those that the watchdog looks at: whatever happens to its thread, this chat does not decide it.
 * The chat's row keeps its `seq`; a rebuild marks it again.
 */
export async function forgetUnanswered(
  copy: OrganizationDatabase,
  { id, seq, organization_id }: Pick<EndedChat, 'id' | 'seq' | 'organization_id'>,
): Promise<void> {
  await copy.run(
    `UPDATE chats SET facts = json_remove(facts, '$.is_unanswered')
     WHERE id = ? AND seq = ? AND organization_id = ? AND is_ended = 1`,
    id,
    seq,
    organization_id,
  );
}
