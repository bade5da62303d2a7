import { createHash } from 'node:crypto';
import { parseUuidVersion7, type Tail, uuidVersion7 } from '../resources/uuid.ts';

/**
 * Addresses. A thread's identity is the thing within which at most one session is open. 74 bits of its SHA-256
 * name the thread's object, and the same bits are the random bits of each of its chats' ids: a chat id is its address.
 */
export type ThreadIdentity =
  | { kind: 'channel'; channel_id: string; thread_id: string }
  | { kind: 'visitor'; room_id: string; visitor_id: string }
  | { kind: 'chat'; id: string };

/** The identity as one string; the object keeps it and checks it, because 74 bits of a hash can meet by accident. */
export function identityText(identity: ThreadIdentity): string {
  switch (identity.kind) {
    case 'channel':
      return `channel/${identity.channel_id}/${identity.thread_id}`;
    case 'visitor':
      return `visitor/${identity.room_id}/${identity.visitor_id}`;
    case 'chat':
      return `chat/${identity.id}`;
  }
}

/** The name of an identity's object: 19 hex digits, 12 bits and then 62 bits. */
export function threadName(identity: ThreadIdentity): string {
  const digest = createHash('sha256').update(identityText(identity)).digest();
  return nameOfTail({
    high12: digest.readUInt16BE(0) & 0xfff,
    low62: digest.readBigUInt64BE(2) & ((1n << 62n) - 1n),
  });
}

/** The name of the object that a chat id leads to; null when the id is no UUID version 7 and so names no chat of ours. */
export function threadNameOfChat(chatId: string): string | null {
  const parsed = parseUuidVersion7(chatId);
  return parsed === null ? null : nameOfTail(parsed.tail);
}

/** Id of a chat of the thread, started at `at` (ms). */
export function chatIdAt(threadName: string, at: number): string {
  return uuidVersion7(at, tailOfName(threadName));
}

/**
 * Id of what an event made (a message, a suggestion): the time, 42 bits of the thread's address and the event's `seq`,
 * so that it is found in the log without an index. `seq` has 32 bits.
 */
export function resourceIdAt(threadName: string, at: number, seq: number): string {
  const { high12, low62 } = tailOfName(threadName);
  return uuidVersion7(at, { high12, low62: ((low62 >> 32n) << 32n) | BigInt(seq) });
}

/** The `seq` inside a resource's id; null when the id cannot be one of ours. */
export function seqOfResource(id: string): number | null {
  const parsed = parseUuidVersion7(id);
  return parsed === null ? null : Number(parsed.tail.low62 & 0xffffffffn);
}

function nameOfTail(tail: Tail): string {
  return tail.high12.toString(16).padStart(3, '0') + tail.low62.toString(16).padStart(16, '0');
}

function tailOfName(name: string): Tail {
  return { high12: Number.parseInt(name.slice(0, 3), 16), low62: BigInt(`0x${name.slice(3)}`) };
}
