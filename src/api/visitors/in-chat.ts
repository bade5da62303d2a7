import type { AnswerOf, Command } from '../../domain/commands.ts';
import type { Query, ReadingOf } from '../../domain/queries.ts';
import type { ThreadRefusal } from '../../domain/refusals.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { type Refused, refuse } from '../../http/refusals.ts';
import type { ChatGrant } from '../../resources/chat-grant.ts';
import { queryThread } from '../../rpc/thread.ts';
import { type Reached, reachChat } from '../reach-chat.ts';
import { refuseThread } from '../refuse-thread.ts';
import { sendCommand } from '../send-command.ts';

/** The grant of a visitor: their own chats, in all rooms. */
export function ownChats(c: AppContext): ChatGrant {
  return { kind: 'visitor', room_id: null, visitor_id: c.var.visitor.id };
}

/** Queries the thread of a chat. The thread checks that the chat is the visitor's. */
export function queryOwnChat<Q extends Query>(c: AppContext, query: Q): Promise<Reached<ReadingOf<Q>>> {
  const call = (thread: string) => queryThread(c.env, c.var.cost, thread, query);
  return reachChat(query.chat_id, call, (refusal) => refusedTo(c, refusal));
}

/** Sends a command to the thread of a chat. The thread checks that the chat is the visitor's. */
export function commandToOwnChat<C extends Command & { chat_id: string }>(
  c: AppContext,
  command: C,
): Promise<Reached<AnswerOf<C>>> {
  const call = (thread: string) => sendCommand(c, thread, command);
  return reachChat(command.chat_id, call, (refusal) => refusedTo(c, refusal));
}

/**
 * Visitors name a message in a field of the payload, so an unknown one is a 400 for that field. Users name it in the
 * path.
 */
function refusedTo(c: AppContext, refusal: ThreadRefusal): Refused {
  if (refusal.reason !== 'message_not_found' || c.req.method !== 'POST') return refuseThread(c, refusal);
  const fields = { response_to_message_id: ['The chat has no such message.'] };
  return refuse(c, { reason: 'invalid', fields });
}
