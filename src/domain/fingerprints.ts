import { createHash } from 'node:crypto';
import type { IncomingMessage, ReceiveMessages } from './commands.ts';

/**
 * Fingerprint of a received message: its `message_id` in this thread with its sender and body. The same id with other
 * content is another message.
 */
export function messageKey(
  message: Pick<IncomingMessage, 'message_id' | 'sender_type' | 'sender_id' | 'body'>,
): string {
  return fingerprint([message.message_id, message.sender_type, message.sender_id, message.body]);
}

/**
 * Fingerprint of a whole request, with the order of its messages and its options. A repeat with the same fingerprint
 * gets the same answer.
 */
export function requestKey(command: ReceiveMessages): string {
  const { messages, skip_waiting_state, close_session, skip_webhooks, variables } = command;
  return fingerprint([
    messages.map(({ key, created_at, selected_reply_suggestion_id }) => [
      key,
      created_at,
      selected_reply_suggestion_id,
    ]),
    skip_waiting_state,
    close_session,
    skip_webhooks,
    Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

/**
 * The command with the fingerprints of its messages as its thread stores them: with the thread's random salt, so that a
 * guessed text cannot be looked for in all threads at once. Null: a thread of an earlier program, which has no salt.
 */
export function withSalt(command: ReceiveMessages, salt: string | null): ReceiveMessages {
  if (salt === null) return command;
  const messages = command.messages.map((message) => ({ ...message, key: saltedKey(message.key, salt) }));
  return { ...command, messages };
}

/** A fingerprint as a thread stores it. */
export function saltedKey(key: string, salt: string | null): string {
  return salt === null ? key : fingerprint([salt, key]);
}

function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 27);
}
