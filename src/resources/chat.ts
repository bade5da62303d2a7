import { isoTime, isoTimeOrNull } from './clock.ts';
import { legacyToken } from './legacy-token.ts';

/** Types of chats with a visitor. */
export const VISITOR_CHAT_TYPES = ['visitor', 'task', 'external'] as const;
export type VisitorChatType = (typeof VISITOR_CHAT_TYPES)[number];
export type ChatType = VisitorChatType | 'operator' | 'group';

/** A web page that a visitor is on. */
export type PageFacts = { url: string; title: string | null };

export type RoomFacts = { id: string; name: string; organization_id: string };

/**
 * When a chat ends by itself (ms; null: never): after this time without a message, and after this time in all. Fixed
 * when it starts.
 */
export type Lifetime = { idle: number | null; total: number | null };

export const ENDLESS: Lifetime = { idle: null, total: null };

/**
 * How the texts of a chat are encrypted, beside the key itself, which only the thread's object has. `key_ttl`: how long
 * after the end of the chat the hub forgets it (ms; null: never). `forgotten_at`: when it has (ms); missing before.
 */
export type EncryptionFacts = { encrypted_symmetric_key: string; key_ttl: number | null; forgotten_at?: number };

/** A room's settings for the ends of its chats, in seconds; null: never. */
export type RoomTimes = { visitor_chat_idle_ttl: number | null; task_chat_ttl: number | null };

/** The lifetime of a chat in a room: `visitor` chats end when idle, `task` chats after a fixed time, others never. */
export function lifetimeOf(chatType: ChatType, room: RoomTimes): Lifetime {
  const milliseconds = (seconds: number | null) => (seconds === null ? null : seconds * 1000);
  if (chatType === 'visitor') return { idle: milliseconds(room.visitor_chat_idle_ttl), total: null };
  if (chatType === 'task') return { idle: null, total: milliseconds(room.task_chat_ttl) };
  return ENDLESS;
}

/** A purge of a chat: the `seq` of its event, and from before which time (ms; null: all) it purges messages. */
export type ChatPurge = { seq: number; before: number | null };

/**
 * All facts of a chat without its children: the content of the chat's row in the thread and in D1. Times in ms. Counts
 * of messages cover type `msg` only (Chats API, Chats).
 */
export type ChatFacts = {
  id: string;
  chat_type: ChatType;
  created_at: number;
  updated_at: number;
  room: RoomFacts | null;
  /** The room's organization, or the creator's when the chat has no room. */
  organization_id: string;
  visitor_id: string | null;
  /** Whether the organization's chats were private when this one started. */
  is_private: boolean;
  lifetime: Lifetime;
  /** Fixed when the chat starts; missing for one that is not encrypted. */
  encryption?: EncryptionFacts;
  is_waiting: boolean;
  waiting_started_at: number | null;
  ended_at: number | null;
  user_message_count: number;
  visitor_message_count: number;
  /**
   * The number of `msg` of each member. Memberships show it from here, so a message does not rewrite the member's row.
   */
  message_counts: Record<string, number>;
  first_message_at: number | null;
  last_message_at: number | null;
  /** Time of the last `msg` or `action`. The idle time counts from here. */
  last_activity_at: number | null;
  /** `created_at` of the last message of any type. The times of an import may not be earlier. */
  newest_message_at: number | null;
  /** `created_at` of the oldest message that is older than the chat and its first `msg`. Missing for none. */
  oldest_message_at?: number;
  first_visitor_message_at: number | null;
  /** The page of the visitor's first message; missing when unknown. */
  first_visitor_message_page?: PageFacts;
  /** The chat started with an autosuggestion; missing for the others. */
  is_autosuggested?: true;
  /** The page on which the visitor received it; missing when it is purged. */
  autosuggest_page?: PageFacts;
  /** The first `msg` of a user after the visitor's first one: the answer that they waited for. */
  first_answer_at: number | null;
  /**
   * Sum of the 60 s windows after each message, each cut at the next message, without the window of the last one. In
   * ms.
   */
  active_milliseconds: number;
  has_human_message: boolean;
  /** No user had taken part in the visitor's own thread when this chat began, or in this chat since; missing otherwise. */
  is_unanswered?: true;
  /** When an ended chat was purged of everything that was written in it; missing for never. */
  purged_at?: number;
  /**
   * The newest purge: its `seq`, and from before which time (ms; null: all) it purges messages. Missing for none, and in
   * rows of earlier programs. `earlier`: those before it that cover more, the newest first.
   */
  last_purge?: ChatPurge & { earlier?: ChatPurge[] };
  tag_count: number;
  member_count: number;
  user_member_count: number;
  visitor_member_count: number;
  present_user_participant_count: number;
  present_visitor_participant_count: number;
};

/** The facts of a chat that are fixed when it starts. */
export type ChatStart = Pick<
  ChatFacts,
  | 'id'
  | 'chat_type'
  | 'created_at'
  | 'room'
  | 'organization_id'
  | 'visitor_id'
  | 'is_private'
  | 'lifetime'
  | 'encryption'
  | 'is_unanswered'
