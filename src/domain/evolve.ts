/** How events change the state of a thread. Pure. The same events give the same state, wherever they are replayed. */

import { type ChatFacts, newChatFacts } from '../resources/chat.ts';
import type { InvitationFacts } from '../resources/invitation.ts';
import { isPresent, type MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import { isOfVisitor } from './address.ts';
import { withoutKey } from './encryption.ts';
import type { ThreadEvent } from './events.ts';
import { memberAfter } from './members.ts';
import { changeMessage, isMessageChange, type MessageChangeEvent } from './message-changes.ts';
import { redactChat, redactSuggestions, redactThread } from './redaction.ts';
import {
  type ChatState,
  membersIn,
  type Step,
  type ThreadFacts,
  type ThreadState,
  type Touched,
  type Transition,
} from './state.ts';

/** The state after an event, and the step of its chat. The step is null for an event before the thread's first chat. */
export function applyEvent(before: ThreadState, event: ThreadEvent): { state: ThreadState; step: Step | null } {
  const state = evolve(before, event);
  const after = state.chats.get(event.chat_id);
  if (after === undefined) return { state, step: null };
  const suggestion =
    event.type === 'reply_suggestion_changed' ? before.suggestions.get(event.suggestion.id)?.facts : undefined;
  const chat = before.chats.get(event.chat_id);
  const message = changedMessage(before, state, event);
  return { state, step: { event, before: chat ?? null, after, suggestion_before: suggestion ?? null, message } };
}

function changedMessage(before: ThreadState, after: ThreadState, event: ThreadEvent): Step['message'] {
  if (!isMessageChange(event)) return null;
  const one = before.messages.get(event.message_id)?.facts;
  const other = after.messages.get(event.message_id)?.facts;
  return one === undefined || other === undefined ? null : { before: one, after: other };
}

/**
 * The transitions of consecutive steps, which must begin and end with whole commands. Events of one command have the
 * same time, and those of two commands never have.
 */
export function* wholeCommands(steps: Iterable<Step>): Generator<Transition> {
  let command: Step[] = [];
  for (const step of steps) {
    if (command[0] !== undefined && command[0].event.at !== step.event.at) {
      yield* transitionsOfCommand(command);
      command = [];
    }
    command.push(step);
  }
  yield* transitionsOfCommand(command);
}

function transitionsOfCommand(steps: readonly Step[]): Transition[] {
  const first = new Map<string, Step>();
  const last = new Map<string, Step>();
  for (const step of steps) {
    const { chat_id } = step.event;
    if (!first.has(chat_id)) first.set(chat_id, step);
    last.set(chat_id, step);
  }
  return steps.map((step) => {
    const { chat_id } = step.event;
    const before = first.get(chat_id)?.before ?? null;
    const after = last.get(chat_id)?.after ?? step.after;
    return { ...step, before, after, is_first: first.get(chat_id) === step };
  });
}

/** The transitions of whole commands. `before` must hold the chats, suggestions and messages that their events change. */
export function transitionsOf(before: ThreadState, events: readonly ThreadEvent[]): Transition[] {
  let state = before;
  const steps = events.flatMap((event) => {
    const taken = applyEvent(state, event);
    state = event.type === 'message_added' ? withMessage(taken.state, event) : taken.state;
    return taken.step ?? [];
  });
  return [...wholeCommands(steps)];
}

function withMessage(state: ThreadState, event: Extract<ThreadEvent, { type: 'message_added' }>): ThreadState {
  const named = { facts: event.message, seq: event.seq };
  const later = { answered_attachments: new Set<string>(), is_followed_by_visitor: false };
  return { ...state, messages: new Map(state.messages).set(event.message.id, { ...named, ...later }) };
}

/** After each message a chat counts as active for this long, in ms (Chats API, active_duration). */
const ACTIVE_WINDOW = 60_000;
/** Longest name of a visitor that is shown, in characters: each message repeats it. The variable itself stays whole. */
const NAME_CHARACTERS = 255;

/** The state after an event. Pure. Throws only on an event that no rule of `decide` can have made. */
export function evolve(state: ThreadState, event: ThreadEvent): ThreadState {
  const next = { ...state, last_seq: event.seq, last_at: event.at };
  switch (event.type) {
    case 'thread_opened':
      return {
        ...next,
        thread: {
          identity: event.identity,
          database: event.database,
          organization_id: event.organization_id,
          channel_id: event.channel?.channel_id ?? null,
          thread_id: event.channel?.thread_id ?? null,
          room_id: event.room_id,
          mapping_id: event.mapping_id,
          visitor_id: event.visitor_id,
          visitor_name: null,
          current_chat_id: event.chat_id,
          // A purged thread opens again, with another visitor, for the next message of its source.
          created_at: state.thread?.created_at ?? event.at,
          seq: event.seq,
          ...(isOfVisitor(event.identity) ? { is_unanswered: true } : {}),
        },
      };
    case 'chat_started': {
      if (state.thread === null) throw new Error('a chat started in a thread that was never opened');
      const thread = { ...state.thread, current_chat_id: event.chat_id, seq: event.seq };
      return withChat({ ...next, thread }, newChat(event, event, thread));
    }
    case 'variables_set': {
      const given = event.variables['username'];
      const name = visitorName(given ?? null);
      // A blank name is no name and replaces none. Only deleting the variable takes the name away.
      if (given === undefined || (name === null && given !== null)) return next;
      return nameVisitor(next, event, name);
    }
    case 'visitor_named':
      return nameVisitor(next, event, event.name);
    case 'purged': {
      const chat = state.chats.get(event.chat_id);
      if (chat === undefined || state.thread === null) throw new Error('a purged chat is not loaded');
      const suggestions = redactSuggestions(state.suggestions, event);
      const purged = { ...next, thread: redactThread(state.thread, chat, event), suggestions };
      return withChat(purged, redactChat(chat, event));
    }
    default: {
      const chat = state.chats.get(event.chat_id);
      if (chat === undefined) throw new Error(`event ${event.seq} concerns a chat that is not loaded`);
      const changed = changeChat(chat, event);
      if (takesPart(event, chat)) return answered(next, changed);
      if (isMessageChange(event)) return { ...withChat(next, changed), messages: messagesAfter(state, event) };
      if (event.type !== 'reply_suggestion_added' && event.type !== 'reply_suggestion_changed') {
        return withChat(next, changed);
      }
      const suggestion = { seq: event.seq, chat_id: event.chat_id, facts: event.suggestion };
      const suggestions = new Map(state.suggestions).set(event.suggestion.id, suggestion);
      return withChat({ ...next, suggestions }, changed);
    }
  }
}

/** The loaded messages after a change of one. One that is not loaded is nobody's concern. */
function messagesAfter({ messages }: ThreadState, event: MessageChangeEvent): ThreadState['messages'] {
  const named = messages.get(event.message_id);
  if (named === undefined) return messages;
  const changed = { ...named, seq: event.seq, facts: changeMessage(named.facts, event) };
  return new Map(messages).set(event.message_id, changed);
}

type ChatEvent = Exclude<
  ThreadEvent,
  { type: 'thread_opened' | 'chat_started' | 'variables_set' | 'visitor_named' | 'purged' }
>;

function withChat(state: ThreadState, chat: ChatState): ThreadState {
  return { ...state, chats: new Map(state.chats).set(chat.facts.id, chat) };
}

/** Whether by this event of a chat a user takes part in it. Members who only read along do not. */
function takesPart(event: ChatEvent, chat: ChatState): boolean {
  switch (event.type) {
    case 'message_added':
      return event.message.sender_type === 'user' && event.message.type === 'msg';
    case 'member_added':
      return event.member.member_type === 'user' && event.member.is_participating;
    case 'member_changed':
      return event.changes.is_participating === true && chat.members.get(event.member_id)?.facts.member_type === 'user';
    default:
      return false;
  }
}

/** The state with a chat in which a user has taken part, so that its thread is no longer unanswered. */
function answered(state: ThreadState, chat: ChatState): ThreadState {
  if (state.thread?.is_unanswered === undefined && chat.facts.is_unanswered === undefined) return withChat(state, chat);
  const { is_unanswered: _chats, ...facts } = chat.facts;
  const next = withChat(state, { ...chat, facts });
  if (state.thread === null) return next;
  const { is_unanswered: _threads, ...thread } = state.thread;
  return { ...next, thread };
}

function newChat(
  event: ThreadEvent,
  start: Extract<ThreadEvent, { type: 'chat_started' }>,
  { is_unanswered }: ThreadFacts,
): ChatState {
  const { chat_type, room, organization_id, visitor_id, is_private, lifetime } = start;
  const about = {
    chat_type,
    room,
    organization_id,
    visitor_id,
    is_private,
    lifetime,
    ...(start.encryption === undefined ? {} : { encryption: withoutKey(start.encryption) }),
    ...(is_unanswered === true ? { is_unanswered } : {}),
  };
  const facts = newChatFacts({ id: event.chat_id, created_at: event.at, ...about });
  return {
    first_seq: event.seq,
    seq: event.seq,
    facts,
    ...(start.encryption?.key == null ? {} : { key: start.encryption.key }),
    members: new Map(),
    tags: new Map(),
    invitations: new Map(),
  };
}

function changeChat(chat: ChatState, event: ChatEvent): ChatState {
  const touched = {
    ...chat,
    seq: event.seq,
    facts: { ...chat.facts, updated_at: event.at },
  };
  switch (event.type) {
    case 'member_added':
      return withMember(touched, { seq: event.seq, facts: event.member });
    case 'member_changed': {
      const member = chat.members.get(event.member_id);
      if (member === undefined) throw new Error(`event ${event.seq} changes a member that is not there`);
      const facts = memberAfter(member.facts, event.changes, event.at, chat.facts);
      return withMember(touched, { seq: event.seq, facts });
    }
    case 'message_added':
      return {
        ...touched,
        facts: noteAge(
          countMessage(notePage(setWaiting(touched.facts, event.is_waiting, event.at), event), event.message, chat),
          event.message,
        ),
      };
    case 'message_edited':
    case 'message_deleted':
      return touched;
    case 'message_status_changed':
      // What a channel reports changes nothing of the chat.
      return { ...chat, seq: event.seq };
    case 'waiting_ended':
      return { ...touched, facts: setWaiting(touched.facts, false, event.at) };
    case 'chat_ended':
      return { ...touched, facts: { ...setWaiting(touched.facts, false, event.at), ended_at: event.at } };
    case 'tag_added':
      return withTags(touched, new Map(chat.tags).set(event.tag.name, { seq: event.seq, facts: event.tag }));
    case 'tag_removed': {
      const tags = new Map(chat.tags);
      tags.delete(event.name);
      return withTags(touched, tags);
    }
    case 'invitation_sent':
      return withInvitation(touched, { seq: event.seq, facts: event.invitation });
    case 'invitation_expired': {
      const facts = { ...invitationOf(chat, event), updated_at: event.at, expired_at: event.at };
      return withInvitation(touched, { seq: event.seq, facts });
    }
    case 'invitation_accepted': {
      const { accepted_by_user, at } = event;
      const facts = { ...invitationOf(chat, event), accepted_by_user, updated_at: at, accepted_at: at };
      return withInvitation(touched, { seq: event.seq, facts });
    }
    case 'reply_suggestion_added':
    case 'reply_suggestion_changed':
      return touched;
  }
}

function setWaiting(facts: ChatFacts, isWaiting: boolean, at: number): ChatFacts {
  if (isWaiting === facts.is_waiting) return facts;
  return { ...facts, is_waiting: isWaiting, waiting_started_at: isWaiting ? at : facts.waiting_started_at };
}

/** Keeps the page of the visitor's first message, and that of an autosuggestion (Chats API, Chats). */
function notePage(facts: ChatFacts, { message, page }: Extract<ThreadEvent, { type: 'message_added' }>): ChatFacts {
  if (message.type === 'autosuggest') {
    return { ...facts, is_autosuggested: true, ...(page === undefined ? {} : { autosuggest_page: page }) };
  }
  const isFirst =
    facts.first_visitor_message_at === null && message.type === 'msg' && message.sender_type === 'visitor';
  return isFirst && page !== undefined ? { ...facts, first_visitor_message_page: page } : facts;
}

/**
 * Counts and durations cover messages of type `msg` only (Chats API, Chats). A response to an attachment also keeps the
 * chat alive.
 */
function countMessage(facts: ChatFacts, message: MessageFacts, chat: ChatState): ChatFacts {
  // What is synced from elsewhere may be older than what is there.
  const at = Math.max(message.created_at, facts.newest_message_at ?? 0);
  if (message.type === 'action') return { ...facts, last_activity_at: at, newest_message_at: at };
  if (message.type !== 'msg') return { ...facts, newest_message_at: at };
  const byUser = message.sender_type === 'user';
  const isBot = chat.members.get(message.sender_id)?.facts.is_bot ?? false;
  const pause = facts.last_message_at === null ? 0 : Math.max(0, at - facts.last_message_at);
  return {
    ...facts,
    user_message_count: facts.user_message_count + (byUser ? 1 : 0),
    visitor_message_count: facts.visitor_message_count + (byUser ? 0 : 1),
    message_counts: {
      ...facts.message_counts,
      [message.sender_id]: (facts.message_counts[message.sender_id] ?? 0) + 1,
    },
    first_message_at: facts.first_message_at ?? at,
    last_message_at: at,
    last_activity_at: at,
    newest_message_at: at,
    first_visitor_message_at: facts.first_visitor_message_at ?? (byUser ? null : at),
    first_answer_at: facts.first_answer_at ?? (byUser && facts.first_visitor_message_at !== null ? at : null),
    active_milliseconds: facts.active_milliseconds + Math.min(ACTIVE_WINDOW, pause),
    has_human_message: facts.has_human_message || (byUser && !isBot),
  };
}

/** Keeps the time of a message that is older than everything in the chat: what is synced later may be. */
function noteAge(facts: ChatFacts, { created_at }: MessageFacts): ChatFacts {
  const { oldest_message_at = Math.min(facts.created_at, facts.first_message_at ?? facts.created_at) } = facts;
  return created_at < oldest_message_at ? { ...facts, oldest_message_at: created_at } : facts;
}

/** A chat between users becomes a group with its third member. */
function withMember(chat: ChatState, member: Touched<MemberFacts>): ChatState {
  const members = new Map(chat.members).set(member.facts.member_id, member);
  const facts = membersIn({ ...chat, members });
  const users = facts.filter((each) => each.member_type === 'user');
  const visitors = facts.filter((each) => each.member_type === 'visitor');
  return {
    ...chat,
    members,
    facts: {
      ...chat.facts,
      chat_type: chat.facts.chat_type === 'operator' && users.length > 2 ? 'group' : chat.facts.chat_type,
      member_count: facts.length,
      user_member_count: users.length,
      visitor_member_count: visitors.length,
      present_user_participant_count: users.filter(isPresent).length,
      present_visitor_participant_count: visitors.filter(isPresent).length,
    },
  };
}

function withTags(chat: ChatState, tags: ChatState['tags']): ChatState {
  return { ...chat, tags, facts: { ...chat.facts, tag_count: tags.size } };
}

function withInvitation(chat: ChatState, invitation: Touched<InvitationFacts>): ChatState {
  return { ...chat, invitations: new Map(chat.invitations).set(invitation.facts.id, invitation) };
}

function invitationOf(chat: ChatState, event: { seq: number; invitation_id: string }): InvitationFacts {
  const invitation = chat.invitations.get(event.invitation_id);
  if (invitation === undefined) throw new Error(`event ${event.seq} changes an invitation that is not there`);
  return invitation.facts;
}

/** The visitor's name in the variable `username`; null for none. */
export function visitorName(name: string | null): string | null {
  if (name === null || name.trim() === '') return null;
  if (name.length <= NAME_CHARACTERS) return name;
  return Array.from(name.slice(0, 2 * NAME_CHARACTERS))
    .slice(0, NAME_CHARACTERS)
    .join('');
}

/**
 * The state with the name of the thread's visitor. An ended chat keeps the name that it had. What changes of the chat
 * follows from its own member: the thread's name may come from an event of another chat, which a purge takes away.
 */
function nameVisitor(
  state: ThreadState,
  event: ThreadEvent & { visitor_id: string },
  name: string | null,
): ThreadState {
  if (state.thread === null) return state;
  const isNew = state.thread.visitor_name !== name;
  const next = isNew ? { ...state, thread: { ...state.thread, visitor_name: name } } : state;
  const chat = state.chats.get(event.chat_id);
  const member = chat?.members.get(event.visitor_id);
  if (chat === undefined || member === undefined || chat.facts.ended_at !== null || member.facts.name === name)
    return next;
  const facts = { ...member.facts, name, public_name: name, updated_at: event.at };
  const members = new Map(chat.members).set(event.visitor_id, { seq: event.seq, facts });
  const touched = { ...chat, seq: event.seq, facts: { ...chat.facts, updated_at: event.at } };
  return withChat(next, { ...touched, members });
}
