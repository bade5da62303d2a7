import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectIdOf } from '../../../src/resources/object-id.ts';
import { numberOfId, numericId } from '../../../src/resources/rpc-ids.ts';
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
