import type { KeysetValue } from '../db/keyset.ts';
import type { AppContext } from './app-environment.ts';
import { collectionResponse, type Page } from './collection.ts';

/**
 * A page of a list that a thread has answered as a whole. `rows` are in ascending order of the key that `keyOf` gives.
 */
export function pageOfAll<Row, Resource>(
  c: AppContext,
  page: Page,
  rows: readonly Row[],
  keyOf: (row: Row) => readonly KeysetValue[],
  resource: (row: Row) => Resource,
) {
  const { key, direction, limit } = page.keyset;
  const isBackwards = direction === 'previous';
  const isBeyond = (row: Row) => key === null || (isBackwards ? isBefore(keyOf(row), key) : isBefore(key, keyOf(row)));
  const beyond = rows.filter(isBeyond);
  const ordered = isBackwards ? beyond.toReversed() : beyond;
  return collectionResponse(c, { page, rows: ordered.slice(0, limit), keyOf, resource });
}

/** Whether a key sorts before another one of the same form. */
function isBefore(left: readonly KeysetValue[], right: readonly KeysetValue[]): boolean {
  for (const [place, value] of left.entries()) {
    const other = right[place] ?? value;
    if (value !== other) return value < other;
  }
  return false;
}
