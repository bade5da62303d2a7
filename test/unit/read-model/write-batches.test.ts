import { describe, expect, test } from 'vitest';
import { emptyingTransactions } from '../../../src/read-model/rebuild-statements.ts';
import { hasRowsFor, statementsFor } from '../../../src/read-model/write-batches.ts';
import type { ReplicaBatch } from '../../../src/rpc/projector.ts';

function batch(rows: ReplicaBatch['rows']): ReplicaBatch {
  return { v: 4, thread: 't', rows, size: 0 };
}

const rowsOf = (parameters: readonly (string | number)[]) => JSON.parse(String(parameters[0]));
const bytes = (text: string) => new TextEncoder().encode(text).byteLength;

describe('the statements of some batches', () => {
  test('write the replica into one database and the delivery log into the other', () => {
    const all = batch({
      chats: ['[1]'],
      involvements: ['[1]'],
      invitations: ['[1]'],
      tags: ['[1]'],
      deliveries: ['[1]'],
      lanes: ['[1]'],
      members: ['[1]'],
      messages: ['[1]'],
      threads: ['[1]'],
      visitor_variables: ['[1]'],
      visitors: ['[1]'],
    });
    const tablesOf = (store: 'copy' | 'deliveries') =>
      statementsFor([all], store).map(({ sql }) => /^INSERT INTO (\w+)/.exec(sql)?.[1]);
    expect(tablesOf('deliveries')).toEqual(['lanes', 'deliveries']);
    expect(tablesOf('copy').sort()).toEqual(
      [
        ...['chats', 'chats', 'involvements', 'invitations', 'members', 'messages'],
        ...['tags', 'threads', 'visitor_variables', 'visitors'],
      ].sort(),
    );
    expect([hasRowsFor(all, 'copy'), hasRowsFor(all, 'deliveries')]).toEqual([true, true]);
    const chat = batch({ chats: ['[1]'] });
    expect([hasRowsFor(chat, 'copy'), hasRowsFor(chat, 'deliveries')]).toEqual([true, false]);
    const delivery = batch({ deliveries: ['[1]'] });
    expect([hasRowsFor(delivery, 'copy'), hasRowsFor(delivery, 'deliveries')]).toEqual([false, true]);
  });

  test('contain the rows of many threads, in order, and know which batch they belong to', () => {
    const batches = [
      batch({ messages: ['["a",1]', '["a",2]'], chats: ['["a"]'] }),
      batch({}),
      batch({ messages: ['["b",1]'] }),
    ];
    const statements = statementsFor(batches, 'copy');
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

  test('write the flags of chats first and everything else after them, for a part of the rows at a time', () => {
    const row = JSON.stringify(['chat', 'x'.repeat(600_000)]);
    const statements = statementsFor([batch({ chats: [row, row] })], 'copy');
    const setsFlags = statements.map(({ sql }) => sql.includes('is_ended = excluded.is_ended'));
    expect(setsFlags).toEqual([true, false, true, false]);
  });

  test('have parameters of at most 1 MB of UTF-8, except a single longer row', () => {
    const row = (text: string) => JSON.stringify(['chat', 1, 'id', text]);
    const rows = [...Array.from({ length: 30 }, () => row('\u{1F600}'.repeat(25_000))), row('\u0001'.repeat(200_000))];
    const statements = statementsFor([batch({ messages: rows })], 'copy');
    expect(statements.flatMap(({ parameters }) => rowsOf(parameters))).toEqual(rows.map((each) => JSON.parse(each)));
    const sizes = statements.map(({ parameters }) => bytes(String(parameters[0])));
    expect(Math.max(...sizes.slice(0, -1))).toBeLessThanOrEqual(1_000_000);
    expect(statements.at(-1)?.carried).toEqual(new Map([[0, 1]]));
    expect(statements.every(({ sql }) => bytes(sql) < 100_000)).toBe(true);
  });

  test('are none for empty batches', () => {
    expect(statementsFor([], 'copy')).toEqual([]);
    expect(statementsFor([batch({})], 'copy')).toEqual([]);
  });
});

describe('the statements of a rebuild', () => {
  const first: ReplicaBatch = {
    ...batch({ members: ['["c"]'], chats: ['["c"]'], threads: ['["t"]'] }),
    rebuild: { number: 7, chat_ids: ['c'] },
  };

  test('remove the thread from the register and store the number in the transaction that writes the first rows', () => {
    const statements = statementsFor([batch({ members: ['["o"]'] }), first], 'copy');
    const kinds = statements.map(({ sql }) => /^(DELETE FROM|INSERT INTO) (\w+)/.exec(sql)?.slice(1).join(' '));
    expect(kinds).toEqual([
      'DELETE FROM threads',
      'INSERT INTO rebuilds',
      'INSERT INTO threads',
      'INSERT INTO members',
      'INSERT INTO chats',
      'INSERT INTO chats',
    ]);
    expect(statements.slice(0, 2).map(({ parameters }) => parameters)).toEqual([
      ['t', 7],
      ['t', 7],
    ]);
    expect(statementsFor([first], 'deliveries')).toEqual([]);
  });

  test('delete a limited number of rows each, of chats in parameters of at most 1 MB, however many there are', () => {
    const chat_ids = Array.from(
      { length: 25_000 },
      (_, place) => `018f0000-0000-7000-8000-${String(place).padStart(12, '0')}`,
    );
    const batches = emptyingTransactions('t', { number: 7, chat_ids });
    const named = batches.map((batch) => new Set(batch.map(({ parameters }) => String(parameters[2]))));
    expect(named.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(named.flatMap((texts) => [...texts].flatMap((text) => JSON.parse(text)))).toEqual(chat_ids);
    for (const { sql, parameters } of batches.flat()) {
      expect(bytes(String(parameters[2]))).toBeLessThanOrEqual(1_000_000);
      expect(sql).toMatch(/^DELETE FROM \w+ WHERE .* LIMIT 5000\)\s+AND NOT EXISTS/s);
    }
  });
});
