import { z } from '@hono/zod-openapi';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Keyset, keysetClauses } from '../../../src/db/keyset.ts';
import { idKey, type Page, placePage, readPage } from '../../../src/http/collection.ts';
import { decodeCursor, encodeCursor } from '../../../src/http/cursor.ts';

const timeKey = z.tuple([z.number(), z.string()]);

describe('cursor', () => {
  it('is read as it was written, in characters that are safe in a URL', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string({ unit: 'grapheme' }), (at, id) => {
        const key = [Object.is(at, -0) ? 0 : at, id] as const;
        const text = encodeCursor({ ordering: '-created_at', direction: 'previous', key });
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor(text, '-created_at', timeKey)).toEqual({
          ordering: '-created_at',
          direction: 'previous',
          key,
        });
      }),
    );
  });

  it('is refused when it is malformed, of another ordering or of another shape', () => {
    const good = encodeCursor({ ordering: 'id', direction: 'next', key: ['a'] });
    expect(decodeCursor(good, 'id', idKey)).not.toBeNull();
    expect(decodeCursor(good, '-created_at', idKey)).toBeNull();
    expect(decodeCursor(good, 'id', timeKey)).toBeNull();
    const forged = (value: unknown) => btoa(JSON.stringify(value)).replaceAll('=', '');
    for (const text of ['', 'x', '%%', 'äöü', good.slice(1), forged(null), forged({ o: 'id', d: 'next', k: [{}] })]) {
      expect(decodeCursor(text, 'id', idKey)).toBeNull();
    }
    fc.assert(fc.property(fc.string(), (text) => decodeCursor(text, 'id', idKey) === null));
  });
});

describe('page', () => {
  it('has the default size or the requested one', () => {
    expect(readPage({}, 'id', idKey)).toEqual({
      ok: true,
      page: { size: 50, ordering: 'id', keyset: { key: null, direction: 'next', limit: 51 } },
    });
    expect(readPage({ page_size: 2 }, 'id', idKey)).toMatchObject({ page: { size: 2, keyset: { limit: 3 } } });
    expect(readPage({ cursor: 'x' }, 'id', idKey)).toEqual({
      ok: false,
      refusal: { reason: 'invalid', fields: { cursor: ['Invalid cursor.'] } },
    });
  });

  it('walks a list forwards and backwards without losing or repeating a row', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { maxLength: 30 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 7 }), (unsorted, size) => {
        const list = [...unsorted].sort((a, b) => a - b);
        const page = (keyset: Keyset) =>
          placePage({ size, ordering: 'n', keyset }, select(list, keyset), (row) => [row]);
        const limit = size + 1;
        const forth: number[][] = [];
        let current = page({ key: null, direction: 'next', limit });
        expect(current.previous).toBeNull();
        for (;;) {
          forth.push(current.rows);
          if (current.next === null || current.next === 'first') break;
          current = page({ key: current.next.key, direction: 'next', limit });
        }
        expect(forth.flat()).toEqual(list);
        const back = [current.rows];
        while (current.previous !== null) {
          current = page({ key: current.previous.key, direction: 'previous', limit });
          back.unshift(current.rows);
        }
        expect(back.flat()).toEqual(list);
      }),
    );
  });

  it('leads to the start when everything before it is gone', () => {
    const keyset: Keyset = { key: [5], direction: 'previous', limit: 3 };
    expect(placePage({ size: 2, ordering: 'n', keyset }, [], (row: number) => [row])).toEqual({
      rows: [],
      next: 'first',
      previous: null,
    });
  });
});

