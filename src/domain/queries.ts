import type { ChatFacts } from '../resources/chat.ts';
import type { ChatGrant } from '../resources/chat-grant.ts';
import type { InvitationFacts } from '../resources/invitation.ts';
import type { MemberView } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import type { MessageDelivery } from '../resources/message-delivery.ts';
import type { Note } from '../resources/note.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { TagFacts } from '../resources/tag.ts';
import type { Viewer } from '../resources/viewer.ts';

/**
 * Reads of one chat. The thread answers them from what it has committed, so a client reads its own writes. The grant is
 * checked as for commands: what it does not cover does not exist.
 */
export type Query =
  | ReadChat
  | ReadMembers
  | ReadMessages
  | ReadMessage
  | ReadDelivery
  | ViewChat
  | ReadRights
  | TellNote
  | ReadTags
  | ReadInvitations
  | ReadSuggestions
  | ReadSuggestion
  | ReadSource;

type QueryHeader = { v: 1; chat_id: string; grant: ChatGrant };

export type ReadChat = QueryHeader & { type: 'read_chat' };

/** The members, the visitor first and then the oldest first. */
export type ReadMembers = QueryHeader & { type: 'read_members' };

/** A page by `seq`; both bounds are exclusive. An empty list of types filters nothing. */
export type ReadMessages = QueryHeader & {
  type: 'read_messages';
  after: number | null;
  before: number | null;
  descending: boolean;
  limit: number;
  types_in: string[];
  types_not_in: string[];
};

export type ReadMessage = QueryHeader & { type: 'read_message'; message_id: string };

/** A message, and the webhook that brings it to the thread's channel. */
export type ReadDelivery = QueryHeader & { type: 'read_delivery'; message_id: string };

/** A user looks at the chat, or no longer (`is_leaving`). Nothing is stored. */
export type ViewChat = QueryHeader & {
  type: 'view_chat';
  viewer: Pick<Viewer, 'user_id' | 'name'>;
  is_leaving: boolean;
};

/** From when on the caller reads the texts of the chat. */
export type ReadRights = QueryHeader & { type: 'read_rights' };

/** A note about the chat was written, or (`note` null) deleted: sockets of its organization are told. Nothing is stored. */
export type TellNote = QueryHeader & { type: 'tell_note'; organization_id: string; id: string; note: Note | null };

/** The tags, oldest first. */
export type ReadTags = QueryHeader & { type: 'read_tags' };

/** The invitations of the chat that a user sent, oldest first. */
export type ReadInvitations = QueryHeader & { type: 'read_invitations'; invited_by_user_id: string };

/**
 * A page of the chat's suggestions in the order of their ids, which is the order of creation. `message_id` null: of all
 * messages.
 */
export type ReadSuggestions = QueryHeader & {
  type: 'read_suggestions';
  message_id: string | null;
  after: string | null;
  before: string | null;
  descending: boolean;
  limit: number;
};

/** One suggestion. `message_id` is null when the path names none. */
export type ReadSuggestion = QueryHeader & {
  type: 'read_suggestion';
  message_id: string | null;
  suggestion_id: string;
};

/**
 * The thread of a chat, for the channel that it belongs to: a gateway names only the chat. `key`: the fingerprint of a message
 * (fingerprints.ts) that the thread may have received before.
 */
export type ReadSource = { v: 1; type: 'read_source'; chat_id: string; channel_id: string; key?: string };

type Readings = {
  read_chat: { chat: ChatFacts };
  read_members: { chat: ChatFacts; members: MemberView[] };
  read_messages: { messages: { seq: number; message: MessageFacts }[]; has_more: boolean; room_id: string | null };
  read_message: { message: MessageFacts; room_id: string | null };
  /** `delivery` null: the message made no webhook for a channel, or it is no longer kept. */
  read_delivery: { message: MessageFacts; delivery: MessageDelivery | null };
  /** Who looks at the chat now. */
  view_chat: { viewers: Viewer[] };
  /** `since` in ms; null: all texts. */
  read_rights: { chat: ChatFacts; since: number | null };
  tell_note: Record<never, never>;
  read_tags: { tags: TagFacts[]; room_id: string | null };
  read_invitations: { invitations: InvitationFacts[]; chat: ChatFacts };
  read_suggestions: { suggestions: ReplySuggestionFacts[]; has_more: boolean; room_id: string | null };
  read_suggestion: { suggestion: ReplySuggestionFacts; room_id: string | null };
  /** `received`: the message of the key; null when it was not received. */
  read_source: { thread_id: string; visitor_id: string; received?: { chat_id: string; message_id: string } | null };
};

/** The answer to a query. */
export type ReadingOf<Q extends Query> = Readings[Q['type']];
export type Reading = Readings[Query['type']];