>;

/** A chat that has just started, without members and messages. */
export function newChatFacts(start: ChatStart): ChatFacts {
  return {
    id: start.id,
    chat_type: start.chat_type,
    created_at: start.created_at,
    updated_at: start.created_at,
    room: start.room,
    organization_id: start.organization_id,
    visitor_id: start.visitor_id,
    is_private: start.is_private,
    lifetime: start.lifetime,
    ...(start.encryption === undefined ? {} : { encryption: start.encryption }),
    is_waiting: false,
    waiting_started_at: null,
    ended_at: null,
    user_message_count: 0,
    visitor_message_count: 0,
    message_counts: {},
    first_message_at: null,
    last_message_at: null,
    last_activity_at: null,
    newest_message_at: null,
    first_visitor_message_at: null,
    first_answer_at: null,
    active_milliseconds: 0,
    has_human_message: false,
    ...(start.is_unanswered === true ? { is_unanswered: true } : {}),
    tag_count: 0,
    member_count: 0,
    user_member_count: 0,
    visitor_member_count: 0,
    present_user_participant_count: 0,
    present_visitor_participant_count: 0,
  };
}

/** `is_pending`: the chat waits and no user who could answer is present (Chats API, Chats). */
export function isPending(chat: ChatFacts): boolean {
  return chat.is_waiting && chat.present_user_participant_count === 0;
}

/** When an open chat ends by itself (ms). Null for never, and for a chat that has ended. */
export function endsAt(chat: ChatFacts): number | null {
  const { idle, total } = chat.lifetime;
  if (chat.ended_at !== null || (idle === null && total === null)) return null;
  return Math.min(
    idle === null ? Number.POSITIVE_INFINITY : (chat.last_activity_at ?? chat.created_at) + idle,
    total === null ? Number.POSITIVE_INFINITY : chat.created_at + total,
  );
}

/** When the hub forgets the key of an ended chat (ms). Null for never, for an open chat, and when it has. */
export function forgetsKeyAt({ ended_at, encryption }: ChatFacts): number | null {
  if (ended_at === null || encryption?.key_ttl == null || encryption.forgotten_at !== undefined) return null;
  return ended_at + encryption.key_ttl;
}

/** The chat as the Chats API shows it (Chats). */
export function chatResource(chat: ChatFacts) {
  const messageCount = chat.user_message_count + chat.visitor_message_count;
  const ended = chat.ended_at !== null;
  return {
    id: chat.id,
    token: legacyToken(chat.id),
    chat_type: chat.chat_type,
    created_at: isoTime(chat.created_at),
    updated_at: isoTime(chat.updated_at),
    ended_at: isoTimeOrNull(chat.ended_at),
    waiting_started_at: isoTimeOrNull(chat.waiting_started_at),
    room_id: chat.room?.id ?? null,
    room_name: chat.room?.name ?? null,
    room_organization_id: chat.room?.organization_id ?? null,
    is_private: chat.is_private,
    is_real_conversation: chat.has_human_message && chat.visitor_message_count > 0,
    is_autosuggested: chat.is_autosuggested ?? false,
    is_encrypted: chat.encryption !== undefined,
    ...(chat.encryption === undefined ? {} : { encrypted_symmetric_key: chat.encryption.encrypted_symmetric_key }),
    is_waiting: chat.is_waiting,
    is_pending: isPending(chat),
    is_ended: ended,
    message_count: messageCount,
    user_message_count: chat.user_message_count,
    visitor_message_count: chat.visitor_message_count,
    has_messages: messageCount > 0,
    has_user_messages: chat.user_message_count > 0,
    has_visitor_messages: chat.visitor_message_count > 0,
    first_visitor_message_url: chat.first_visitor_message_page?.url ?? null,
    first_visitor_message_url_title: chat.first_visitor_message_page?.title ?? null,
    autosuggest_url: chat.autosuggest_page?.url ?? null,
    autosuggest_url_title: chat.autosuggest_page?.title ?? null,
    tag_count: chat.tag_count,
    member_count: chat.member_count,
    user_member_count: chat.user_member_count,
    visitor_member_count: chat.visitor_member_count,
    present_participant_count: ended ? 0 : chat.present_user_participant_count + chat.present_visitor_participant_count,
    present_user_participant_count: ended ? 0 : chat.present_user_participant_count,
    present_visitor_participant_count: ended ? 0 : chat.present_visitor_participant_count,
    visitor_wait_time: seconds(chat.first_visitor_message_at, chat.first_answer_at),
    duration: ended ? seconds(chat.first_message_at, chat.last_message_at) : null,
    active_duration: ended && chat.first_message_at !== null ? chat.active_milliseconds / 1000 : null,
    legacy_conversation_state: ended ? 'closed' : chat.is_waiting ? 'waiting' : 'open',
    legacy_room_id: chat.room === null ? null : legacyToken(chat.room.id),
  };
}

export type ChatResource = ReturnType<typeof chatResource>;

function seconds(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : (to - from) / 1000;
}
