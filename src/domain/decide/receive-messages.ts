import { Buffer } from 'node:buffer';
import { ENDLESS } from '../../resources/chat.ts';
import type { Receiver } from '../../resources/receiver.ts';
import { chatIdAt, identityText } from '../address.ts';
import type { IncomingMessage, MessagesReceived, ReceiveMessages } from '../commands.ts';
import { requestKey } from '../fingerprints.ts';
import { hasNoRoomFor, userAsSender, userMember, visitorAsSender, visitorMember } from '../members.ts';
import type { ThreadRefusal } from '../refusals.ts';
import { type ChatState, memberIn, openChat, type ReceivedBefore, type ThreadState } from '../state.ts';
import { encryptionOf, endChat, openThread } from './chat-lifecycle.ts';
import { CLOCKS_DIFFER_BY, setMembership } from './memberships.ts';
import { addMessage, attached, isTooLongToEncrypt, selectedSuggestion } from './messages.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/** Limit of the variables in one event, in bytes of JSON. A single variable has at most 0.6 MB. */
const VARIABLES_BYTES = 1_000_000;
/** Limit of the variables in one event: each becomes a row of a replica batch. */
const VARIABLES_IN_AN_EVENT = 200;

/** Receives messages of one external thread (UMI documentation, 2.1). */
export function receiveMessages(
  state: ThreadState,
  command: ReceiveMessages,
  context: Context,
): Decision<MessagesReceived> {
  const keys = command.messages.map(({ key }) => key);
  const fresh = command.messages.map(
    (_, index) => !state.received.has(keyAt(keys, index)) && keys.indexOf(keyAt(keys, index)) === index,
  );
  const { host } = command;
  const isOpening = host !== undefined && keys.length === 0;
  if (isOpening && state.answered !== null) {
    const { chat_id, at } = state.answered;
    return unchanged(state, opened(state, chat_id, state.chats.get(chat_id)?.facts.created_at === at));
  }
  if (!isOpening && !fresh.includes(true)) return unchanged(state, answerRepeat(state, command, keys));

  const open = openChat(state);
  const refusal =
    refuseSuggestions(state, command, fresh, open) ??
    refuseTimes(command, fresh, open, context) ??
    refuseLongTexts(command, fresh, open);
  if (refusal !== null) return refuse(refusal);
  const senders = command.messages.flatMap(({ user }, index) => (user !== null && fresh[index] ? [user.id] : []));
  if (host !== undefined) senders.push(host.user.id);
  if (hasNoRoomFor(open, senders)) return refuse({ reason: 'too_many_members' });
  const limit = command.variables_quota ?? Number.POSITIVE_INFINITY;
  if (exceedsVariables(state, command, limit)) return refuse({ reason: 'too_many_variables', limit });

  const recorder = new EventRecorder(state, context);
  const chatId = open === null ? startSession(recorder, command, context) : open.facts.id;
  if (host !== undefined) receiveHost(recorder, chatId, command.routing.receiver, host);
  if (open !== null) setVariables(recorder, chatId, host === undefined ? command : withoutKnownName(state, command));
  if (isOpening) {
    const answer = opened(recorder.state, chatId, open === null);
    return recorder.events.length === 0 ? unchanged(state, answer) : accept(recorder, answer);
  }
  const added = new Map<string, ReceivedBefore>();
  command.messages.forEach((message, index) => {
    if (!fresh[index]) return;
    const key = keyAt(keys, index);
    const { id, seq } = addIncoming(recorder, chatId, command, message);
    added.set(key, {
      key,
      chat_id: chatId,
      message_id: id,
      seq,
      request: null,
      is_new_session: open === null,
      messages_created: 0,
    });
  });
  if (command.close_session) endChat(recorder, chatId);

  const received = [...added.values()].map((each, index) => ({
    ...each,
    request: index === 0 ? requestKey(command) : null,
    messages_created: added.size,
  }));
  const places = keys.map((key) => placeOf(state.received.get(key) ?? added.get(key)));
  return accept(
    recorder,
    {
      chat_id: chatId,
      mapping_id: mappingOf(recorder.state),
      message_ids: places.map((place) => place.message_id),
      seqs: places.map((place) => place.seq),
      messages_created: added.size,
      is_new_session: open === null,
      is_repeat: false,
    },
    received,
  );
}

/**
 * The user whose session it is takes part from its start. One who has left stays away. `has_seen`: they have read what
 * was there, and what comes with the command. That comes first of all events: it tells where the change came from, and
 * so whom it need not be told.
 */
