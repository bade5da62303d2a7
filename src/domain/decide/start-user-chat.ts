import { ENDLESS } from '../../resources/chat.ts';
import { chatIdAt } from '../address.ts';
import type { ChatOpened, StartUserChat } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import type { ThreadState } from '../state.ts';
import { attend } from './attend.ts';
import { openThread } from './open-thread.ts';
import { accept, type Decision, unchanged } from './outcome.ts';

/**
 * A new chat between users, without a room and a visitor (seed 001, Create a new empty chat for user). Its identity is made
 * for this very command, so a thread that is there already is the command's own.
 */
export function startUserChat(state: ThreadState, command: StartUserChat, context: Context): Decision<ChatOpened> {
  const draft = new Draft(state, context);
  if (state.thread !== null) {
    return unchanged(state, { chat: draft.chat(state.thread.current_chat_id).facts, is_new: true });
  }
  const { identity, database, organization_id, actor, is_present } = command;
  const chatId = chatIdAt(state.name, context.now);
  openThread(draft, chatId, { identity, database, organization_id, visitor_id: null, room_id: null });
  draft.emit(chatId, {
    type: 'chat_started',
    chat_type: 'operator',
    room: null,
    organization_id,
    visitor_id: null,
    is_private: false,
    lifetime: ENDLESS,
  });
  attend(draft, chatId, actor, { is_participating: true, is_present });
  return accept(draft, { chat: draft.chat(chatId).facts, is_new: true });
}
