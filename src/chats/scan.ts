/**
 * Reads pages of lists whose filter may match few rows. The cost of a page is limited: when the limit is reached, the
 * page ends early and the next one continues there.
 */

import type { Database } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import { firstUuidAt, uuidVersion7 } from '../resources/uuid.ts';
import { type IdIndex, type Source, walkSql } from './id-walk.ts';

/**
 * A page that may end early. `rows`: what was found, with one more than the page shows if there are more. `cut_at`: the
 * id at which the page ended early; the list continues there. Null when it did not.
 */
export type Scan<Row> = { rows: Row[]; cut_at: string | null };

/** Most rows that D1 reads for a page with a filter that rarely matches. */
const SCAN_ROWS = 1000;
/** Of these, the rows that are read once. */
const ROWS_READ_ONCE = 10;
/** Least number of ids that are read. With more than about 150 sources, the sources alone read SCAN_ROWS. */
const LEAST_DEPTH = 20;

/** The ids of a page: strictly between two bounds, in one direction. */
export type IdRange = { low: string; high: string; descending: boolean };

/** Bounds below and above every id. */
const NO_LOW = '';
const NO_HIGH = 'g';

/** The latest time that an id can hold (48 bits), in ms. */
const LAST_TIME = 2 ** 48 - 1;

/** The ids of a page: on from the keyset's key, and created after one time and before another (ms, both exclusive). */
export function idRange(
  keyset: Keyset,
  newestFirst: boolean,
  made: { after?: number | undefined; before?: number | undefined } = {},
): IdRange {
  const descending = newestFirst !== (keyset.direction === 'previous');
  const key = keyset.key === null ? null : String(keyset.key[0]);
  const lows = [NO_LOW];
  const highs = [NO_HIGH];
  if (key !== null) (descending ? highs : lows).push(key);
  if (made.after !== undefined && made.after >= 0) lows.push(made.after > LAST_TIME ? NO_HIGH : lastUuidAt(made.after));
  if (made.before !== undefined) highs.push(made.before > LAST_TIME ? NO_HIGH : firstUuidAt(made.before));
  return { low: lows.sort().at(-1) ?? NO_LOW, high: highs.sort()[0] ?? NO_HIGH, descending };
}

/** The highest UUID version 7 of a moment (ms). */
function lastUuidAt(at: number): string {
  return uuidVersion7(at, { high12: 0xfff, low62: (1n << 62n) - 1n });
}

/** A list in the order of its ids. */
export type Listing<Column extends string> = {
  sources: readonly Source[];
  /** Columns of a single source's table that `walk` has beside the id. */
  carried?: readonly string[];
  /** The columns of a row beside its id, as SQL over `walk` and the joined tables. */
  columns: Readonly<Record<Column, string>>;
  /** CROSS JOINs, which SQLite executes in this order. Each finds exactly one row for an id. */
  joins: string;
  /** A condition without an index, over the same tables; null when all ids belong to the list. */
  match: string | null;
  /** Rows that joins and condition read for one id. */
  rowsOfId: number;
  /** Values of ?4 and following. */
  parameters?: readonly unknown[];
};

/** A row of a list: its id and its columns. */
export type Listed<Column extends string> = { id: string } & Record<Column, string>;

/**
 * Reads a page in one trip. Without `match` it reads only the page's rows. With it, at most SCAN_ROWS, and it stops as
 * soon as the page is full.
 */
export async function scan<Column extends string>(
  database: Database,
  listing: Listing<Column>,
  range: IdRange,
  limit: number,
): Promise<Scan<Listed<Column>>> {
  const { sources, match } = listing;
  if (sources.length === 0 || range.low >= range.high) return { rows: [], cut_at: null };
  const depth = match === null ? Math.trunc(limit) : depthOf(listing);
  const walk = walkSql({ sources, descending: range.descending, depth, carried: listing.carried ?? [] });
  const names = Object.keys(listing.columns) as Column[];
  const columns = names.map((name) => `${listing.columns[name]} AS ${name}`).join(', ');
  const page = `${walk.sql} SELECT walk.id AS id, NULL AS seen, ${columns} FROM walk ${listing.joins}`;
  const sql =
    match === null ? page : `${page} WHERE ${match} ${endOfWalk(names.length, range)} LIMIT ${Math.trunc(limit)}`;
  const rows = await database.all<Listed<Column> & { seen: number | null }>(
    sql,
    range.low,
    range.high,
    walk.owners,
    ...(listing.parameters ?? []),
  );
  const end = rows.find(({ seen }) => seen !== null);
  return { rows: rows.filter(({ seen }) => seen === null), cut_at: end?.seen === depth ? end.id : null };
}

/** A list of the rows of one table, whole, in the order of their ids. */
export type TableListing<Row> = {
  index: IdIndex;
  owner: string;
  /** Every column beside the id. */
  columns: { readonly [Column in Exclude<keyof Row, 'id'>]: true };
  /** As in a Listing, over `walk`. */
  match: string | null;
  /** Rows that the condition reads for one id. */
  rowsOfId: number;
  /** Values of ?4 and following. */
  parameters: readonly unknown[];
};

/** Reads a page of a table's rows, as `scan` does. */
export async function scanTable<Row extends { id: string }>(
  database: Database,
  { index, owner, columns, match, rowsOfId, parameters }: TableListing<Row>,
  range: IdRange,
  limit: number,
): Promise<Scan<Row>> {
  const carried = Object.keys(columns);
  const listing: Listing<string> = {
    sources: [{ index, owner }],
    carried,
    columns: Object.fromEntries(carried.map((column) => [column, `walk.${column}`])),
    joins: '',
    match,
    rowsOfId,
    parameters,
  };
  return (await scan(database, listing, range, limit)) as Scan<unknown> as Scan<Row>;
}

/**
 * A last row, computed only if the page was not full before: how many ids were read, and the last of them. SQLite
 * evaluates the terms of UNION ALL in order and stops at LIMIT.
 */
function endOfWalk(columns: number, range: IdRange): string {
  const last = range.descending ? 'min(id)' : 'max(id)';
  return `UNION ALL SELECT ${last}, sum(1)${', NULL'.repeat(columns)} FROM walk HAVING sum(1) > 0`;
}

/**
 * How many ids may be read. They are read twice, the second time for the last row. Each reading of several sources
 * costs two rows per id and three per source that ends.
 */
function depthOf({ sources, rowsOfId }: Listing<string>): number {
  const isMerged = sources.length > 1;
  const forSources = isMerged ? 6 * sources.length : 0;
  const forId = rowsOfId + (isMerged ? 4 : 2);
  return Math.max(LEAST_DEPTH, Math.floor((SCAN_ROWS - ROWS_READ_ONCE - forSources) / forId));
}