function receiveHost(
  recorder: EventRecorder,
  chatId: string,
  origin: Receiver,
  { user, is_present, has_seen }: NonNullable<ReceiveMessages['host']>,
): void {
  if (memberIn(recorder.chat(chatId), user.id) === undefined) {
    setMembership(recorder, chatId, user, { is_participating: true, is_present });
  }
  if (!has_seen) return;
  const changes = { last_seen_at: recorder.context.now };
  recorder.emit(chatId, { type: 'member_changed', member_id: user.id, changes, origin });
}

/** The answer to a request for a session. */
function opened(state: ThreadState, chat_id: string, is_new_session: boolean): MessagesReceived {
  const none = { message_ids: [], seqs: [], messages_created: 0 };
  return { chat_id, mapping_id: mappingOf(state), ...none, is_new_session, is_repeat: false };
}

/** The answer to a request that contains no new message. The same request as before gets the same answer as before. */
function answerRepeat(state: ThreadState, command: ReceiveMessages, keys: string[]): MessagesReceived {
  const places = keys.map((key) => placeOf(state.received.get(key)));
  const request = requestKey(command);
  const first = places.find((place) => place.request === request);
  return {
    // A retry is answered with the chat that got the new messages; the last message may repeat one of another chat.
    chat_id: state.answered?.chat_id ?? placeOf(places.at(-1)).chat_id,
    mapping_id: mappingOf(state),
    message_ids: places.map((place) => place.message_id),
    seqs: places.map((place) => place.seq),
    messages_created: first?.messages_created ?? 0,
    is_new_session: first?.is_new_session ?? false,
    is_repeat: state.answered === null,
  };
}

function refuseSuggestions(
  state: ThreadState,
  command: ReceiveMessages,
  fresh: boolean[],
  open: ChatState | null,
): ThreadRefusal | null {
  for (const [index, message] of command.messages.entries()) {
    const id = message.selected_reply_suggestion_id;
    if (!fresh[index] || id === null) continue;
    if (open === null) return { reason: 'suggestion_without_session', index };
    const suggestion = state.suggestions.get(id);
    if (suggestion?.chat_id !== open.facts.id || suggestion.facts.organization_id !== command.organization_id) {
      return { reason: 'suggestion_not_in_session', index };
    }
  }
  return null;
}

/** The chat of the messages may start with them. */
function refuseLongTexts(
  { messages, encryption }: ReceiveMessages,
  fresh: boolean[],
  open: ChatState | null,
): ThreadRefusal | null {
  const isEncrypted = open === null ? encryption != null : open.facts.encryption !== undefined;
  const index = messages.findIndex(({ body }, place) => isEncrypted && fresh[place] && isTooLongToEncrypt(body));
  return index === -1 ? null : { reason: 'body_too_long_to_encrypt', index };
}

/** The times of an import must follow the order in which messages are stored, joins included. */
function refuseTimes(
  command: ReceiveMessages,
  fresh: boolean[],
  open: ChatState | null,
  context: Context,
): ThreadRefusal | null {
  // What a telephone system has recorded may come in any order. Its clock may be ahead.
  const isSynced = command.host !== undefined;
  let last = isSynced ? Number.NEGATIVE_INFINITY : (open?.facts.newest_message_at ?? Number.NEGATIVE_INFINITY);
  for (const [index, message] of command.messages.entries()) {
    if (!fresh[index]) continue;
    const at = message.created_at ?? context.now;
    if (at > context.now + (isSynced ? CLOCKS_DIFFER_BY : 0)) return { reason: 'created_at_in_future', index };
    if (message.created_at !== null && at < last) return { reason: 'created_at_out_of_order', index };
    if (!isSynced) last = Math.max(last, at);
  }
  return null;
}

/**
 * Starts a session: in a new thread with a new visitor, or in a thread whose last session has ended, with the same
 * visitor.
 */
function startSession(recorder: EventRecorder, command: ReceiveMessages, context: Context): string {
  const before = recorder.state.thread;
  const chatId = chatIdAt(recorder.state.name, context.now);
  const { identity, database, organization_id } = command;
  // The thread of a purged visitor hides its identity. Its next message opens it again, with another visitor.
  const isPurged = before !== null && before.identity !== identityText(identity);
  const visitorId = (isPurged ? null : before?.visitor_id) ?? context.newVisitorId();
  if (before === null || isPurged) {
    openThread(recorder, chatId, {
      identity,
      database,
      organization_id,
      visitor_id: visitorId,
      room_id: command.room.id,
    });
  }
  recorder.emit(chatId, {
    type: 'chat_started',
    chat_type: 'external',
    room: command.room,
    organization_id: command.room.organization_id,
    visitor_id: visitorId,
    is_private: command.is_private,
    lifetime: ENDLESS,
    ...encryptionOf(recorder, command),
  });
  const isKnown = before !== null && !isPurged;
  setVariables(
    recorder,
    chatId,
    isKnown ? command : { variables: { ...command.host?.variables, ...command.variables } },
  );
  const name = recorder.state.thread?.visitor_name ?? null;
  recorder.emit(chatId, { type: 'member_added', member: visitorMember(visitorId, name, context.now) });
  return chatId;
}

