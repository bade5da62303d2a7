import { ENDLESS } from '../../resources/chat.ts';
import { chatIdAt } from '../address.ts';
import type { ChatOpened, OpenVisitorChat } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import { visitorName } from '../evolve.ts';
import { isCrowded, visitorMember } from '../members.ts';
import { type ChatState, openChat, type ThreadState } from '../state.ts';
import { attend, memberOf } from './attend.ts';
import { attendAsVisitor } from './attend-as-visitor.ts';
import { isTaken } from './join-chat.ts';
import { openThread } from './open-thread.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/**
 * A chat with a visitor: the open session of the visitor's thread, which the user joins, or a new one in it (seed
 * 001, Create a new chat with a visitor in a room). The visitor himself may ask for it too (protocol.md 2.4).
 */
export function openVisitorChat(state: ThreadState, command: OpenVisitorChat, context: Context): Decision<ChatOpened> {
  if (!isVisitorsThread(state, command)) return refuse({ reason: 'chat_not_found' });
  const draft = new Draft(state, context);
  if (state.answered !== null) {
    const { facts } = draft.chat(state.answered.chat_id);
    return unchanged(state, { chat: facts, is_new: facts.created_at === state.answered.at });
  }
  const open = openChat(state);
  const { actor, is_present } = command;
  if (open !== null && actor !== null) {
    // His channel was moved to another room since, and who is let into this room need not be let into that one.
    const isElsewhere = !isInRoom(open, command);
    if (isElsewhere || (command.is_kept_out && isTaken(open, actor.id))) return refuse({ reason: 'chat_taken' });
    if (isCrowded(open, actor.id)) return refuse({ reason: 'too_many_members' });
  }

  const chatId = open === null ? startSession(draft, command) : open.facts.id;
  if (actor !== null) attend(draft, chatId, actor, { is_participating: true, is_present });
  else comeAsVisitor(draft, chatId, command);
  return accept(draft, { chat: draft.chat(chatId).facts, is_new: open === null });
}

/** The visitor himself takes part, under the name that he has by now. */
function comeAsVisitor(draft: Draft, chatId: string, { visitor_id, visitor_name, is_present }: OpenVisitorChat): void {
  const name = visitorName(visitor_name);
  const isRenamed = name !== null && name !== draft.state.thread?.visitor_name;
  if (isRenamed) draft.emit(chatId, { type: 'variables_set', visitor_id, variables: { username: visitor_name } });
  const { last_seen_at } = memberOf(draft.chat(chatId), visitor_id);
  attendAsVisitor(draft, chatId, visitor_id, { is_participating: true, is_present, last_seen_at });
}

/** Whether the thread is this visitor's: a new one under his identity, or the one that the chat in his room led to. */
function isVisitorsThread(state: ThreadState, command: OpenVisitorChat): boolean {
  if (state.thread === null) return command.identity !== null;
  if (state.thread.visitor_id !== command.visitor_id) return false;
  return command.chat_id === null || isInRoom(state.chats.get(command.chat_id), command);
}

function isInRoom(chat: ChatState | undefined, { room }: OpenVisitorChat): boolean {
  return chat?.facts.room?.id === room.id;
}

/** A session in the visitor's thread; one in a channel's thread is the channel's, whose sessions have no end of their own. */
function startSession(draft: Draft, command: OpenVisitorChat): string {
  const { identity, database, organization_id, room, visitor_id, visitor_name, is_private } = command;
  const { now } = draft.context;
  const chatId = chatIdAt(draft.state.name, now);
  const isNew = draft.state.thread === null;
  if (isNew && identity !== null) {
    openThread(draft, chatId, { identity, database, organization_id, visitor_id, room_id: room.id });
  }
  const isChannels = draft.state.thread !== null && draft.state.thread.channel_id !== null;
  draft.emit(chatId, {
    type: 'chat_started',
    chat_type: isChannels ? 'external' : command.chat_type,
    room,
    organization_id: room.organization_id,
    visitor_id,
    is_private,
    lifetime: isChannels ? ENDLESS : command.lifetime,
  });
  if (isNew && visitor_name !== null) {
    draft.emit(chatId, { type: 'variables_set', visitor_id, variables: { username: visitor_name } });
  }
  const name = draft.state.thread?.visitor_name ?? null;
  const is_present = command.actor === null && command.is_present;
  draft.emit(chatId, { type: 'member_added', member: { ...visitorMember(visitor_id, name, now), is_present } });
  return chatId;
}
