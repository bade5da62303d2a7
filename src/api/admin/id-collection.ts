import type { AppContext } from '../../http/app-environment.ts';
import { collectionResponse, idKey, type Page, type PageRequest, readPage } from '../../http/collection.ts';
import type { Refusal } from '../../http/refusals.ts';

/** Every list of this API is ordered by id. */
export function readIdPage(query: PageRequest): { ok: true; page: Page } | { ok: false; refusal: Refusal } {
  return readPage(query, 'id', idKey);
}

export function idCollection<Row extends { id: string }, Resource>(
  c: AppContext,
  page: Page,
  rows: readonly Row[],
  resource: (row: Row) => Resource,
) {
  return collectionResponse(c, { page, rows, keyOf: (row) => [row.id], resource });
}
