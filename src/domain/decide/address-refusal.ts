import { identityText } from '../address.ts';
import type { Command } from '../commands.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ThreadState } from '../state.ts';

/**
 * Why a command has not come to the thread that it means; null when it has. Names of objects can meet by accident, because
 * they are 74 bits of a hash (ENGINE 1). `before` holds what was loaded for the command.
 */
export function addressRefusal(command: Command, before: ThreadState): ThreadRefusal | null {
  const { thread } = before;
  const identity = 'identity' in command ? command.identity : null;
  const isOther = identity !== null && thread !== null && thread.identity !== identityText(identity);
  if (isOther) return { reason: 'thread_not_found' };
  if (identity === null && thread === null) return { reason: 'chat_not_found' };
  // The other commands look for their chat themselves.
  const resumed = command.type === 'open_visitor_chat' ? command.chat_id : null;
  return resumed !== null && !before.chats.has(resumed) ? { reason: 'chat_not_found' } : null;
}
