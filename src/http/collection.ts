import { z } from '@hono/zod-openapi';
import type { Keyset, KeysetValue } from '../db/keyset.ts';
import { cutText } from '../resources/characters.ts';
import type { AppContext } from './app-environment.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import type { Refusal } from './refusals.ts';

const DEFAULT_PAGE_SIZE = 50;
const LARGEST_PAGE_SIZE = 200;

/**
 * The query parameters of every collection, to be spread into a route's query schema. A `page_size` above 200 counts as
 * 200. A `page_size` that is not a positive whole number is a 400.
 */
export const collectionQuery = {
  cursor: z.string().optional().openapi({ description: 'Opaque place in the list, from `next` or `previous`.' }),
  page_size: z
    .string()
    .regex(/^0*[1-9]\d*$/, 'A valid integer is required.')
    .transform((text) => Math.min(Number(text), LARGEST_PAGE_SIZE))
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: LARGEST_PAGE_SIZE, default: DEFAULT_PAGE_SIZE }),
};

/**
 * The parameter `ordering` of a list with these orders; a leading `-` means descending. Several, comma separated, are
 * taken as the published guidelines say. The first decides: no list has two rows with the same `created_at` and id, and
 * rows that are equal otherwise follow each other by creation, in the same direction. What asks for another direction
 * is refused.
 */
export function orderingParameter<const Ordering extends string>(orderings: readonly Ordering[]) {
  return z
    .string()
    .transform((text, context) => {
      const [first, ...rest] = text.split(',').map((part) => orderings.find((ordering) => ordering === part.trim()));
      const isDescending = first?.startsWith('-');
      const isUnlike = first?.endsWith('created_at') !== true;
      const isKept = rest.every((next) => next !== undefined && !(isUnlike && next.startsWith('-') !== isDescending));
      if (first !== undefined && isKept) return first;
      context.addIssue(`"${cutText(text, 100)}" is not a valid choice.`);
      return z.NEVER;
    })
    .openapi({
      type: 'string',
      enum: [...orderings],
      description: 'Of several, comma separated, the first decides. Equals follow by creation, in the same direction.',
    });
}

/** Schema of a collection's body. */
export function collectionSchema<Item extends z.ZodType>(item: Item) {
  const link = z.string().nullable();
  return z.object({
    next: link.openapi({ description: 'URL of the next page; null on the last one.' }),
    previous: link.openapi({ description: 'URL of the previous page; null on the first one.' }),
    results: z.array(item),
  });
}

/** A requested page. `keyset` goes to the list's query, and the page as a whole to `collectionResponse`. */
export type Page = { size: number; ordering: string; keyset: Keyset };

export type PageRequest = { cursor?: string | undefined; page_size?: number | undefined };

/** The key of lists that are ordered by one id, the most common case. */
export const idKey = z.tuple([z.string()]);

/** Key of a list by creation: `created_at` (ms), then what is unique. */
export const creationKey = z.tuple([z.number(), z.string()]);

/**
 * The page that a validated query asks for. `ordering` names the list's order. A cursor is refused if it was made for
 * another order or its values do not fit `keySchema`.
 */
export function readPage(
  query: PageRequest,
  ordering: string,
  keySchema: z.ZodType<readonly KeysetValue[]>,
): { ok: true; page: Page } | { ok: false; refusal: Refusal } {
  const size = query.page_size ?? DEFAULT_PAGE_SIZE;
  const first: Keyset = { key: null, direction: 'next', limit: size + 1 };
  if (query.cursor === undefined) return { ok: true, page: { size, ordering, keyset: first } };
  const cursor = decodeCursor(query.cursor, ordering, keySchema);
  if (cursor === null) return { ok: false, refusal: { reason: 'invalid', fields: { cursor: ['Invalid cursor.'] } } };
  const keyset: Keyset = { ...first, key: cursor.key, direction: cursor.direction };
  return { ok: true, page: { size, ordering, keyset } };
}

/** The page of a list that is ordered by its rows' `id`. */
export function readIdPage(query: PageRequest): ReturnType<typeof readPage> {
  return readPage(query, 'id', idKey);
}

/** The part of a list that a thread is asked for: exclusive bounds, one direction, and a limit. */
export type Bounds<Key> = { after: Key | null; before: Key | null; descending: boolean; limit: number };

/**
 * The bounds of a page. A leading `-` of its ordering means newest first. `Key` is the type that `readPage`'s schema
 * requires.
 */
