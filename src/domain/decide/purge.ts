import type { Purge, Purged } from '../commands.ts';
import type { ThreadState } from '../state.ts';
import { endChat } from './chat-lifecycle.ts';
import { chatRef } from './find-chat.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/**
 * Purges a chat (Chats API, `sensitive_data_purged_at`), or forgets its key (`message`: "null if the server cannot decrypt
 * the message any more"). The object rewrites the earlier events afterwards. The chat of
 * a purged visitor ends: nobody is there to be answered, and a new message begins with another visitor.
 */
export function purge(state: ThreadState, command: Purge, context: Context): Decision<Purged> {
  const { chat_id, organization_id, covers } = command;
  const chat = state.chats.get(chat_id);
  if (chat === undefined || state.thread?.organization_id !== organization_id)
    return refuse({ reason: 'chat_not_found' });
  if (state.answered !== null) return unchanged(state, { chat: chatRef(chat) });
  const recorder = new EventRecorder(state, context);
  const before = covers === 'messages' ? command.before : null;
  recorder.emit(chat_id, { type: 'purged', covers, before });
  // After the purge, so that what is told of the end is purged already.
  if (covers === 'visitor' && chat.facts.ended_at === null) endChat(recorder, chat_id);
  return accept(recorder, { chat: chatRef(chat) });
}
