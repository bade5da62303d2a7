import type { ChatUpdated, UpdateChat } from '../commands.ts';
import { type Context, Draft } from '../draft.ts';
import type { ThreadState } from '../state.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/** A member ends a chat, or its waiting (seed 001, End a chat). Ending an ended chat changes nothing. */
export function updateChat(state: ThreadState, command: UpdateChat, context: Context): Decision<ChatUpdated> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  if (!chat.members.has(command.actor.id)) return refuse({ reason: 'not_a_member' });
  const isEnded = chat.facts.ended_at !== null;
  if (state.answered !== null) return unchanged(state, { chat: chat.facts });
  if (command.is_waiting === false && isEnded) return refuse({ reason: 'waiting_of_ended_chat' });

  const draft = new Draft(state, context);
  if (command.is_ended && !isEnded) draft.emit(command.chat_id, { type: 'chat_ended' });
  else if (command.is_waiting === false && chat.facts.is_waiting) {
    draft.emit(command.chat_id, { type: 'waiting_ended' });
  }
  return accept(draft, { chat: draft.state.chats.get(command.chat_id)?.facts ?? chat.facts });
}
