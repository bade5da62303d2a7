import type { Note } from '../replica/known.ts';
import type { Replica } from '../replica/replica.ts';
import { call } from './call.ts';
import type { Outcome } from './chat-actions.ts';

/**
 * Notes something about a chat for the colleagues. `path`: of the chat. `key`: the same when it is tried again, so that it
 * is noted once.
 */
export async function writeNote(
  replica: Replica,
  path: string,
  chatId: string,
  note: { message: string; mentioned_user_ids: readonly string[] },
  key: string,
): Promise<Outcome> {
  const answer = await call<Note>(`${path}/notes`, { method: 'POST', body: note, idempotencyKey: key });
  if (!answer.ok) return `The note was not saved: ${answer.detail}`;
  replica.tell('notes', chatId, answer.body.id, answer.body);
  return null;
}

/** Deletes one's own note. */
export async function deleteNote(replica: Replica, path: string, { id, chat_id }: Note): Promise<Outcome> {
  const answer = await call(`${path}/notes/${id}`, { method: 'DELETE' });
  if (!answer.ok && answer.status !== 404) return `The note was not deleted: ${answer.detail}`;
  replica.tell('notes', chat_id, id, null);
  return null;
}

/** Where those are whom a note may mention. `path`: of the chat. */
export const mentionablePath = (path: string) => `${path}/mentionable_users`;

/** Tells the hub that the user has seen what mentions them in a chat. Not heard, it is told when the chat is next shown. */
export async function forgetMention(replica: Replica, userId: string, chatId: string): Promise<void> {
  const answer = await call(`/api/v5/users/${userId}/mentions/${chatId}`, { method: 'DELETE' });
  if (answer.ok || answer.status === 404) replica.tellSeen(chatId);
}
