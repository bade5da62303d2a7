import { describe, expect, test } from 'vitest';
import {
  atLeast,
  type Bindings,
  compare,
  integer,
  listWith,
  some,
  time,
  uuid,
} from '../../scripts/demo/expectation.ts';

const ID = '019a0000-0000-7000-8000-000000000001';
const OTHER_ID = '019a0000-0000-7000-8000-000000000002';

describe('the comparison with a documented example', () => {
  test('accepts equal values and bound placeholders', () => {
    const bindings: Bindings = new Map();
    const expected = { id: uuid('CHAT'), at: time('AT'), seqs: [integer('SEQ')], name: null };
    const actual = { id: ID, at: '2026-03-01T09:00:00.000Z', seqs: [3], name: null };
    expect(compare(expected, actual, bindings)).toEqual([]);
    expect(compare({ chat: uuid('CHAT') }, { chat: ID }, bindings)).toEqual([]);
    expect(bindings.get('SEQ')).toBe(3);
  });

  test.each([
    ['a missing key', { a: 1, b: 2 }, { a: 1 }, '$.b: missing'],
    ['an extra key', { a: 1 }, { a: 1, b: null }, '$.b: not documented, got null'],
    ['another value', { a: [1, 'x'] }, { a: [1, 'y'] }, '$.a[1]: expected "x", got "y"'],
    ['null for a value', { a: false }, { a: null }, '$.a: expected false, got null'],
    ['a longer list', [1], [1, 2], '$: expected 1 entries, got 2'],
    ['an id in capitals', uuid('ID'), ID.toUpperCase(), `$: expected uuid ID, got "${ID.toUpperCase()}"`],
    ['a time without fraction', time('T'), '2026-03-01T09:00:00Z', '$: expected time T, got "2026-03-01T09:00:00Z"'],
    ['an inherited key', { toString: 1 }, {}, '$.toString: missing'],
  ])('reports %s', (_, expected, actual, difference) => {
    expect(compare(expected, actual, new Map())).toEqual([difference]);
  });

  test('reports a placeholder that changes its value', () => {
    const bindings: Bindings = new Map();
    compare(uuid('CHAT'), ID, bindings);
    expect(compare(uuid('CHAT'), OTHER_ID, bindings)).toEqual([`$: CHAT was "${ID}" before, now it is "${OTHER_ID}"`]);
  });

  test('lets an object have more than the fields that are asked for, and no fewer', () => {
    const expected = atLeast({ id: uuid('CHAT'), name: null });
    expect(compare(expected, { id: ID, name: null, extension: 1 }, new Map())).toEqual([]);
    expect(compare(expected, { id: ID, extension: 1 }, new Map())).toEqual(['$.name: missing']);
  });

  test('finds an entry of a list, and binds what that one has', () => {
    const bindings: Bindings = new Map();
    const expected = listWith({ id: uuid('CHAT'), is_ended: false });
    const other = { id: OTHER_ID, is_ended: true };
    expect(compare(expected, [other, { id: ID, is_ended: false }], bindings)).toEqual([]);
    expect(bindings.get('CHAT')).toBe(ID);
    expect(compare(expected, [other], new Map())).toEqual([
      '$: none of the 1 entries is the expected one',
      '$[].is_ended: expected false, got true',
    ]);
    expect(compare(expected, [], new Map())).toEqual(['$: none of the 0 entries is the expected one']);
  });

  test('asks only for the form of a value without a name', () => {
    const bindings: Bindings = new Map();
    expect(compare([some('uuid'), some('uuid')], [ID, OTHER_ID], bindings)).toEqual([]);
    expect(bindings.size).toBe(0);
    expect(compare(some('rpc_id'), ID, bindings)).toEqual([`$: expected rpc_id, got "${ID}"`]);
  });
});
