import type { ThreadClosed } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import { openChat, type ThreadState } from '../state.ts';
import { endChat } from './end-chat.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/** Ends the open session; a second time changes nothing (seed 000, 2.2). */
export function closeThread(state: ThreadState, context: Context): Decision<ThreadClosed> {
  if (state.thread === null) return refuse({ reason: 'thread_not_found' });
  // A retry must not end the session that has opened meanwhile.
  if (state.answered !== null) return unchanged(state, { chat_id: state.answered.chat_id, was_open: true });
  const chat_id = state.thread.current_chat_id;
  const open = openChat(state);
  if (open === null) return unchanged(state, { chat_id, was_open: false });
  const draft = new Draft(state, context);
  endChat(draft, chat_id);
  return accept(draft, { chat_id, was_open: true });
}
