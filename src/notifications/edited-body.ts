import type { MessageFacts } from '../resources/message.ts';
import { shortMessageId } from '../resources/rpc-ids.ts';

/**
 * The body of a webhook with the present text of its message, in the form of each interface. The same text when the body
 * has none of it.
 */
export function withPresentText(body: string, { id, message, encrypted_message }: MessageFacts): string {
  const told = JSON.parse(body) as { [key: string]: unknown };
  const resource = told['message'] ?? told['resource'];
  // A webhook of a change has only what it changed: of an encrypted message that is the ciphertext alone.
  if (isObject(resource) && ('message' in resource || 'encrypted_message' in resource)) {
    const text = 'message' in resource ? { message } : {};
    const ciphertext = 'encrypted_message' in resource ? { encrypted_message } : {};
    Object.assign(resource, { ...text, ...ciphertext, is_edited: true });
  } else if (isObject(told['event_data'])) Object.assign(told['event_data'], { body: message ?? '' });
  else if (
    isObject(told['params']) &&
    told['params']['type'] !== FILE &&
    told['params']['messageid'] === shortMessageId(id)
  ) {
    Object.assign(told['params'], { content: message ?? '' });
  } else return body;
  return JSON.stringify(told);
}

/** A part of a message of JSON-RPC that is a file. A text is the first part; a later one has links that found no place. */
const FILE = 2;

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
