import { describe, expect, test } from 'vitest';
import { type Bindings, compare, integer, time, uuid } from '../../scripts/demo/expectation.ts';

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
});