export function boundsOf<Key extends KeysetValue>({ size, ordering, keyset }: Page): Bounds<Key> {
  const descending = ordering.startsWith('-') !== (keyset.direction === 'previous');
  const key = (keyset.key?.[0] ?? null) as Key | null;
  return { after: descending ? null : key, before: descending ? key : null, descending, limit: size };
}

/**
 * The body of a collection's page. `rows` are what the list's query returned for `page.keyset`: one more than the
 * page's size when there is a further page, in reversed order for a page that was read backwards. `keyOf` gives a row's
 * keyset values.
 */
export function collectionResponse<Row, Resource>(
  c: AppContext,
  parts: {
    page: Page;
    rows: readonly Row[];
    keyOf: (row: Row) => readonly KeysetValue[];
    resource: (row: Row) => Resource;
  } & PageEnd,
): { next: string | null; previous: string | null; results: Resource[] } {
  const place = placePage(parts.page, parts.rows, parts.keyOf, parts);
  return {
    next: place.next === null ? null : pageUrl(c, place.next),
    previous: place.previous === null ? null : pageUrl(c, place.previous),
    results: place.rows.map(parts.resource),
  };
}

/** The body of a page that `readIdPage` asked for. `cutAt`: the id at which its scan ended early; null: it did not. */
export function idCollection<Row extends { id: string }, Resource>(
  c: AppContext,
  page: Page,
  rows: readonly Row[],
  resource: (row: Row) => Resource,
  cutAt?: string | null,
) {
  const end = cutAt === undefined ? {} : { cutAt: cutAt === null ? null : [cutAt] };
  return collectionResponse(c, { page, rows, keyOf: (row) => [row.id], resource, ...end });
}

/**
 * What the rows of a page do not show: whether there is a further page, and the key at which their scan was cut. Only
 * lists whose scans can be cut give `cutAt` (null: not cut).
 */
export type PageEnd = { hasMore?: boolean; cutAt?: readonly KeysetValue[] | null };

/**
 * The rows that a page shows, in the list's order, and the cursors to its neighbours. `first` means the first page of
 * the list. A page whose scan was cut may be short or empty, and its far neighbour starts at the cut.
 */
export function placePage<Row>(
  page: Page,
  rows: readonly Row[],
  keyOf: (row: Row) => readonly KeysetValue[],
  end: PageEnd = {},
): { rows: Row[]; next: Cursor | 'first' | null; previous: Cursor | null } {
  const { size, ordering, keyset } = page;
  const isBackwards = keyset.direction === 'previous';
  const shown = rows.slice(0, size);
  const [begin] = shown;
  const edge = shown.at(-1);
  const isMore = end.hasMore ?? rows.length > size;
  const far = edge !== undefined && isMore ? keyOf(edge) : (end.cutAt ?? null);
  if (begin === undefined && far === null) {
    const last: Cursor = { ordering, direction: 'previous', key: null };
    const canFollowCut = end.cutAt !== undefined && !isBackwards && keyset.key !== null;
    return { rows: [], next: isBackwards ? 'first' : null, previous: canFollowCut ? last : null };
  }
  // The row of an empty page's own key may be on the page before it. So the way back starts at the cut, and that row is
  // read again.
  const near = keyset.key === null ? null : begin === undefined ? far : keyOf(begin);
  if (isBackwards) shown.reverse();
  const cursor = (direction: Cursor['direction'], key: readonly KeysetValue[] | null): Cursor | null =>
    key === null ? null : { ordering, direction, key };
  return isBackwards
    ? { rows: shown, next: cursor('next', near), previous: cursor('previous', far) }
    : { rows: shown, next: cursor('next', far), previous: cursor('previous', near) };
}

/** The absolute URL of a neighbouring page of this request. Other query parameters are kept. */
function pageUrl(c: AppContext, cursor: Cursor | 'first'): string {
  const url = new URL(c.req.url);
  if (cursor === 'first') url.searchParams.delete('cursor');
  else url.searchParams.set('cursor', encodeCursor(cursor));
  return `${publicOrigin(c)}${url.pathname}${url.search}`;
}

/** The origin under which clients reach the hub: PUBLIC_ORIGIN, or the request's own. */
export function publicOrigin(c: AppContext): string {
  return c.env.PUBLIC_ORIGIN === '' ? new URL(c.req.url).origin : c.env.PUBLIC_ORIGIN.replace(/\/+$/, '');
}
