import type { Message } from '../replica/known.ts';
import type { Replica } from '../replica/replica.ts';
import { call } from './call.ts';
import type { Outcome } from './chat-actions.ts';

const messagePath = (userId: string, chatId: string, messageId: string) =>
  `/api/v5/users/${userId}/chats/${chatId}/messages/${messageId}`;

/** Gives one's own message another text. */
export async function editMessage(
  replica: Replica,
  userId: string,
  chatId: string,
  messageId: string,
  message: string,
): Promise<Outcome> {
  const answer = await call<Message>(messagePath(userId, chatId, messageId), { method: 'PATCH', body: { message } });
  if (!answer.ok) return `The message was not changed: ${answer.detail}`;
  replica.tell('messages', chatId, messageId, answer.body);
  return null;
}

/** Deletes one's own message. Its place stays. */
export async function deleteMessage(
  replica: Replica,
  userId: string,
  chatId: string,
  messageId: string,
): Promise<Outcome> {
  const answer = await call(messagePath(userId, chatId, messageId), { method: 'DELETE' });
  if (!answer.ok) return `The message was not deleted: ${answer.detail}`;
  const gone = { id: messageId, message: null, attachments: [], deleted_at: new Date().toISOString() };
  replica.tell('messages', chatId, messageId, gone);
  return null;
}

/** Reads a message again, for fresh addresses of its files. `path`: of the chat. */
export async function refreshMessage(replica: Replica, path: string, chatId: string, messageId: string): Promise<void> {
  const answer = await call<Message>(`${path}/messages/${messageId}`);
  if (answer.ok) replica.tell('messages', chatId, messageId, answer.body);
}
