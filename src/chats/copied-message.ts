import type { OrganizationDatabase } from '../db/database.ts';
import type { MessageFacts } from '../resources/message.ts';

/** A message of the organization as D1's copy has it. Null when there is none, or it has an imported time. */
export async function findCopiedMessage(
  database: OrganizationDatabase,
  organizationId: string,
  messageId: string,
): Promise<(Pick<MessageFacts, 'message' | 'attachments'> & { chat_id: string }) | null> {
  const row = await database.first<{ chat_id: string; facts: string }>(
    'SELECT chat_id, facts FROM messages WHERE organization_id = ? AND place = ?',
    organizationId,
    messageId,
  );
  if (row === null) return null;
  const { message, attachments } = JSON.parse(row.facts) as MessageFacts;
  return { message, attachments, chat_id: row.chat_id };
}
