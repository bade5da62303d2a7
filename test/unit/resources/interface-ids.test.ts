import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelIdentity, chatIdAt, resourceIdAt, threadName, threadNameOfChat } from '../../../src/domain/address.ts';
import { objectIdOf } from '../../../src/resources/object-id.ts';
import {
  chatIdOfSession,
  messageIdOfShort,
  numberOfId,
  numericId,
  partOfShort,
  sessionIdOf,
  shortMessageId,
} from '../../../src/resources/rpc-ids.ts';
import { uuidVersion7 } from '../../../src/resources/uuid.ts';

describe('the ids of organizations and users in JSON-RPC', () => {
  it('have 20 digits and lead back to the number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (number) => {
        const id = numericId(number);
        expect(id).toMatch(/^1\d{19}$/);
        expect(numberOfId(id)).toBe(number);
      }),
    );
    for (const text of [
      '',
      '17',
      '27076444409917912922',
      '10000000000000000000',
      '19999999999999999999',
      'x'.repeat(20),
    ])
      expect(numberOfId(text)).toBeNull();
  });
});

const tail72 = fc.record({ high12: fc.nat(0xfff), low60: fc.bigInt({ min: 0n, max: (1n << 60n) - 1n }) });
const at13 = fc.integer({ min: 0, max: 9_999_999_999_999 });

describe('the ids of sessions and messages in JSON-RPC', () => {
  it('lead from a chat to its session and back, for threads with short names', () => {
    fc.assert(
      fc.property(at13, tail72, (at, { high12, low60 }) => {
        const chat = uuidVersion7(at, { high12, low62: low60 << 2n });
        const session = sessionIdOf(chat) ?? '';
        expect(session).toMatch(/^\d{13}-[0-9a-f]{18}$/);
        expect(Number(session.slice(0, 13))).toBe(at);
        expect(chatIdOfSession(session)).toBe(chat);
        expect(chatIdOfSession(session.toUpperCase())).toBe(chat);
      }),
    );
  });

  it('exist for no chat of another thread', () => {
    fc.assert(
      fc.property(at13, tail72, fc.bigInt({ min: 1n, max: 3n }), (at, { high12, low60 }, rest) => {
        expect(sessionIdOf(uuidVersion7(at, { high12, low62: (low60 << 2n) | rest }))).toBeNull();
      }),
    );
  });

  it('lead from a message to its short id, and that of each part, and back', () => {
    fc.assert(
      fc.property(at13, tail72, fc.nat(0x1ffffff), fc.nat(31), (at, { high12, low60 }, seq, part) => {
        const thread = uuidVersion7(at, { high12, low62: low60 << 2n });
        const id = resourceIdAt(threadNameOfChat(thread) ?? '', at, seq);
        const short = shortMessageId(id) ?? '';
        expect(short).toMatch(/^\d{13}-[0-9a-f]{18}$/);
        expect(messageIdOfShort(short)).toBe(id);
        const ofPart = shortMessageId(id, part) ?? '';
        expect(ofPart).toMatch(/^\d{13}-[0-9a-f]{18}$/);
        expect(ofPart === short).toBe(part === 0);
        expect(partOfShort(ofPart)).toEqual({ message_id: id, part });
        expect(messageIdOfShort(ofPart.toUpperCase())).toBe(id);
      }),
    );
  });

  it('are no ids in another form', () => {
    for (const text of ['', '1710004869211', '171000486921-d3103a34bd2ce6023a', '1710004869211-d3103a34bd2ce6023', 'x'])
      expect([chatIdOfSession(text), messageIdOfShort(text)]).toEqual([null, null]);
    for (const id of ['', 'nonsense', '018f0000-0000-4000-8000-0000000000f1'])
      expect([sessionIdOf(id), shortMessageId(id)]).toEqual([null, null]);
  });

  it('are those of threads whose names end with two zeros', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), fc.nat(), (id, thread_id, at) => {
        const name = threadName(channelIdentity({ id, kind: 'rpc' }, thread_id));
        expect(sessionIdOf(chatIdAt(name, at))).not.toBeNull();
        expect(threadNameOfChat(chatIdOfSession(sessionIdOf(chatIdAt(name, at)) ?? '') ?? '')).toBe(name);
      }),
    );
  });
});

describe('the ids of messages in the threads API', () => {
  it('have 24 hex digits, begin with the second, and differ with the seq', () => {
    const address = fc.record({ high12: fc.nat(0xfff), high30: fc.nat(0x3fffffff), at: fc.nat(0xffffffff) });
    fc.assert(
      fc.property(address, fc.nat(0x3ffffe), ({ high12, high30, at }, seq) => {
        const idAt = (position: number) =>
          objectIdOf(uuidVersion7(at * 1000, { high12, low62: (BigInt(high30) << 32n) | BigInt(position) }));
        expect(idAt(seq)).toMatch(/^[0-9a-f]{24}$/);
        expect(Number.parseInt(idAt(seq).slice(0, 8), 16)).toBe(at);
        expect(idAt(seq)).not.toBe(idAt(seq + 1));
      }),
    );
  });
});
