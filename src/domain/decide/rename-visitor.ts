import type { RenameVisitor, VisitorRenamed } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import { visitorName } from '../evolve.ts';
import type { ThreadState } from '../state.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/**
 * Gives the thread's visitor another name, or none: in the open session, and in those that follow (protocol.md 3.2). What he has said
 * keeps the name that he had then.
 */
export function renameVisitor(state: ThreadState, command: RenameVisitor, context: Context): Decision<VisitorRenamed> {
  const { thread } = state;
  const isHis = thread !== null && thread.visitor_id === command.visitor_id && state.chats.has(command.chat_id);
  if (!isHis) return refuse({ reason: 'chat_not_found' });
  const name = visitorName(command.name);
  if (state.answered !== null || name === thread.visitor_name) return unchanged(state, { name });

  const draft = new Draft(state, context);
  const variables = { username: name === null ? null : command.name };
  draft.emit(thread.current_chat_id, { type: 'variables_set', visitor_id: command.visitor_id, variables });
  return accept(draft, { name });
}
