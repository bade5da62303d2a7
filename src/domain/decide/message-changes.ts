import { type MessageFacts, type MessageStatus, REPORTED_STATES } from '../../resources/message.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { seqOfResource } from '../address.ts';
import type {
  ChatRef,
  DeleteMessage,
  EditMessage,
  MessageChanged,
  MessageStatusReported,
  NoteWebhooks,
  ReportMessageStatus,
} from '../commands.ts';
import { isPurgedIn } from '../redaction.ts';
import type { ThreadRefusal } from '../refusals.ts';
import { type ChatState, isKeyForgotten, type NamedMessage, type ThreadState } from '../state.ts';
import { chatRef, findChatOf } from './find-chat.ts';
import { secondsToWait } from './limits.ts';
import { lengthRefusal } from './messages.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/**
 * Gives a message a new text, also in an ended chat (an extension). The same text again changes nothing. What was made
 * of the earlier text stays: suggestions for it, and whether it ended the waiting.
 */
export function editMessage(state: ThreadState, command: EditMessage, context: Context): Decision<MessageChanged> {
  const found = findOwnMessage(state, command);
  if (!found.ok) return found;
  const { chat, message } = found;
  const ref = chatRef(chat);
  if (state.answered !== null || message.message === command.message) return unchanged(state, { message, chat: ref });
  const refusal = changeRefusal(state, chat, message, ['msg']);
  if (refusal !== null) return refuse(refusal);
  if (message.deleted_at !== undefined) return refuse({ reason: 'message_deleted' });
  if (isKeyForgotten(chat)) return refuse({ reason: 'chat_key_forgotten' });
  const tooLong = lengthRefusal(state, chat, command.message);
  if (tooLong !== null) return refuse(tooLong);
  const seconds = command.by === 'visitor' ? secondsToWait(state.counted, command.limit, context.now) : null;
  if (seconds !== null) return refuse({ reason: 'too_many_messages', seconds });
  const recorder = new EventRecorder(state, context);
  recorder.emit(ref.id, {
    type: 'message_edited',
    message: command.message,
    ...recorder.encrypted(ref.id, command.message),
    ...changeOf(command, message),
  });
  return accept(recorder, changed(recorder, message, ref));
}

/** Deletes a message, also in an ended chat (an extension). A deleted one stays as it is. Counts stay too. */
export function deleteMessage(state: ThreadState, command: DeleteMessage, context: Context): Decision<MessageChanged> {
  const found = findOwnMessage(state, command);
  if (!found.ok) return found;
  const { chat, message } = found;
  const ref = chatRef(chat);
  if (state.answered !== null || message.deleted_at !== undefined) return unchanged(state, { message, chat: ref });
  const refusal = changeRefusal(state, chat, message, ['msg', 'call_ended']);
  if (refusal !== null) return refuse(refusal);
  const recorder = new EventRecorder(state, context);
  const { files } = state.messages.get(message.id) ?? {};
  recorder.emit(ref.id, { type: 'message_deleted', ...files, ...changeOf(command, message) });
  return accept(recorder, changed(recorder, message, ref));
}

/**
 * Notes what a channel reports of messages that it was sent (an extension). A lower state never replaces a higher one,
 * so reports may be repeated and come in any order.
 */
export function reportMessageStatus(
  state: ThreadState,
  command: ReportMessageStatus,
  context: Context,
): Decision<MessageStatusReported> {
  const chat = command.chat_id === null ? undefined : state.chats.get(command.chat_id);
  if (chat === undefined || state.thread?.channel_id !== command.channel_id) {
    return refuse({ reason: command.message_id === null ? 'chat_not_found' : 'message_not_found' });
  }
  const named = [...state.messages.values()];
  const ref = chatRef(chat);
  const answer = ({ messages }: ThreadState): MessageStatusReported => {
    return { message: messages.get(command.message_id ?? '')?.facts ?? null, chat: ref };
  };
  if (command.message_id !== null) {
    const refusal = statusRefusal(chat, named[0]);
    if (refusal !== null) return refuse(refusal);
  }
  if (state.answered !== null) return unchanged(state, answer(state));
  const recorder = new EventRecorder(state, context);
  for (const each of named) {
    if (statusRefusal(chat, each) !== null) continue;
    const { id: message_id, created_at } = each.facts;
    const status = statusAfter(each.facts, { ...command, reason: keptReason(chat, command.reason) }, context.now);
    if (status !== null) recorder.emit(ref.id, { type: 'message_status_changed', message_id, created_at, status });
  }
  const { length } = recorder.events;
  return length === 0 ? unchanged(state, answer(state)) : accept(recorder, answer(recorder.state));
}

/**
 * Notes what became of the webhooks of a message (an extension). What was given up has failed, unless the channel has
 * reported more, or a failure in its own words. A replay with success takes back only what the hub has noted itself. A
 * message that is not there any more, or is purged, stays as it is.
 */
