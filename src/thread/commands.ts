import type { ChatFacts, RoomFacts } from '../resources/chat.ts';
import type { ComposingStatus, MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { UserFacts } from '../resources/user.ts';
import type { ThreadIdentity } from './address.ts';
import type { Routing } from './events.ts';

/**
 * Commands to a thread. The Worker has authenticated the caller, validated the wire form and looked up what is not the
 * thread's own; the thread decides. `command_id` makes a repeated command harmless. Versions: ENGINE 8.
 */
export type Command = ReceiveMessages | CloseThread | PostMessage | JoinChat | UpdateChat | AddReplySuggestion;

/** A new `command_id`: 96 random bits in 16 characters, because each chat keeps its last 32 in the row it writes most. */
export function newCommandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return btoa(String.fromCharCode(...bytes));
}

type Head = { v: 1; command_id: string };

export type IncomingMessage = {
  /** Fingerprint by which a repeat is known: `messageKey` of received.ts. */
  key: string;
  body: string;
  sender_type: 'visitor' | 'user';
  sender_id: string;
  message_id: string;
  /** ms; only with `close_session` (imports). */
  created_at: number | null;
  selected_reply_suggestion_id: string | null;
  /** The sender, when `sender_type` is `user`. */
  user: UserFacts | null;
};

/** Messages of one external thread, all or nothing (seed 000, 2.1). */
export type ReceiveMessages = Head & {
  type: 'receive_messages';
  identity: Extract<ThreadIdentity, { kind: 'channel' }>;
  /** Name of the organization's D1 binding. */
  database: string;
  organization_id: string;
  room: RoomFacts;
  routing: Routing;
  messages: IncomingMessage[];
  skip_waiting_state: boolean;
  close_session: boolean;
  skip_webhooks: boolean;
  variables: Record<string, string>;
};

export type MessagesReceived = {
  chat_id: string;
  mapping_id: string;
  message_ids: string[];
  seqs: number[];
  messages_created: number;
  is_new_session: boolean;
  /** Every message of the request was there already: nothing was written. */
  is_repeat: boolean;
};

/** Ends the open session of an external thread (seed 000, 2.2). */
export type CloseThread = Head & {
  type: 'close_thread';
  identity: Extract<ThreadIdentity, { kind: 'channel' }>;
  organization_id: string;
};

export type ThreadClosed = { chat_id: string; was_open: boolean };

/** A user's message in a chat of which he is a member (seed 001, Send a chat message). */
export type PostMessage = Head & {
  type: 'post_message';
  chat_id: string;
  actor: UserFacts;
  message: string;
  selected_reply_suggestion_id: string | null;
};

export type ChatRef = { id: string; room_id: string | null };

export type MessagePosted = { message: MessageFacts; chat: ChatRef };

/** A user joins a chat that is routed to him (seed 001, Join user to a routed chat). */
export type JoinChat = Head & {
  type: 'join_chat';
  chat_id: string;
  actor: UserFacts;
  /** The organization keeps its chats private and the user has no scope to enter a taken one. */
  is_kept_out: boolean;
  is_participating: boolean;
  composing_status: ComposingStatus;
};

export type ChatJoined = { member: MemberFacts; chat: ChatFacts; is_new: boolean };

/** A member ends a chat or its waiting (seed 001, End a chat; Change a chat to not waiting status). */
export type UpdateChat = Head & {
  type: 'update_chat';
  chat_id: string;
  actor: UserFacts;
  is_ended: boolean;
  is_waiting: false | null;
};

export type ChatUpdated = { chat: ChatFacts };

/** A suggestion for a message; `scope` says whether the user must be a member or only be reached by the room's routing. */
export type AddReplySuggestion = Head & {
  type: 'add_reply_suggestion';
  chat_id: string;
  message_id: string;
  scope: 'member' | 'routed';
  actor: UserFacts;
  suggestion: string;
  relevancy_score: number | null;
};

export type ReplySuggestionAdded = { suggestion: ReplySuggestionFacts; chat: ChatRef };

type Answers = {
  receive_messages: MessagesReceived;
  close_thread: ThreadClosed;
  post_message: MessagePosted;
  join_chat: ChatJoined;
  update_chat: ChatUpdated;
  add_reply_suggestion: ReplySuggestionAdded;
};

/** What an accepted command answers. */
export type AnswerOf<C extends Command> = Answers[C['type']];
export type Answer = Answers[Command['type']];
