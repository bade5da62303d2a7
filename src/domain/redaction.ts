/**
 * What a purge leaves of events and of the state (Chats API, Chat messages: `sensitive_data_purged_at`). Pure. The two
 * agree: the redacted events of a log, folded, give the redacted state. So a rebuild brings nothing back.
 */

import type { ChatFacts } from '../resources/chat.ts';
import { filesGone, inOrder, type MessageFacts } from '../resources/message.ts';
import { hiddenIdentity, hiddenThreadId } from './address.ts';
import type { ChannelTarget, ThreadEvent, WebhookReceipt } from './events.ts';
import { type ChatState, isKeyForgotten, type Suggestion, type ThreadFacts } from './state.ts';

export type PurgedEvent = Extract<ThreadEvent, { type: 'purged' }>;

/**
 * An earlier event of the purged chat as the log keeps it from now on, with its `seq`, type and time. The same object
 * when nothing in it is purged.
 */
export function redactEvent(event: ThreadEvent, purge: PurgedEvent): ThreadEvent {
  if (event.chat_id !== purge.chat_id || event.seq >= purge.seq) return event;
  const redacted = redactBody(event, purge);
  if (purge.covers !== 'visitor') return redacted;
  const accepted = redacted.accepted.map(redactReceipt);
  return accepted.every((receipt, place) => receipt === redacted.accepted[place])
    ? redacted
    : { ...redacted, accepted };
}

function redactBody(event: ThreadEvent, purge: PurgedEvent): ThreadEvent {
  switch (event.type) {
    case 'message_added': {
      if (!isCovered(event.message.created_at, purge)) return event;
      const { page: _page, ...rest } = event;
      const message = redactMessage(event.message, purge);
      return message === event.message && event.page === undefined ? event : { ...rest, message };
    }
    case 'message_edited':
      return isCovered(event.created_at, purge) ? redactEdit(event, purge) : event;
    case 'message_status_changed': {
      const { status } = event;
      if (status.failure_reason === null || !isCovered(event.created_at, purge)) return event;
      return { ...event, status: { ...status, failure_reason: null } };
    }
    case 'reply_suggestion_added':
    case 'reply_suggestion_changed':
      if (event.suggestion.suggestion === '' || !isCovered(event.at, purge)) return event;
      return { ...event, suggestion: { ...event.suggestion, suggestion: '' } };
    case 'chat_started': {
      const { encryption } = event;
      if (purge.covers === 'messages' || encryption === undefined || encryption.key === null) return event;
      return { ...event, encryption: { ...encryption, key: null } };
    }
    default:
      return purge.covers === 'visitor' ? redactVisitor(event) : event;
  }
}

function redactEdit(event: Extract<ThreadEvent, { type: 'message_edited' }>, { covers }: PurgedEvent): ThreadEvent {
  const { encrypted_message } = event;
  const isGone = event.message === null && (covers === 'key' || encrypted_message == null);
  if (isGone) return event;
  return { ...event, message: null, ...(covers === 'key' ? {} : withoutCiphertext(event)) };
}

/** The visitor's name, their variables, and the address of the outside source go. */
function redactVisitor(event: ThreadEvent): ThreadEvent {
  switch (event.type) {
    case 'thread_opened': {
      const { channel } = event;
      if (channel === null) return event;
      return {
        ...event,
        identity: hiddenIdentity(event.identity),
        channel: { ...channel, thread_id: hiddenThreadId(channel) },
      };
    }
    case 'variables_set':
      return { ...event, variables: {} };
    case 'visitor_named':
      return { ...event, name: null };
    case 'member_added':
      if (event.member.member_type !== 'visitor') return event;
      return { ...event, member: { ...event.member, name: null, public_name: null } };
    default:
      return event;
  }
}

/** A channel's target without the outside source's `thread_id`, which may be an address. */
export function hideTarget(target: ChannelTarget): ChannelTarget {
  const thread_id = hiddenThreadId(target);
  if (thread_id === target.thread_id) return target;
  const { line } = target;
  return { ...target, thread_id, ...(line === undefined ? {} : { line: { ...line, contact: thread_id } }) };
}

