import type { ChatFacts } from './chat.ts';
import { isoTime, isoTimeOrNull } from './clock.ts';

/** A purge that a tenant or the operator has asked for. Times in ms. */
export type PurgeFacts = {
  id: string;
  organization_id: string;
  kind: 'visitor' | 'thread' | 'chat';
  visitor_id: string | null;
  room_id: string | null;
  chat_id: string | null;
  before: number | null;
  requested_by_user_id: string | null;
  created_at: number;
  finished_at: number | null;
};

/** The purge as the API shows it. It never shows what it purges. */
export function purgeResource(purge: PurgeFacts) {
  return {
    id: purge.id,
    organization_id: purge.organization_id,
    kind: purge.kind,
    room_id: purge.room_id,
    visitor_id: purge.visitor_id,
    chat_id: purge.chat_id,
    created_at_before: isoTimeOrNull(purge.before),
    requested_by_user_id: purge.requested_by_user_id,
    status: purge.finished_at === null ? ('running' as const) : ('done' as const),
    created_at: isoTime(purge.created_at),
    finished_at: isoTimeOrNull(purge.finished_at),
  };
}

/** A purge of a chat in its thread. `before` and `at` in ms. */
export type ChatPurge = { id: string; covers: 'messages' | 'visitor' | 'key'; before: number | null; at: number };

const TYPES = { messages: 'messages_purged', visitor: 'visitor_purged', key: 'key_forgotten' } as const;

/**
 * What apps and sockets are told of a purge, so that they delete their copies: of messages from before a time (null: all
 * messages of the chat), of everything about the chat's visitor, or of all clear texts of a chat whose key is forgotten.
 */
export function purgeNotice({ id, covers, before, at }: ChatPurge, chat: ChatFacts) {
  return {
    id,
    type: TYPES[covers],
    chat_id: chat.id,
    room_id: chat.room?.id ?? null,
    visitor_id: chat.visitor_id,
    created_at_before: isoTimeOrNull(before),
    purged_at: isoTime(at),
  };
}
