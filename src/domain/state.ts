import type { ChatFacts } from '../resources/chat.ts';
import type { InvitationFacts } from '../resources/invitation.ts';
import type { MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { TagFacts } from '../resources/tag.ts';
import type { ThreadEvent } from './events.ts';

/** A child row of a chat, with the `seq` of the event that touched it last. */
export type Touched<Facts> = { seq: number; facts: Facts };

export type ChatState = {
  /** `seq` of the chat's first and of its last event. */
  first_seq: number;
  seq: number;
  facts: ChatFacts;
  members: ReadonlyMap<string, Touched<MemberFacts>>;
  /** By name. A removed tag is gone. */
  tags: ReadonlyMap<string, Touched<TagFacts>>;
  /** By id: open ones, accepted ones, expired ones. */
  invitations: ReadonlyMap<string, Touched<InvitationFacts>>;
};

/** What a thread is, beside its chats. Null until its first accepted command. */
export type ThreadFacts = {
  identity: string;
  /** Name of the D1 binding that holds the copy: the organization's, fixed for the thread's life. */
  database: string;
  organization_id: string;
  channel_id: string | null;
  thread_id: string | null;
  room_id: string | null;
  mapping_id: string;
  visitor_id: string | null;
  visitor_name: string | null;
  current_chat_id: string;
  created_at: number;
  /** `seq` of the event that last changed what D1's register of threads shows. */
  seq: number;
};

/** A message that was received before, under its fingerprint. */
export type ReceivedBefore = {
  key: string;
  chat_id: string;
  message_id: string;
  seq: number;
  /** Set on the first new message of a request: the request's fingerprint and what it was answered. */
  request: string | null;
  is_new_session: boolean;
  messages_created: number;
};

export type Suggestion = Touched<ReplySuggestionFacts> & { chat_id: string };

/** A message that the command names, in its chat, with what later messages did to the action that the command chooses, if it chooses one. */
export type NamedMessage = {
  facts: MessageFacts;
  /** Ids of its attachments that a visitor has already answered; known only where an answer disables the chosen action. */
  answered_attachments: ReadonlySet<string>;
  /** Whether the visitor has sent a `msg` after it; known only where that disables the chosen action. */
  is_followed_by_visitor: boolean;
};

/**
 * The state that `decide` sees and `evolve` grows: the thread, and of its children at least those that the command can
 * touch. Treated as immutable.
 */
export type ThreadState = {
  /** The object's name, from which ids are made. */
  name: string;
  last_seq: number;
  last_at: number;
  thread: ThreadFacts | null;
  chats: ReadonlyMap<string, ChatState>;
  received: ReadonlyMap<string, ReceivedBefore>;
  suggestions: ReadonlyMap<string, Suggestion>;
  /** The messages that the command names and that are in its chat, by id. */
  messages: ReadonlyMap<string, NamedMessage>;
  /** The event that answered this very command before: it is a retry whose first answer was lost. */
  answered: ThreadEvent | null;
};

/** An event with its chat before and after it (null: it begins with the event), and the suggestion that it changes as it was. */
export type Transition = {
  event: ThreadEvent;
  before: ChatState | null;
  after: ChatState;
  suggestion_before: ReplySuggestionFacts | null;
};

export function emptyThread(name: string): ThreadState {
  return {
    name,
    last_seq: 0,
    last_at: 0,
    thread: null,
    chats: new Map(),
    received: new Map(),
    suggestions: new Map(),
    messages: new Map(),
    answered: null,
  };
}

/** The chat that is open now; null when there is none. */
export function openChat(state: ThreadState): ChatState | null {
  if (state.thread === null) return null;
  const chat = state.chats.get(state.thread.current_chat_id);
  return chat === undefined || chat.facts.ended_at !== null ? null : chat;
}
