import type { RoomRow } from '../db/rows.ts';
import type { OpenVisitorChat } from '../domain/commands.ts';
import { encryptionOf } from '../domain/encryption.ts';

/** The settings of an organization that a chat of it starts with. */
export type ChatSettings = { private_chats: boolean; encryption_public_key: string | null };

/** What a command says of a chat that it may start in a room: the room, and what its organization has set. */
export function startIn(
  room: RoomRow,
  settings: ChatSettings,
): Pick<OpenVisitorChat, 'room' | 'is_private' | 'encryption'> {
  const { id, name, organization_id, chat_key_ttl_days } = room;
  return {
    room: { id, name, organization_id },
    is_private: settings.private_chats,
    encryption: encryptionOf(settings.encryption_public_key, chat_key_ttl_days),
  };
}
