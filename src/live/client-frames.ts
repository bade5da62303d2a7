import { isUuid } from '../resources/uuid.ts';

/** What a client may send over its socket (docs/live.md). The runtime answers `ping` itself. */
export type ClientFrame =
  | { type: 'subscribe'; channels: string[]; after: number | null }
  | { type: 'unsubscribe'; channels: string[] }
  /**
   * The socket gets what this client of its user carries in `subscribed_channels`, now and after each change. `isAgain`:
   * the client has changed.
   */
  | { type: 'follow'; client_id: string; after: number | null; isAgain?: true }
  | { type: 'ack'; number: number };

/** Longest frame in bytes of UTF-8. */
export const LONGEST_FRAME = 256 * 1024;

type Fields = { [field: string]: unknown };

/** Reads a client's frame: the frame, or what is wrong with it. Unknown fields are ignored. */
export function readClientFrame(data: string | ArrayBuffer): { frame: ClientFrame } | { problem: string } {
  if (typeof data !== 'string') return { problem: 'Frames must be text, not binary.' };
  if (data.length > LONGEST_FRAME || new TextEncoder().encode(data).byteLength > LONGEST_FRAME) {
    return { problem: `A frame must have no more than ${LONGEST_FRAME} bytes.` };
  }
  const fields = parseObject(data);
  if (fields === null) return { problem: 'A frame must be a JSON object.' };
  switch (fields['type']) {
    case 'subscribe':
      return readSubscribe(fields);
    case 'follow':
      return readFollow(fields);
    case 'unsubscribe': {
      const channels = readTopics(fields);
      return channels === null ? { problem: CHANNELS } : { frame: { type: 'unsubscribe', channels } };
    }
    case 'ack': {
      const { number } = fields;
      return isNumber(number) ? { frame: { type: 'ack', number } } : { problem: NUMBER('number') };
    }
    default:
      return { problem: 'The type of a frame must be "subscribe", "unsubscribe", "follow" or "ack".' };
  }
}

function readSubscribe(fields: Fields): { frame: ClientFrame } | { problem: string } {
  const channels = readTopics(fields);
  if (channels === null) return { problem: CHANNELS };
  const after = fields['after'] ?? null;
  if (after !== null && !isNumber(after)) return { problem: NUMBER('after') };
  return { frame: { type: 'subscribe', channels, after } };
}

function readFollow(fields: Fields): { frame: ClientFrame } | { problem: string } {
  const client_id = typeof fields['client_id'] === 'string' ? fields['client_id'].toLowerCase() : '';
  if (!isUuid(client_id)) return { problem: '"client_id" must be the id of a client.' };
  const after = fields['after'] ?? null;
  if (after !== null && !isNumber(after)) return { problem: NUMBER('after') };
  return { frame: { type: 'follow', client_id, after } };
}

const CHANNELS = '"channels" must be a list of one or more strings.';
const NUMBER = (field: string) => `"${field}" must be a number that the hub has sent.`;

function readTopics({ channels }: Fields): string[] | null {
  if (!Array.isArray(channels) || channels.length === 0) return null;
  return channels.every((each) => typeof each === 'string') ? channels : null;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}