function redactReceipt(receipt: WebhookReceipt): WebhookReceipt {
  if (!('routing' in receipt)) return receipt;
  const routing = hideTarget(receipt.routing);
  return routing === receipt.routing ? receipt : { ...receipt, routing };
}

/**
 * The message and the visitor's names are null, and so is everything else that somebody wrote or sent with it. Without
 * the key the names and the ciphertext stay.
 */
export function redactMessage(message: MessageFacts, purge: PurgedEvent): MessageFacts {
  if (message.purged !== undefined) return message;
  return purge.covers === 'key' ? forgetTexts(message, purge) : purgeMessage(message, purge);
}

function forgetTexts(message: MessageFacts, { at, seq }: PurgedEvent): MessageFacts {
  if (message.forgotten !== undefined) return message;
  const { call, ...kept } = withoutTexts(message);
  const noted = { subject: null, summary: null, transcription: null };
  return inOrder({ ...kept, ...(call === undefined ? {} : { call: { ...call, ...noted } }), forgotten: { at, seq } });
}

function purgeMessage(message: MessageFacts, { at, seq }: PurgedEvent): MessageFacts {
  const names = message.sender_type === 'visitor' ? { sender_name: null, sender_public_name: null } : {};
  const { call: _call, lang: _lang, ...kept } = withoutTexts(message);
  return inOrder({
    ...kept,
    ...names,
    ...withoutCiphertext(message),
    external_sender_id: null,
    external_message_id: null,
    purged: { at, seq },
  });
}

/** A message without what somebody wrote or sent in clear text, but for what was noted about a call. */
function withoutTexts(message: MessageFacts): MessageFacts {
  const { subject: _subject, files_kept: _files, status, ...kept } = message;
  return {
    ...kept,
    message: null,
    selected_reply_suggestion: null,
    attachments: [],
    attachment_template: null,
    response_to: null,
    ...filesGone(message),
    ...(status === undefined ? {} : { status: { ...status, failure_reason: null } }),
  };
}

/** What was encrypted stays a property that is null, so that changes of the message show that it went. */
function withoutCiphertext({ encrypted_message }: { encrypted_message?: string | null }): { encrypted_message?: null } {
  return encrypted_message === undefined ? {} : { encrypted_message: null };
}

/** Whether what is of this time (ms) goes. Messages of a chat have growing times, so it is a beginning of the chat. */
export function isCovered(time: number, { before }: Pick<PurgedEvent, 'before'>): boolean {
  return before === null || time < before;
}

/** How many earlier purges a chat names. An object has long done those before them. */
const EARLIER_PURGES = 8;

/** The marks of a chat's purges after another one: an earlier one of a shorter time covers nothing more. */
function lastPurge(last: ChatFacts['last_purge'], { seq, before }: PurgedEvent): ChatFacts['last_purge'] {
  const all = last === undefined ? [] : [{ seq: last.seq, before: last.before }, ...(last.earlier ?? [])];
  const earlier = all.filter((each) => before !== null && !(each.before !== null && each.before <= before));
  return { seq, before, ...(earlier.length === 0 ? {} : { earlier: earlier.slice(0, EARLIER_PURGES) }) };
}

/**
 * Whether what an event at `seq` wrote, of a time (ms), is covered by a purge of its chat: it is gone, or will be as soon
 * as the object has come to it.
 */
export function isPurgedIn({ last_purge }: ChatFacts, seq: number, time: number): boolean {
  if (last_purge === undefined) return false;
  return [last_purge, ...(last_purge.earlier ?? [])].some((purge) => seq < purge.seq && isCovered(time, purge));
}

