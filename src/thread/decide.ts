import type { Command } from './commands.ts';
import { addReplySuggestion } from './decide/add-reply-suggestion.ts';
import { closeThread } from './decide/close-thread.ts';
import { joinChat } from './decide/join-chat.ts';
import type { Decision } from './decide/outcome.ts';
import { postMessage } from './decide/post-message.ts';
import { receiveMessages } from './decide/receive-messages.ts';
import { updateChat } from './decide/update-chat.ts';
import type { Context } from './draft.ts';
import type { ThreadState } from './state.ts';

/**
 * The rules of a thread. Pure: the same state, command and context give the same decision.
 * The state must hold what the command can touch (store/load.ts).
 */
export function decide(state: ThreadState, command: Command, context: Context): Decision {
  switch (command.type) {
    case 'receive_messages':
      return receiveMessages(state, command, context);
    case 'close_thread':
      return closeThread(state, context);
    case 'post_message':
      return postMessage(state, command, context);
    case 'join_chat':
      return joinChat(state, command, context);
    case 'update_chat':
      return updateChat(state, command, context);
    case 'add_reply_suggestion':
      return addReplySuggestion(state, command, context);
  }
}
