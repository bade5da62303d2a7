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
  message: string,
  key: string,
): Promise<Outcome> {
  const answer = await call<Note>(`${path}/notes`, { method: 'POST', body: { message }, idempotencyKey: key });
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
