import { describe, expect, test } from 'vitest';
import type { Slice } from '../../../src/projections/slice.ts';
import { sliceStatements } from '../../../src/projections/write-slices.ts';

function slice(rows: Slice['rows']): Slice {
  return { v: 3, thread: 't', rows, size: 0 };
}

const rowsOf = (parameters: readonly (string | number)[]) => JSON.parse(String(parameters[0]));
const bytes = (text: string) => new TextEncoder().encode(text).byteLength;

describe('the statements of some slices', () => {
  test('write the chats last, because they are the marks for the rest', () => {
    const all = slice({
      chats: ['[1]'],
      involvements: ['[1]'],
      invitations: ['[1]'],
      removed_tags: ['[1]'],
      tags: ['[1]'],
      deliveries: ['[1]'],
      lanes: ['[1]'],
      members: ['[1]'],
      messages: ['[1]'],
      reply_suggestions: ['[1]'],
      threads: ['[1]'],
      visitor_variables: ['[1]'],
      visitors: ['[1]'],
    });
    const tables = sliceStatements([all]).map(({ sql }) =>
      /(INSERT INTO|DELETE FROM) (\w+)/.exec(sql)?.slice(1, 3).join(' '),
    );
    expect(tables).toHaveLength(14);
    expect(tables.slice(-2)).toEqual(['INSERT INTO chats', 'INSERT INTO chats']);
    // A tag that is added in one slice and removed in a later one of the same batch must end up removed.
    expect(tables.indexOf('DELETE FROM tags')).toBeGreaterThan(tables.indexOf('INSERT INTO tags'));
  });

  test('carry the rows of many threads together, in order, and know whose they are', () => {
    const statements = sliceStatements([
      slice({ messages: ['["a",1]', '["a",2]'], chats: ['["a"]'] }),
      slice({}),
      slice({ messages: ['["b",1]'] }),
    ]);
    expect(statements.map(({ parameters }) => rowsOf(parameters))).toEqual([
      [
        ['a', 1],
        ['a', 2],
        ['b', 1],
      ],
      [['a']],
      [['a']],
    ]);
    expect(statements.map(({ carried }) => [...carried])).toEqual([
      [
        [0, 2],
        [2, 1],
      ],
      [[0, 1]],
      [[0, 1]],
    ]);
  });

  test('write the flags of chats first and all else after them, a part of the rows at a time', () => {
    const row = JSON.stringify(['chat', 'x'.repeat(600_000)]);
    const statements = sliceStatements([slice({ chats: [row, row] })]);
    const setsFlags = statements.map(({ sql }) => sql.includes('is_ended = excluded.is_ended'));
    expect(setsFlags).toEqual([true, false, true, false]);
  });

  test('have parameters of at most 1 MB of UTF-8, but for a single longer row', () => {
    const row = (text: string) => JSON.stringify(['chat', 1, 'id', text]);
    const rows = [...Array.from({ length: 30 }, () => row('\u{1F600}'.repeat(25_000))), row('\u0001'.repeat(200_000))];
    const statements = sliceStatements([slice({ messages: rows })]);
    expect(statements.flatMap(({ parameters }) => rowsOf(parameters))).toEqual(rows.map((each) => JSON.parse(each)));
    const sizes = statements.map(({ parameters }) => bytes(String(parameters[0])));
    expect(Math.max(...sizes.slice(0, -1))).toBeLessThanOrEqual(1_000_000);
    expect(statements.at(-1)?.carried).toEqual(new Map([[0, 1]]));
    expect(statements.every(({ sql }) => bytes(sql) < 100_000)).toBe(true);
  });

  test('of nothing are none', () => {
    expect(sliceStatements([])).toEqual([]);
    expect(sliceStatements([slice({})])).toEqual([]);
  });
});

describe('the statements of a rebuild', () => {
  const empties = { chat_ids: ['c'], receivers: ['r'], thread_id: 't' };
  const first: Slice = {
    ...slice({ members: ['["c"]'], chats: ['["c"]'], threads: ['["t"]'] }),
    rebuild: { number: 7, seq: 3, empties },
  };

  test('empty the copy of the thread first and move the mark of the rebuild last', () => {
    const statements = sliceStatements([slice({ members: ['["o"]'] }), first]);
    const kinds = statements.map(({ sql }) => /^(DELETE FROM|INSERT INTO|UPDATE) (\w+)/.exec(sql)?.slice(1).join(' '));
    const isDelete = kinds.map((kind) => kind?.startsWith('DELETE'));
    expect(isDelete.lastIndexOf(true)).toBe(9);
    expect(kinds.slice(10)).toEqual([
      'INSERT INTO rebuilds',
      'INSERT INTO threads',
      'INSERT INTO members',
      'INSERT INTO members',
      'INSERT INTO chats',
      'INSERT INTO chats',
      'UPDATE rebuilds',
    ]);
    expect(statements.at(-1)?.parameters).toEqual(['t', 7, 3]);
  });

  test('go by its own mark where others go by the mark of the chat, and never together with them', () => {
    const members = sliceStatements([slice({ members: ['["o"]'] }), first]).filter(({ sql }) =>
      sql.startsWith('INSERT INTO members'),
    );
    expect(members.map(({ parameters }) => parameters)).toEqual([['[["o"]]'], ['[["c"]]', 't', 7]]);
    expect(members.map(({ sql }) => [sql.includes('FROM chats'), sql.includes('FROM rebuilds')])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(members.map(({ carried }) => [...carried.keys()])).toEqual([[0], [1]]);
  });

  test('name the chats of a thread in parameters of at most 1 MB, however many there were', () => {
    const chat_ids = Array.from(
      { length: 25_000 },
      (_, place) => `018f0000-0000-7000-8000-${String(place).padStart(12, '0')}`,
    );
    const rebuild = { number: 7, seq: 3, empties: { ...empties, chat_ids } };
    const deletes = sliceStatements([{ ...first, rebuild }]).filter(({ sql }) =>
      sql.startsWith('DELETE FROM messages'),
    );
    expect(deletes.flatMap(({ parameters }) => JSON.parse(String(parameters[1])))).toEqual(chat_ids);
    for (const { parameters } of deletes) expect(bytes(String(parameters[1]))).toBeLessThanOrEqual(1_000_000);
  });

  test('of a later slice empty nothing', () => {
    const later: Slice = { ...first, rebuild: { number: 7, seq: 9, empties: null } };
    expect(sliceStatements([later]).some(({ sql }) => sql.startsWith('DELETE'))).toBe(false);
  });
});
