import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  chatIdAt,
  identityText,
  resourceIdAt,
  seqOfResource,
  type ThreadIdentity,
  threadName,
  threadNameOfChat,
} from '../../../src/domain/address.ts';
import { parseUuidVersion7 } from '../../../src/resources/uuid.ts';

const CHANNEL = '018f0000-0000-7000-8000-000000000001';
const IDENTITIES: ThreadIdentity[] = [
  { kind: 'channel', channel_id: CHANNEL, thread_id: 'a' },
  { kind: 'channel', channel_id: CHANNEL, thread_id: 'A' },
  { kind: 'channel', channel_id: CHANNEL, thread_id: ' a' },
  { kind: 'channel', channel_id: CHANNEL, thread_id: 'é' },
  { kind: 'channel', channel_id: CHANNEL, thread_id: 'e\u0301' },
  { kind: 'channel', channel_id: CHANNEL, thread_id: '\u{1F600}'.repeat(512) },
  { kind: 'visitor', room_id: CHANNEL, visitor_id: 'a' },
  { kind: 'chat', id: CHANNEL },
];

describe('the name of a thread', () => {
  test('differs for each identity, byte by byte', () => {
    expect(new Set(IDENTITIES.map(identityText)).size).toBe(IDENTITIES.length);
    const names = IDENTITIES.map(threadName);
    expect(new Set(names).size).toBe(IDENTITIES.length);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{3}[0-3][0-9a-f]{15}$/);
  });

  test('is 74 bits of the SHA-256 of the identity and never changes, because every stored chat id depends on it', () => {
    const identity: ThreadIdentity = { kind: 'channel', channel_id: CHANNEL, thread_id: 'a' };
    const digest = createHash('sha256').update(`channel/${CHANNEL}/a`).digest();
    const high = (digest.readUInt16BE(0) & 0xfff).toString(16).padStart(3, '0');
    const low = (digest.readBigUInt64BE(2) & 0x3fffffffffffffffn).toString(16).padStart(16, '0');
    expect(threadName(identity)).toBe(high + low);
    expect(threadName(identity)).toBe('67c3e02c02f4407220c');
  });

  test('is found in the id of each of its chats, including leading zeros', () => {
    for (const name of [
      ...IDENTITIES.map(threadName),
      '0000000000000000000',
      '00000000000000000ff',
      'fff3fffffffffffffff',
    ]) {
      for (const at of [0, 1, 1_800_000_000_000, 2 ** 48 - 1]) {
        const id = chatIdAt(name, at);
        expect(threadNameOfChat(id)).toBe(name);
        expect(parseUuidVersion7(id)?.at).toBe(at);
      }
    }
  });

  test('is not found in a text that is not a lower-case UUID version 7', () => {
    const id = chatIdAt(threadName({ kind: 'chat', id: CHANNEL }), 1_800_000_000_000);
    const others = [
      '',
      'null',
      id.toUpperCase(),
      id.slice(1),
      `${id}0`,
      `${id}\n`,
      `${id.slice(0, 14)}4${id.slice(15)}`,
      `${id.slice(0, 19)}c${id.slice(20)}`,
      id.replaceAll('-', ''),
    ];
    expect(others.map(threadNameOfChat)).toEqual(others.map(() => null));
  });
});

describe('the id of a resource', () => {
  test('contains its seq, up to the largest', () => {
    const name = threadName({ kind: 'chat', id: CHANNEL });
    for (const seq of [1, 700, 65_536, 2 ** 31, 2 ** 32 - 1]) {
      expect(seqOfResource(resourceIdAt(name, 1_800_000_000_000, seq))).toBe(seq);
    }
  });

  test('differs from that of the same seq in another thread, and sorts by time and then seq', () => {
    const names = IDENTITIES.map(threadName);
    expect(new Set(names.map((name) => resourceIdAt(name, 1000, 7))).size).toBe(names.length);
    const [name = ''] = names;
    const ids = [resourceIdAt(name, 1000, 9), resourceIdAt(name, 1000, 10), resourceIdAt(name, 1001, 8)];
    expect(ids.toSorted()).toEqual(ids);
  });

  test('has no seq when it is not one of the hub', () => {
    expect(seqOfResource('d1a2b3c4-0000-4000-8000-000000000000')).toBeNull();
    expect(seqOfResource('x')).toBeNull();
  });
});
