import type { ChatFacts } from '../resources/chat.ts';
import type { InvitationFacts } from '../resources/invitation.ts';
import type { MemberFacts } from '../resources/membership.ts';
import type { DeletedFiles, MessageFacts } from '../resources/message.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { TagFacts } from '../resources/tag.ts';
import type { ThreadEvent } from './events.ts';

/** A child row of a chat with the `seq` of the last event that changed it. */
export type Touched<Facts> = { seq: number; facts: Facts };

export type ChatState = {
  /** The `seq` of the chat's first event, and of its last. */
  first_seq: number;
  seq: number;
  facts: ChatFacts;
  /** The key of an encrypted chat (encryption.ts), while the hub has it. Missing in all others. */
  key?: string;
  members: ReadonlyMap<string, Touched<MemberFacts>>;
  /** By name. A removed tag is not in it. */
  tags: ReadonlyMap<string, Touched<TagFacts>>;
  /** By id: open, accepted and expired ones. */
  invitations: ReadonlyMap<string, Touched<InvitationFacts>>;
};

/** The facts of a thread beside its chats. Null until its first accepted command. */
export type ThreadFacts = {
  identity: string;
  /** Name of the D1 binding that holds the replica: that of the organization, fixed for the thread's life. */
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
  /** The `seq` of the last event that changed what D1's register of threads shows. */
  seq: number;
  /**
   * A visitor's own thread in which no user has taken part yet. Missing in others, and in threads of earlier versions until
   * they are rebuilt.
   */
  is_unanswered?: true;
};

/** Whether the chat is encrypted and the hub has forgotten its key. Then no text is added to it. */
export function isKeyForgotten({ facts }: Pick<ChatState, 'facts'>): boolean {
  return facts.encryption?.forgotten_at !== undefined;
}

/** A message that was received before, with its fingerprint. */
export type ReceivedBefore = {
  key: string;
  chat_id: string;
  message_id: string;
  seq: number;
  /** Set on the first new message of a request: the fingerprint of the request. The fields after it are its answer. */
  request: string | null;
  is_new_session: boolean;
  messages_created: number;
};

export type Suggestion = Touched<ReplySuggestionFacts> & { chat_id: string };

/**
 * A message that a command names. If the command chooses one of its actions, this holds what later messages did to that
 * action.
 */
export type NamedMessage = {
  /** The message as it is now, and the `seq` of the event that made it so. */
  facts: MessageFacts;
  seq: number;
  /**
   * Ids of its attachments that a visitor has answered already. Filled only where an answer disables the chosen action.
   */
  answered_attachments: ReadonlySet<string>;
  /** Whether the visitor has sent a `msg` after it. Filled only where that disables the chosen action. */
  is_followed_by_visitor: boolean;
  /** What becomes of its files. Filled only where it is deleted. */
  files?: DeletedFiles;
};

/** The keys of variables that the visitor has got through the thread: those that a command names, and their number. */
export type VariableKeys = { known: ReadonlySet<string>; count: number };

export const NO_VARIABLE_KEYS: VariableKeys = { known: new Set(), count: 0 };

/**
 * The state that `decide` reads and `evolve` changes: the thread, and at least those children that the command can
 * touch. Immutable.
 */
export type ThreadState = {
  /** The object's name, from which ids are derived. */
  name: string;
  last_seq: number;
  last_at: number;
  thread: ThreadFacts | null;
  chats: ReadonlyMap<string, ChatState>;
  received: ReadonlyMap<string, ReceivedBefore>;
  suggestions: ReadonlyMap<string, Suggestion>;
  /** By id: the messages that the command names, if they are in its chat. A chat does not hold its messages. */
  messages: ReadonlyMap<string, NamedMessage>;
  /** Times (ms, oldest first) of what the command's limit counts. Empty without a limit. */
  counted: readonly number[];
  /** Of the visitor: which of the command's variables, and how many in all. */
  variable_keys: VariableKeys;
  /** The event that answered this command before. Then the command is a retry whose first answer was lost. */
  answered: ThreadEvent | null;
};

/**
 * An event with its chat before and after it. `before` is null when the chat starts with the event. `suggestion_before`
 * is the suggestion that the event changes, `message` the message that it changes.
 */
export type Step = {
  event: ThreadEvent;
  before: ChatState | null;
  after: ChatState;
  suggestion_before: ReplySuggestionFacts | null;
  message: { before: MessageFacts; after: MessageFacts } | null;
};

/**
 * An event with its chat before and after the event's whole command. `is_first`: no earlier event of the command
 * concerns the chat.
 */
export type Transition = Step & { is_first: boolean };

/** The state of a thread before its first event. */
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
    counted: [],
    variable_keys: NO_VARIABLE_KEYS,
    answered: null,
  };
}

/** The open chat; null when there is none. */
export function openChat(state: ThreadState): ChatState | null {
  if (state.thread === null) return null;
  const chat = state.chats.get(state.thread.current_chat_id);
  return chat === undefined || chat.facts.ended_at !== null ? null : chat;
}

/** A member of the chat; undefined for nobody, and for one whose membership was ended. */
export function memberIn(chat: ChatState, id: string): MemberFacts | undefined {
  const member = chat.members.get(id)?.facts;
  return member?.is_removed === true ? undefined : member;
}

/** The members of the chat, without those whose membership was ended. */
export function membersIn(chat: ChatState): MemberFacts[] {
  return [...chat.members.values()].flatMap(({ facts }) => (facts.is_removed === true ? [] : [facts]));
}