describe('the page of a scan that was cut', () => {
  const key = (row: number) => [row];

  it('continues at the cut, with fewer rows than requested or none', () => {
    const first: Page = { size: 3, ordering: 'n', keyset: { key: null, direction: 'next', limit: 4 } };
    expect(placePage(first, [4], key, { cutAt: [90] })).toEqual({
      rows: [4],
      next: { ordering: 'n', direction: 'next', key: [90] },
      previous: null,
    });
    expect(placePage(first, [], key, { cutAt: [90] })).toMatchObject({ rows: [], next: { key: [90] }, previous: null });
    const later: Page = { ...first, keyset: { key: [90], direction: 'next', limit: 4 } };
    expect(placePage(later, [], key, { cutAt: [180] })).toEqual({
      rows: [],
      next: { ordering: 'n', direction: 'next', key: [180] },
      previous: { ordering: 'n', direction: 'previous', key: [180] },
    });
  });

  it('continues from the last row when the page was full before the cut', () => {
    const first: Page = { size: 2, ordering: 'n', keyset: { key: null, direction: 'next', limit: 3 } };
    expect(placePage(first, [4, 5, 6], key, { cutAt: [6] })).toMatchObject({ rows: [4, 5], next: { key: [5] } });
  });

  it('leads back from an empty last page through the end of the list, whose cursor has no key', () => {
    const later: Page = { size: 2, ordering: 'n', keyset: { key: [90], direction: 'next', limit: 3 } };
    const { previous } = placePage(later, [], key, { cutAt: null });
    expect(previous).toEqual({ ordering: 'n', direction: 'previous', key: null });
    const cursor = previous === null ? '' : encodeCursor(previous);
    expect(readPage({ cursor, page_size: 2 }, 'n', z.tuple([z.number()]))).toMatchObject({
      page: { keyset: { key: null, direction: 'previous' } },
    });
    const forged = btoa(JSON.stringify({ o: 'n', d: 'next', k: null }));
    expect(decodeCursor(forged, 'n', idKey)).toBeNull();
  });

  it('loses and repeats no row, forwards and backwards, however rarely rows match', () => {
    const matches = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 20 });
    const sizes = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(matches, sizes, fc.integer({ min: 1, max: 9 }), (unsorted, size, depth) => {
        const wanted = new Set(unsorted);
        const list = Array.from({ length: 100 }, (_, number) => number);
        const read = (keyset: Keyset) => {
          const { rows, cutAt } = scanOf(list, wanted, depth, keyset);
          return placePage({ size, ordering: 'n', keyset }, rows, key, { cutAt });
        };
        const limit = size + 1;
        let current = read({ key: null, direction: 'next', limit });
        const forth = [...current.rows];
        while (current.next !== null && current.next !== 'first') {
          current = read({ key: current.next.key, direction: 'next', limit });
          forth.push(...current.rows);
        }
        const back = [current.rows];
        while (current.previous !== null) {
          current = read({ key: current.previous.key, direction: 'previous', limit });
          back.unshift(current.rows);
        }
        expect(forth).toEqual([...wanted].sort((a, b) => a - b));
        expect(back.flat()).toEqual(forth);
      }),
    );
  });
});

describe('keyset SQL', () => {
  it('reads on from a key in the order, or backwards against it', () => {
    const order = { columns: ['created_at', 'id'], descending: true };
    expect(keysetClauses(order, { key: null, direction: 'next', limit: 51 })).toEqual({
      where: 'TRUE',
      orderBy: 'created_at DESC, id DESC LIMIT 51',
      parameters: [],
    });
    expect(keysetClauses(order, { key: [7, 'x'], direction: 'next', limit: 3 })).toEqual({
      where: '(created_at, id) < (?, ?)',
      orderBy: 'created_at DESC, id DESC LIMIT 3',
      parameters: [7, 'x'],
    });
    expect(keysetClauses(order, { key: [7, 'x'], direction: 'previous', limit: 3 })).toMatchObject({
      where: '(created_at, id) > (?, ?)',
      orderBy: 'created_at ASC, id ASC LIMIT 3',
    });
  });
});

/** The wanted rows that a scan of at most `depth` rows finds, and where it was cut. */
function scanOf(list: readonly number[], wanted: ReadonlySet<number>, depth: number, keyset: Keyset) {
  const seen = select(list, { ...keyset, limit: depth });
  const rows = seen.filter((row) => wanted.has(row)).slice(0, keyset.limit);
  const last = seen.at(-1);
  const isCut = rows.length < keyset.limit && seen.length === depth && last !== undefined;
  return { rows, cutAt: isCut ? [last] : null };
}

/** The rows that a keyset query returns from a sorted list. */
function select(list: readonly number[], { key, direction, limit }: Keyset): number[] {
  const bound = key === null ? null : Number(key[0]);
  if (direction === 'next') return list.filter((row) => bound === null || row > bound).slice(0, limit);
  return list
    .filter((row) => bound === null || row < bound)
    .toReversed()
    .slice(0, limit);
}