/** Whether the request has new keys above the quota. Known keys may change always. */
function exceedsVariables({ variable_keys }: ThreadState, { variables }: ReceiveMessages, limit: number): boolean {
  const added = Object.keys(variables).filter((key) => !variable_keys.known.has(key)).length;
  return added > 0 && variable_keys.count + added > limit;
}

/** A telephone system tells the contact's name with each message. */
function withoutKnownName({ thread }: ThreadState, { variables }: ReceiveMessages): Pick<ReceiveMessages, 'variables'> {
  const { username, ...others } = variables;
  return { variables: username === undefined || username === thread?.visitor_name ? others : variables };
}

/** Records variables, as several events if they are many or long: the platform stores no row above 2 MB. */
function setVariables(recorder: EventRecorder, chatId: string, command: Pick<ReceiveMessages, 'variables'>): void {
  const visitorId = recorder.state.thread?.visitor_id ?? null;
  if (visitorId === null) return;
  for (const variables of variablesByEvent(command.variables)) {
    recorder.emit(chatId, { type: 'variables_set', visitor_id: visitorId, variables });
  }
}

function variablesByEvent(variables: Record<string, string>): Record<string, string>[] {
  const parts: [string, string][][] = [];
  let size = 0;
  for (const entry of Object.entries(variables)) {
    const bytes = Buffer.byteLength(JSON.stringify(entry));
    const part = parts.at(-1);
    if (part === undefined || part.length === VARIABLES_IN_AN_EVENT || size + bytes > VARIABLES_BYTES) {
      parts.push([entry]);
      size = bytes;
    } else {
      part.push(entry);
      size += bytes;
    }
  }
  return parts.map((part) => Object.fromEntries(part));
}

function addIncoming(
  recorder: EventRecorder,
  chatId: string,
  command: ReceiveMessages,
  message: IncomingMessage,
): { id: string; seq: number } {
  const { user } = message;
  if (user !== null && memberIn(recorder.chat(chatId), user.id) === undefined) {
    const comes = { is_participating: false, is_present: false };
    recorder.emit(chatId, { type: 'member_added', member: userMember(user, recorder.context.now, comes) });
  }
  const seq = recorder.nextSeq;
  const content = {
    type: message.call === undefined ? ('msg' as const) : ('call_ended' as const),
    created_at: Math.min(message.created_at ?? recorder.context.now, recorder.context.now),
    message: message.call === undefined ? message.body : null,
    external_sender_id: user?.id === message.sender_id ? null : message.sender_id,
    ...(message.lang === undefined ? {} : { lang: message.lang }),
    ...(message.subject === undefined ? {} : { subject: message.subject }),
    external_message_id: message.message_id,
    selected_reply_suggestion: selectedSuggestion(recorder.state, message.selected_reply_suggestion_id),
    ...attached(message.attachments, recorder.context),
    ...(message.call === undefined ? {} : { call: message.call }),
  };
  const sender = user === null ? visitorAsSender(recorder.state) : userAsSender(user);
  const { id } = addMessage(recorder, chatId, sender, content, {
    is_waiting: keepsWaiting(command, message)
      ? recorder.chat(chatId).facts.is_waiting
      : message.sender_type === 'visitor',
    origin: command.routing.receiver,
    is_silent: command.skip_webhooks || command.messages.some((each) => each.created_at !== null),
  });
  return { id, seq };
}

/** The record of a call, and a message of an earlier time that was recorded, waits for nobody and answers nobody. */
function keepsWaiting({ skip_waiting_state, host }: ReceiveMessages, { created_at, call }: IncomingMessage): boolean {
  return skip_waiting_state || call !== undefined || (host !== undefined && created_at !== null);
}

function mappingOf(state: ThreadState): string {
  if (state.thread === null) throw new Error('messages were received in a thread that was never opened');
  return state.thread.mapping_id;
}

function placeOf(place: ReceivedBefore | undefined): ReceivedBefore {
  if (place === undefined) throw new Error('a message of the request is neither new nor known');
  return place;
}

function keyAt(keys: string[], index: number): string {
  const key = keys[index];
  if (key === undefined) throw new Error('more messages than keys');
  return key;
}
