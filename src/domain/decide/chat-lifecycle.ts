import { ENDLESS, endsAt } from '../../resources/chat.ts';
import { isOpenInvitation } from '../../resources/invitation.ts';
import { chatIdAt, identityText, isHidden, type ThreadIdentity } from '../address.ts';
import type {
  ChatOpened,
  ChatUpdated,
  OpenVisitorChat,
  OverdueChatsEnded,
  RenameVisitor,
  StartUserChat,
  ThreadClosed,
  UpdateChat,
  VisitorRenamed,
} from '../commands.ts';
import { type ChatEncryption, type EncryptionSetting, newChatKey } from '../encryption.ts';
import { visitorName } from '../evolve.ts';
import { hasNoRoom, userAsSender, visitorMember } from '../members.ts';
import { type ChatState, openChat, type ThreadState } from '../state.ts';
import { findChat } from './find-chat.ts';
import { secondsToWait } from './limits.ts';
import { hasPresentAgent, memberOf, setMembership, setVisitorMembership } from './memberships.ts';
import { addMessage } from './messages.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/**
 * Opens a chat with a visitor: the open session of the visitor's thread, which the user joins, or a new one (Chats API,
 * Create a new chat with a visitor in a room). The visitor may send the command too.
 */
export function openVisitorChat(state: ThreadState, command: OpenVisitorChat, context: Context): Decision<ChatOpened> {
  if (!isVisitorsThread(state, command)) return refuse({ reason: 'chat_not_found' });
  const recorder = new EventRecorder(state, context);
  if (state.answered !== null) {
    const { facts } = recorder.chat(state.answered.chat_id);
    return unchanged(state, { chat: facts, is_new: facts.created_at === state.answered.at });
  }
  const open = openChat(state);
  const { actor, is_present } = command;
  if (open !== null && actor !== null) {
    // The channel has moved to another room since. The right to join that room's chats says nothing about this one.
    const isElsewhere = !isInRoom(open, command);
    if (isElsewhere || (command.is_kept_out && hasPresentAgent(open, actor.id)))
      return refuse({ reason: 'chat_taken' });
    if (hasNoRoom(open, actor.id)) return refuse({ reason: 'too_many_members' });
  }

  const seconds = open === null ? secondsToWait(state.counted, command.limit, context.now) : null;
  if (seconds !== null) return refuse({ reason: 'too_many_chats', seconds });

  const chatId = open === null ? startSession(recorder, command) : open.facts.id;
  if (actor !== null) setMembership(recorder, chatId, actor, { is_participating: true, is_present });
  else joinAsVisitor(recorder, chatId, command);
  return accept(recorder, { chat: recorder.chat(chatId).facts, is_new: open === null });
}

/** The visitor joins under their current name. */
function joinAsVisitor(
  recorder: EventRecorder,
  chatId: string,
  { visitor_id, visitor_name, is_present }: OpenVisitorChat,
): void {
  const name = visitorName(visitor_name);
  const isRenamed = name !== null && name !== recorder.state.thread?.visitor_name;
  if (isRenamed) recorder.emit(chatId, { type: 'visitor_named', visitor_id, name });
  const { last_seen_at } = memberOf(recorder.chat(chatId), visitor_id);
  setVisitorMembership(recorder, chatId, visitor_id, { is_participating: true, is_present, last_seen_at });
}

/**
 * Whether the thread is this visitor's: a new one with their identity, or the one that holds their chat in this room.
 */
function isVisitorsThread(state: ThreadState, command: OpenVisitorChat): boolean {
  if (state.thread === null) return command.identity !== null;
  // Nobody is at the other end of a purged channel's thread until its source writes again, as another visitor.
  if (state.thread.visitor_id !== command.visitor_id || isHidden(state.thread.thread_id)) return false;
  return command.chat_id === null || isInRoom(state.chats.get(command.chat_id), command);
}

function isInRoom(chat: ChatState | undefined, { room }: OpenVisitorChat): boolean {
  return chat?.facts.room?.id === room.id;
}

/**
 * Starts a session in the visitor's thread. In a channel's thread it is a session of the channel, which never ends by
 * itself.
 */
function startSession(recorder: EventRecorder, command: OpenVisitorChat): string {
  const { identity, database, organization_id, room, visitor_id, visitor_name, is_private } = command;
  const { now } = recorder.context;
  const chatId = chatIdAt(recorder.state.name, now);
  const isNew = recorder.state.thread === null;
  if (isNew && identity !== null) {
    openThread(recorder, chatId, { identity, database, organization_id, visitor_id, room_id: room.id });
  }
  const isChannels = recorder.state.thread !== null && recorder.state.thread.channel_id !== null;
  recorder.emit(chatId, {
    type: 'chat_started',
    chat_type: isChannels ? 'external' : command.chat_type,
    room,
    organization_id: room.organization_id,
    visitor_id,
    is_private,
    lifetime: isChannels ? ENDLESS : command.lifetime,
    ...encryptionOf(recorder, command),
  });
  const given = isNew ? visitorName(visitor_name) : null;
  if (given !== null) recorder.emit(chatId, { type: 'visitor_named', visitor_id, name: given });
  const name = recorder.state.thread?.visitor_name ?? null;
  const is_present = command.actor === null && command.is_present;
  recorder.emit(chatId, { type: 'member_added', member: { ...visitorMember(visitor_id, name, now), is_present } });
  const { autosuggestion } = command;
  if (autosuggestion !== undefined) {
    const { sender, message, page } = autosuggestion;
    addMessage(recorder, chatId, userAsSender(sender), { type: 'autosuggest', message }, { page });
  }
  return chatId;
}

