/**
 * Addresses of threads and ids of what they hold. Both are derived from a thread's identity and from positions in
 * its log, so nothing has to be looked up to find a chat or a message. Pure.
 */

import { createHash } from 'node:crypto';
import { parseUuidVersion7, type Tail, uuidVersion7 } from '../resources/uuid.ts';

/**
 * What a thread belongs to: at most one session is open within an identity. 74 bits of its SHA-256 name the thread's
 * object, and the same bits are the random bits of the ids of its chats. So a chat id is an address.
 */
export type ThreadIdentity =
  | {
      kind: 'channel';
      channel_id: string;
      thread_id: string;
      /** The two lowest bits of the name are 0, so that ids of 72 bits lead to it (resources/rpc-ids.ts). */
      has_short_name?: boolean;
    }
  | { kind: 'visitor'; room_id: string; visitor_id: string }
  | { kind: 'chat'; id: string };

/**
 * The identity as one string. The object stores it and compares it, because 74 bits of two hashes can be equal by
 * accident.
 */
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

/** Whether a thread with this identity is a visitor's own, in a room, and not a channel's. */
export function isOfVisitor(identity: string): boolean {
  return identity.startsWith('visitor/');
}

/** Matches no `thread_id` of a source by accident: a digest of the whole identity. */
const HIDDEN = /^sha256:[\w-]{43}$/;

/**
 * What stands for the `thread_id` of a purged thread, which may be an address: a digest, from which a source that knows
 * the `thread_id` finds it. One that is hidden already stays as it is.
 */
export function hiddenThreadId({ channel_id, thread_id }: { channel_id: string; thread_id: string }): string {
  if (isHidden(thread_id)) return thread_id;
  const identity = identityText({ kind: 'channel', channel_id, thread_id });
  return `sha256:${createHash('sha256').update(identity).digest('base64url')}`;
}

/** Whether this is not a source's `thread_id` but what stands for a purged one. */
export function isHidden(thread_id: string | null): boolean {
  return thread_id !== null && HIDDEN.test(thread_id);
}

/** The identity of a purged thread. Only a channel's contains something of the outside source. */
export function hiddenIdentity(identity: string): string {
  const [kind, channel_id, ...rest] = identity.split('/');
  if (kind !== 'channel' || channel_id === undefined) return identity;
  const thread_id = hiddenThreadId({ channel_id, thread_id: rest.join('/') });
  return identityText({ kind, channel_id, thread_id });
}

/** Whether a thread that keeps `stored` has this identity, purged or not. */
export function hasIdentity(stored: string, identity: string): boolean {
  return stored === identity || stored === hiddenIdentity(identity);
}

/** The identity of a thread of a channel. Those of JSON-RPC have short names. */
export function channelIdentity(
  channel: { id: string; kind: 'umi' | 'rpc' | 'threads' },
  thread_id: string,
): Extract<ThreadIdentity, { kind: 'channel' }> {
  const short = channel.kind === 'rpc' ? { has_short_name: true } : {};
  return { kind: 'channel', channel_id: channel.id, thread_id, ...short };
}

/** The name of the object of an identity: 19 hex digits, which are 12 bits followed by 62 bits. */
export function threadName(identity: ThreadIdentity): string {
  const digest = createHash('sha256').update(identityText(identity)).digest();
  const lowest = identity.kind === 'channel' && identity.has_short_name === true ? 0b11n : 0n;
  return nameOfTail({
    high12: digest.readUInt16BE(0) & 0xfff,
    low62: digest.readBigUInt64BE(2) & ((1n << 62n) - 1n) & ~lowest,
  });
}

/**
 * The name of the object to which a chat id leads. Null when the id is not a UUID version 7: then it names no chat of
 * this hub.
 */
export function threadNameOfChat(chatId: string): string | null {
  const parsed = parseUuidVersion7(chatId);
  return parsed === null ? null : nameOfTail(parsed.tail);
}

/** The id of a chat of the thread that starts at `at` (ms). */
export function chatIdAt(threadName: string, at: number): string {
  return uuidVersion7(at, tailOfName(threadName));
}

/**
 * The id of something that an event creates (a message, a suggestion): the time `at` (ms), 42 bits of the thread's
 * address and the event's `seq` (32 bits). The log finds it by `seq`, without an index.
 */
export function resourceIdAt(threadName: string, at: number, seq: number): string {
  const { high12, low62 } = tailOfName(threadName);
  return uuidVersion7(at, { high12, low62: ((low62 >> 32n) << 32n) | BigInt(seq) });
}

/** The `seq` inside the id of a resource. Null when the id cannot be one of this hub's. */
export function seqOfResource(id: string): number | null {
  const parsed = parseUuidVersion7(id);
  return parsed === null ? null : Number(parsed.tail.low62 & 0xffffffffn);
}

/**
 * The first 11 hex digits of the name of the object that holds a resource: the 42 bits of the address that its id keeps.
 * Null when the id cannot be one of this hub's.
 */
export function threadNameStart(resourceId: string): string | null {
  const parsed = parseUuidVersion7(resourceId);
  return parsed === null ? null : nameOfTail(parsed.tail).slice(0, 11);
}

function nameOfTail(tail: Tail): string {
  return tail.high12.toString(16).padStart(3, '0') + tail.low62.toString(16).padStart(16, '0');
}

function tailOfName(name: string): Tail {
  return { high12: Number.parseInt(name.slice(0, 3), 16), low62: BigInt(`0x${name.slice(3)}`) };
}
