import { openChat, type ThreadState } from './state.ts';

/**
 * Whether a visitor's own thread goes because no user has ever answered it, for its chat `chatId`. `never`: a user has
 * taken part, or a later chat decides. `not_yet`: the chat is open, or ended at `before` (ms) or later.
 */
export function fateOf(state: ThreadState, chatId: string, before: number): 'goes' | 'not_yet' | 'never' {
  const { thread } = state;
  if (thread?.is_unanswered !== true || thread.current_chat_id !== chatId) return 'never';
  const ended_at = state.chats.get(chatId)?.facts.ended_at ?? null;
  return openChat(state) === null && ended_at !== null && ended_at < before ? 'goes' : 'not_yet';
}
