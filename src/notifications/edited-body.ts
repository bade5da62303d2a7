import type { MessageFacts } from '../resources/message.ts';

/**
 * The body of a webhook with the present text of its message, in the form of each interface. The same text when the body
 * has none of it.
 */
export function withPresentText(body: string, { message, encrypted_message }: MessageFacts): string {
  const told = JSON.parse(body) as { [key: string]: unknown };
  const resource = told['message'] ?? told['resource'];
  if (isObject(resource) && 'message' in resource) {
    const ciphertext = 'encrypted_message' in resource ? { encrypted_message } : {};
    Object.assign(resource, { message, is_edited: true, ...ciphertext });
  } else if (isObject(told['event_data'])) Object.assign(told['event_data'], { body: message ?? '' });
  else if (isObject(told['params']) && told['params']['type'] !== FILE) {
    Object.assign(told['params'], { content: message ?? '' });
  } else return body;
  return JSON.stringify(told);
}

/** A part of a message of JSON-RPC that is a file. */
const FILE = 2;

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