/** A suggestion as commands find it while a purge of its chat, or of the key, may not have come to its row. */
export function withoutPurged(suggestion: Suggestion, chat: ChatState | undefined): Suggestion {
  const { seq, facts } = suggestion;
  const isGone = chat !== undefined && (isKeyForgotten(chat) || isPurgedIn(chat.facts, seq, facts.updated_at));
  if (!isGone) return suggestion;
  return { ...suggestion, facts: { ...facts, suggestion: '' } };
}

/** The chat after the event. A chat that has ended and of which nothing is left is marked, so nobody purges it again. */
export function redactChat(chat: ChatState, purge: PurgedEvent): ChatState {
  const { first_visitor_message_page: page, autosuggest_page, ...rest } = chat.facts;
  const first = rest.first_visitor_message_at;
  const isPageKept = page !== undefined && first !== null && !isCovered(first, purge);
  // The chat of a purged visitor ends with the purge.
  const isEmptied =
    purge.covers !== 'key' && (rest.ended_at !== null || purge.covers === 'visitor') && purge.before === null;
  const facts = {
    ...rest,
    ...(purge.covers === 'key' ? {} : { last_purge: lastPurge(rest.last_purge, purge) }),
    ...forgetKey(rest, purge),
    ...(isPageKept ? { first_visitor_message_page: page } : {}),
    // An autosuggestion is as old as its chat.
    ...(autosuggest_page === undefined || isCovered(rest.created_at, purge) ? {} : { autosuggest_page }),
    ...(isEmptied ? { purged_at: rest.purged_at ?? purge.at } : {}),
  };
  const { key, ...others } = chat;
  const isKeyKept = purge.covers === 'messages' && key !== undefined;
  const touched = { ...others, ...(isKeyKept ? { key } : {}), seq: purge.seq, facts };
  if (purge.covers !== 'visitor' || rest.visitor_id === null) return touched;
  const visitor = chat.members.get(rest.visitor_id);
  // The changes of the name are no longer in the log. So the times of both rows must not follow from them.
  const changed = { ...touched, facts: { ...facts, updated_at: purge.at } };
  if (visitor === undefined) return changed;
  const member = { ...visitor.facts, name: null, public_name: null, updated_at: purge.at };
  return { ...changed, members: new Map(chat.members).set(rest.visitor_id, { seq: purge.seq, facts: member }) };
}

function forgetKey({ encryption }: Pick<ChatFacts, 'encryption'>, { covers, at }: PurgedEvent): Partial<ChatFacts> {
  if (encryption === undefined || covers === 'messages') return {};
  return { encryption: { ...encryption, forgotten_at: encryption.forgotten_at ?? at } };
}

/**
 * The thread after the event that purges `chat`: without its visitor's name and the outside source's address, if they go.
 * An earlier session may be purged when the thread has got a new visitor, who stays.
 */
export function redactThread(thread: ThreadFacts, chat: ChatState, purge: PurgedEvent): ThreadFacts {
  if (purge.covers !== 'visitor' || chat.facts.visitor_id !== thread.visitor_id) return thread;
  // The name may come from an event of this session, which is redacted, also when a later session goes on.
  if (purge.chat_id !== thread.current_chat_id) return { ...thread, visitor_name: null, seq: purge.seq };
  const { channel_id, thread_id } = thread;
  const hidden = channel_id === null || thread_id === null ? thread_id : hiddenThreadId({ channel_id, thread_id });
  return {
    ...thread,
    identity: hiddenIdentity(thread.identity),
    thread_id: hidden,
    visitor_name: null,
    seq: purge.seq,
  };
}

/** The chat's suggestions after the event. */
export function redactSuggestions(
  suggestions: ReadonlyMap<string, Suggestion>,
  purge: PurgedEvent,
): ReadonlyMap<string, Suggestion> {
  const redacted = new Map(suggestions);
  for (const [id, suggestion] of suggestions) {
    const { facts } = suggestion;
    if (suggestion.chat_id !== purge.chat_id || !isCovered(facts.updated_at, purge)) continue;
    redacted.set(id, { ...suggestion, facts: { ...facts, suggestion: '' } });
  }
  return redacted;
}
