import { createHash } from 'node:crypto';
import { isoTime } from './clock.ts';

/** A tag of a chat, or one that a room allows. Times in ms. */
export type TagFacts = { name: string; created_at: number };

/** The tag as the Chats API shows it (Chats API, Chat tags): always all four keys. */
export function tagResource(tag: TagFacts, roomId: string | null) {
  return {
    name: tag.name,
    created_at: isoTime(tag.created_at),
    hashed_name: createHash('sha1').update(tag.name).digest('hex'),
    room_id: roomId,
  };
}
