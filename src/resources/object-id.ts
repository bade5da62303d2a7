import { parseUuidVersion7 } from './uuid.ts';

/** Bits of the `seq` in an object id. */
const SEQ_BITS = 22n;

/**
 * The id of a message in the form of the threads API (24 hex digits): the second in which the id was made (32 bits), the
 * 42 bits of the thread's address and 22 bits of the `seq`. Throws when the id is not a UUID version 7, which no message
 * of the hub has.
 */
export function objectIdOf(messageId: string): string {
  const parsed = parseUuidVersion7(messageId);
  if (parsed === null) throw new Error(`the id of a message is not a UUID version 7: ${messageId}`);
  const { high12, low62 } = parsed.tail;
  const address = (BigInt(high12) << 30n) | (low62 >> 32n);
  const seq = low62 & ((1n << SEQ_BITS) - 1n);
  const second = BigInt(Math.floor(parsed.at / 1000)) & 0xffffffffn;
  return ((second << (42n + SEQ_BITS)) | (address << SEQ_BITS) | seq).toString(16).padStart(24, '0');
}

/**
 * Where the message of an object id is: the first digits of its thread's name (domain/address.ts), and its `seq`. Null
 * for another text.
 */
export function placeOfObjectId(id: string): { thread_prefix: string; seq: number } | null {
  if (!OBJECT_ID.test(id)) return null;
  const bits = BigInt(`0x${id}`);
  const address = (bits >> SEQ_BITS) & ((1n << 42n) - 1n);
  const high = (address >> 30n).toString(16).padStart(3, '0');
  const low = (address & ((1n << 30n) - 1n)).toString(16).padStart(8, '0');
  return { thread_prefix: high + low, seq: Number(bits & ((1n << SEQ_BITS) - 1n)) };
}

const OBJECT_ID = /^[0-9a-f]{24}$/;