export function noteWebhooks(
  state: ThreadState,
  { chat_id, message_id, given_up }: NoteWebhooks,
  context: Context,
): Decision<MessageStatusReported> {
  const chat = state.chats.get(chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  const ref = chatRef(chat);
  const named = state.messages.get(message_id);
  if (named === undefined || state.answered !== null || statusRefusal(chat, named) !== null) {
    return unchanged(state, { message: named?.facts ?? null, chat: ref });
  }
  const { created_at, status: before } = named.facts;
  const isFailedByHub = before?.by === 'hub';
  const isChanged = given_up === null ? isFailedByHub : !isFailedByHub && (before ?? NOTHING_NOTED).state === 'stored';
  if (!isChanged) return unchanged(state, { message: named.facts, chat: ref });
  const status: MessageStatus =
    given_up === null
      ? NOTHING_NOTED
      : { ...NOTHING_NOTED, state: 'failed', failure_reason: keptReason(chat, given_up.reason), by: 'hub' };
  const recorder = new EventRecorder(state, context);
  recorder.emit(chat_id, { type: 'message_status_changed', message_id, created_at, status });
  return accept(recorder, { message: recorder.state.messages.get(message_id)?.facts ?? null, chat: ref });
}

const NOTHING_NOTED: MessageStatus = { state: 'stored', delivered_at: null, read_at: null, failure_reason: null };

function statusRefusal(chat: ChatState, named: NamedMessage | undefined): ThreadRefusal | null {
  if (named === undefined) return { reason: 'message_not_found' };
  const { type, sender_type } = named.facts;
  if (type !== 'msg' || sender_type !== 'user') return { reason: 'message_not_sent' };
  return isPurged(chat, named) ? { reason: 'message_purged' } : null;
}

/** A reason may quote the text, so it is kept only while the hub has the key of the chat. */
function keptReason(chat: ChatState, reason: string | null): string | null {
  return isKeyForgotten(chat) ? null : reason;
}

/** The status of a message after a report; null when the report changes nothing. */
function statusAfter(
  { status, created_at }: MessageFacts,
  { status: state, at: reported, reason }: ReportMessageStatus,
  now: number,
): MessageStatus | null {
  if (status !== undefined && rankOf(status) >= REPORTED_STATES.indexOf(state)) return null;
  // Clocks of others differ: a message is neither read before it was written nor in the future.
  const at = Math.min(now, Math.max(created_at, reported ?? now));
  return {
    state,
    delivered_at: state === 'delivered' ? at : (status?.delivered_at ?? null),
    read_at: state === 'read' ? at : null,
    failure_reason: state === 'failed' ? reason : null,
  };
}

/** Below every report: nothing, and what the hub itself has noted. */
function rankOf({ state, by }: MessageStatus): number {
  return by === 'hub' || state === 'stored' ? -1 : REPORTED_STATES.indexOf(state);
}

type Found = { ok: true; chat: ChatState; message: MessageFacts };

/** The message of a command, if the chat has it and it is the author's. */
function findOwnMessage(
  state: ThreadState,
  command: EditMessage | DeleteMessage,
): Found | { ok: false; refusal: ThreadRefusal } {
  const found = command.by === 'user' ? findChatOf(state, command) : findChatFor(state, command);
  if (!found.ok) return found;
  const named = state.messages.get(command.message_id);
  if (named === undefined) return refuse({ reason: 'message_not_found' });
  const { facts: message } = named;
  if (!isAuthor(command, message)) {
    return refuse({ reason: message.purged === undefined ? 'message_of_other' : 'message_purged' });
  }
  return { ok: true, chat: found.chat, message };
}

function findChatFor(
  state: ThreadState,
  command: Exclude<EditMessage | DeleteMessage, { by: 'user' }>,
): { ok: true; chat: ChatState } | { ok: false; refusal: ThreadRefusal } {
  const chat = command.chat_id === null ? undefined : state.chats.get(command.chat_id);
  const isTheirs =
    command.by === 'visitor'
      ? chat?.facts.visitor_id === command.visitor_id
      : state.thread?.channel_id === command.channel_id;
  return chat !== undefined && isTheirs ? { ok: true, chat } : refuse({ reason: 'chat_not_found' });
}

/** A channel has brought what has the id of a message of its own. */
function isAuthor(command: EditMessage | DeleteMessage, message: MessageFacts): boolean {
  switch (command.by) {
    case 'user':
      return message.sender_type === 'user' && message.sender_id === command.actor.id;
    case 'visitor':
      return message.sender_type === 'visitor';
    case 'channel':
      return message.external_message_id !== null;
  }
}

function changeRefusal(
  state: ThreadState,
  chat: ChatState,
  message: MessageFacts,
  types: readonly MessageFacts['type'][],
): ThreadRefusal | null {
  const named = state.messages.get(message.id);
  if (!types.includes(message.type)) return { reason: 'message_fixed' };
  return named !== undefined && isPurged(chat, named) ? { reason: 'message_purged' } : null;
}

/** Whether a message is purged, or will be as soon as the purge of its chat has come to it. */
function isPurged({ facts }: ChatState, { facts: message }: NamedMessage): boolean {
  if (message.purged !== undefined || facts.purged_at !== undefined) return true;
  return isPurgedIn(facts, seqOfResource(message.id) ?? 0, message.created_at);
}

function changeOf(command: EditMessage | DeleteMessage, { id, created_at }: MessageFacts) {
  const origin = command.by === 'channel' ? channelReceiver(command.channel_id) : null;
  return { message_id: id, created_at, by: command.by, origin };
}

function changed(recorder: EventRecorder, message: MessageFacts, chat: ChatRef): MessageChanged {
  return { message: recorder.state.messages.get(message.id)?.facts ?? message, chat };
}
