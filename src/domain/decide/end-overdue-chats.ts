import { endsAt } from '../../resources/chat.ts';
import type { OverdueChatsEnded } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import { openChat, type ThreadState } from '../state.ts';
import { endChat } from './end-chat.ts';
import { accept, type Decision, unchanged } from './outcome.ts';

/** Ends the open session when its lifetime is over (seed 001, chat_type; DESIGN, "Chats API"). */
export function endOverdueChats(state: ThreadState, context: Context): Decision<OverdueChatsEnded> {
  if (state.answered !== null) return unchanged(state, { ended: 1 });
  const open = openChat(state);
  const due = open === null ? null : endsAt(open.facts);
  if (open === null || due === null || due > context.now) return unchanged(state, { ended: 0 });
  const draft = new Draft(state, context);
  endChat(draft, open.facts.id);
  return accept(draft, { ended: 1 });
}
