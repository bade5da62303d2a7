import { describe, expect, test } from 'vitest';
import type { Slice } from '../../../src/projections/slice.ts';
import { sliceStatements } from '../../../src/projections/write-slices.ts';

function slice(rows: Slice['rows']): Slice {
  return { v: 1, thread: 't', rows, size: 0 };
}

const bytes = (text: string) => new TextEncoder().encode(text).byteLength;

describe('the statements of some slices', () => {
  test('write the chats last, because they are the marks for the rest', () => {
    const all = slice({
      chats: ['[1]'],
      deliveries: ['[1]'],
      lanes: ['[1]'],
      members: ['[1]'],
      messages: ['[1]'],
      reply_suggestions: ['[1]'],
      threads: ['[1]'],
      visitor_variables: ['[1]'],
      visitors: ['[1]'],
    });
    const tables = sliceStatements([all]).map(({ sql }) => /INSERT INTO (\w+)/.exec(sql)?.[1]);
    expect(tables).toHaveLength(9);
    expect(tables.at(-1)).toBe('chats');
  });

  test('carry the rows of many threads together, in order, and know whose they are', () => {
    const statements = sliceStatements([
      slice({ messages: ['["a",1]', '["a",2]'], chats: ['["a"]'] }),
      slice({}),
      slice({ messages: ['["b",1]'] }),
    ]);
    expect(statements.map(({ parameter }) => JSON.parse(parameter))).toEqual([
      [
        ['a', 1],
        ['a', 2],
        ['b', 1],
      ],
      [['a']],
    ]);
    expect(statements.map(({ carried }) => [...carried])).toEqual([
      [
        [0, 2],
        [2, 1],
      ],
      [[0, 1]],
    ]);
  });

  test('have parameters of at most 1 MB of UTF-8, but for a single longer row', () => {
    const row = (text: string) => JSON.stringify(['chat', 1, 'id', text]);
    const rows = [...Array.from({ length: 30 }, () => row('\u{1F600}'.repeat(25_000))), row('\u0001'.repeat(200_000))];
    const statements = sliceStatements([slice({ messages: rows })]);
    expect(statements.flatMap(({ parameter }) => JSON.parse(parameter))).toEqual(rows.map((each) => JSON.parse(each)));
    const sizes = statements.map(({ parameter }) => bytes(parameter));
    expect(Math.max(...sizes.slice(0, -1))).toBeLessThanOrEqual(1_000_000);
    expect(statements.at(-1)?.carried).toEqual(new Map([[0, 1]]));
    expect(statements.every(({ sql }) => bytes(sql) < 100_000)).toBe(true);
  });

  test('of nothing are none', () => {
    expect(sliceStatements([])).toEqual([]);
    expect(sliceStatements([slice({})])).toEqual([]);
  });
});