/**
 * Starts a chat between users, without a room or a visitor (Chats API, Create a new empty chat for user). Its identity
 * is made for this command, so a thread that exists already was made by the same command.
 */
export function startUserChat(state: ThreadState, command: StartUserChat, context: Context): Decision<ChatOpened> {
  const recorder = new EventRecorder(state, context);
  if (state.thread !== null) {
    return unchanged(state, { chat: recorder.chat(state.thread.current_chat_id).facts, is_new: true });
  }
  const { identity, database, organization_id, actor, is_present } = command;
  const chatId = chatIdAt(state.name, context.now);
  openThread(recorder, chatId, { identity, database, organization_id, visitor_id: null, room_id: null });
  recorder.emit(chatId, {
    type: 'chat_started',
    chat_type: 'operator',
    room: null,
    organization_id,
    visitor_id: null,
    is_private: false,
    lifetime: ENDLESS,
    ...encryptionOf(recorder, command),
  });
  setMembership(recorder, chatId, actor, { is_participating: true, is_present });
  return accept(recorder, { chat: recorder.chat(chatId).facts, is_new: true });
}

/** A key for a chat that starts now, if the organization has its chats encrypted. */
export function encryptionOf(
  { context }: EventRecorder,
  { encryption }: { encryption?: EncryptionSetting | null },
): { encryption?: ChatEncryption } {
  return encryption == null ? {} : { encryption: newChatKey(encryption, context.randomBytes) };
}

/** The facts that a thread keeps for its whole life. */
export type NewThread = {
  identity: ThreadIdentity;
  database: string;
  organization_id: string;
  visitor_id: string | null;
  room_id: string | null;
};

/** Opens a thread, new or purged; `chatId` is the chat that starts in it. */
export function openThread(recorder: EventRecorder, chatId: string, { identity, ...rest }: NewThread): void {
  recorder.emit(chatId, {
    type: 'thread_opened',
    ...rest,
    identity: identityText(identity),
    mapping_id: recorder.state.thread?.mapping_id ?? recorder.context.newMappingId(),
    channel: identity.kind === 'channel' ? { channel_id: identity.channel_id, thread_id: identity.thread_id } : null,
  });
}

/**
 * Renames the thread's visitor, or takes their name away, in the open session and in later ones. Earlier messages keep
 * the name they were sent under.
 */
export function renameVisitor(state: ThreadState, command: RenameVisitor, context: Context): Decision<VisitorRenamed> {
  const { thread } = state;
  const isTheirs = thread !== null && thread.visitor_id === command.visitor_id && state.chats.has(command.chat_id);
  if (!isTheirs) return refuse({ reason: 'chat_not_found' });
  const name = visitorName(command.name);
  if (state.answered !== null || name === thread.visitor_name) return unchanged(state, { name });

  const recorder = new EventRecorder(state, context);
  const variables = { username: name === null ? null : command.name };
  recorder.emit(thread.current_chat_id, { type: 'variables_set', visitor_id: command.visitor_id, variables });
  return accept(recorder, { name });
}

/**
 * Ends a chat, or its waiting (Chats API, End a chat; Change a chat to not waiting status). Ending an ended chat
 * changes nothing.
 */
export function updateChat(state: ThreadState, command: UpdateChat, context: Context): Decision<ChatUpdated> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const { facts } = found.chat;
  const isEnded = facts.ended_at !== null;
  if (state.answered !== null) return unchanged(state, { chat: facts });
  if (command.is_waiting === false && isEnded) return refuse({ reason: 'waiting_of_ended_chat' });

  const recorder = new EventRecorder(state, context);
  if (command.is_ended && !isEnded) endChat(recorder, command.chat_id);
  else if (command.is_waiting === false && facts.is_waiting) recorder.emit(command.chat_id, { type: 'waiting_ended' });
  return accept(recorder, { chat: recorder.chat(command.chat_id).facts });
}

/** Ends the open session. Repeating it changes nothing (UMI documentation, 2.2). */
export function closeThread(state: ThreadState, context: Context): Decision<ThreadClosed> {
  if (state.thread === null) return refuse({ reason: 'thread_not_found' });
  // A retry must not end a session that has opened since.
  if (state.answered !== null) return unchanged(state, { chat_id: state.answered.chat_id, was_open: true });
  const chat_id = state.thread.current_chat_id;
  const open = openChat(state);
  if (open === null) return unchanged(state, { chat_id, was_open: false });
  const recorder = new EventRecorder(state, context);
  endChat(recorder, chat_id);
  return accept(recorder, { chat_id, was_open: true });
}

/** Ends the open session when its lifetime is over (Chats API, chat_type). */
export function endOverdueChats(state: ThreadState, context: Context): Decision<OverdueChatsEnded> {
  if (state.answered !== null) return unchanged(state, { ended: 1 });
  const open = openChat(state);
  const due = open === null ? null : endsAt(open.facts);
  if (open === null || due === null || due > context.now) return unchanged(state, { ended: 0 });
  const recorder = new EventRecorder(state, context);
  endChat(recorder, open.facts.id);
  return accept(recorder, { ended: 1 });
}

/** Ends an open chat. Invitations that nobody has accepted expire with it (Chats API, Chat invitations). */
export function endChat(recorder: EventRecorder, chatId: string): void {
  for (const { facts } of recorder.chat(chatId).invitations.values()) {
    if (isOpenInvitation(facts)) recorder.emit(chatId, { type: 'invitation_expired', invitation_id: facts.id });
  }
  recorder.emit(chatId, { type: 'chat_ended' });
}
