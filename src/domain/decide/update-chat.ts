import type { ChatUpdated, UpdateChat } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import type { ThreadState } from '../state.ts';
import { endChat } from './end-chat.ts';
import { findChat } from './find-chat.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/** Ends a chat, or its waiting (seed 001, End a chat; Change a chat to not waiting status). Ending an ended chat changes nothing. */
export function updateChat(state: ThreadState, command: UpdateChat, context: Context): Decision<ChatUpdated> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const { facts } = found.chat;
  const isEnded = facts.ended_at !== null;
  if (state.answered !== null) return unchanged(state, { chat: facts });
  if (command.is_waiting === false && isEnded) return refuse({ reason: 'waiting_of_ended_chat' });

  const draft = new Draft(state, context);
  if (command.is_ended && !isEnded) endChat(draft, command.chat_id);
  else if (command.is_waiting === false && facts.is_waiting) draft.emit(command.chat_id, { type: 'waiting_ended' });
  return accept(draft, { chat: draft.chat(command.chat_id).facts });
}
