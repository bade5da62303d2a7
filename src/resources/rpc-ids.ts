/**
 * Ids as JSON-RPC has them. An organization or a user is 20 digits, which are 1 and its number (directory/numbers.ts).
 * Sessions and messages are 13 digits of ms, a hyphen and 18 hex digits, which lead to the hub's own ids without a table:
 * of the 74 bits of a UUID version 7 a session keeps 72, since the names of such threads end with two zeros
 * (domain/address.ts); a message keeps the 42 bits of its thread and 25 of the 32 bits of its `seq`, which are more events
 * than an object can hold. 5 bits are the place of a part: a message of a text and files goes out as several.
 */

import { parseUuidVersion7, uuidVersion7 } from './uuid.ts';

const TIMED_ID = /^(\d{13})-([0-9a-f]{18})$/;
/** Highest time (ms) of a UUID version 7 that has 13 digits. */
const HIGHEST_TIME = 9_999_999_999_999;

/** The id of a session: of a chat in a thread with a short name. Null for any other chat. */
export function sessionIdOf(chatId: string): string | null {
  const parsed = parseUuidVersion7(chatId);
  if (parsed === null || parsed.at > HIGHEST_TIME || (parsed.tail.low62 & 0b11n) !== 0n) return null;
  return timedId(parsed.at, (BigInt(parsed.tail.high12) << 60n) | (parsed.tail.low62 >> 2n));
}

/** The chat of a session; null when the text is no id of one. Upper case is accepted. */
export function chatIdOfSession(sessionId: string): string | null {
  const parsed = parseTimedId(sessionId);
  if (parsed === null) return null;
  const { at, bits } = parsed;
  return uuidVersion7(at, { high12: Number(bits >> 60n), low62: (bits & ((1n << 60n) - 1n)) << 2n });
}

const SEQ_BITS = 25n;
const PART_BITS = 5n;

/** The id of a message, or of one of its parts (0 to 31). Null when it cannot be told in this form. */
export function shortMessageId(messageId: string, part = 0): string | null {
  const parsed = parseUuidVersion7(messageId);
  if (parsed === null || parsed.at > HIGHEST_TIME) return null;
  const { high12, low62 } = parsed.tail;
  const seq = low62 & 0xffffffffn;
  if (seq >= 1n << SEQ_BITS) return null;
  const place = (BigInt(part) << SEQ_BITS) | seq;
  return timedId(parsed.at, (BigInt(high12) << 60n) | ((low62 >> 32n) << (PART_BITS + SEQ_BITS)) | place);
}

/** The hub's id of such a message, or of the one that has such a part; null when the text is none. */
export function messageIdOfShort(text: string): string | null {
  return partOfShort(text)?.message_id ?? null;
}

/** The message and the place of the part that has such an id; null when the text is none. */
export function partOfShort(text: string): { message_id: string; part: number } | null {
  const parsed = parseTimedId(text);
  if (parsed === null) return null;
  const { at, bits } = parsed;
  const address = (bits >> (PART_BITS + SEQ_BITS)) & ((1n << 30n) - 1n);
  const seq = bits & ((1n << SEQ_BITS) - 1n);
  const part = Number((bits >> SEQ_BITS) & ((1n << PART_BITS) - 1n));
  return { message_id: uuidVersion7(at, { high12: Number(bits >> 60n), low62: (address << 32n) | seq }), part };
}

function timedId(at: number, bits: bigint): string {
  return `${String(at).padStart(13, '0')}-${bits.toString(16).padStart(18, '0')}`;
}

function parseTimedId(text: string): { at: number; bits: bigint } | null {
  const [, at, bits] = TIMED_ID.exec(text.toLowerCase()) ?? [];
  return at === undefined || bits === undefined ? null : { at: Number(at), bits: BigInt(`0x${bits}`) };
}

const DIGITS = 19;
const NUMERIC_ID = new RegExp(`^1(\\d{${DIGITS}})$`);

/** The id of the organization or user with a number. */
export function numericId(number: number): string {
  return `1${String(number).padStart(DIGITS, '0')}`;
}

/** The number in such an id; null for any other text. */
export function numberOfId(text: string): number | null {
  const [, digits] = NUMERIC_ID.exec(text) ?? [];
  const number = digits === undefined ? null : Number(digits);
  return number === null || !Number.isSafeInteger(number) || number === 0 ? null : number;
}
