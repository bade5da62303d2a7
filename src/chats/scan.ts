import type { Database } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import { firstUuidAt, uuidVersion7 } from '../resources/uuid.ts';
import { type Source, walkSql } from './id-walk.ts';

/**
 * A page of a list that may have to look at many rows to find few. `rows` are what was found: one more than the page shows when a
 * further one exists. `cut_at` is the id up to which the list was looked at when that was cut short before a whole page was found:
 * the list goes on from there. Null when it was not cut.
 */
export type Scan<Row> = { rows: Row[]; cut_at: string | null };

/** Rows that D1 reads at most for a page of a list whose filter matches rarely. */
const SCAN_ROWS = 1000;
/** Of these, for what is read once. */
const ROWS_READ_ONCE = 10;
/** Ids that are looked at in any case: the sources alone read SCAN_ROWS when they are more than about 150. */
const LEAST_DEPTH = 20;

/** The ids of a page lie strictly between two bounds and are read in one direction. */
export type IdRange = { low: string; high: string; descending: boolean };

/** Below every id, and above. */
const NO_LOW = '';
const NO_HIGH = 'g';

/** The latest time that an id can hold (48 bits), in ms. */
const LAST_TIME = 2 ** 48 - 1;

/**
 * The ids that a page may hold, newest first or oldest first: on from the keyset's key, made after one time and before another
 * (ms, both exclusive).
 */
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
  /** What is read of an id beside itself: SQL by column, over `walk` (whose ids they are) and what is joined to it. */
  columns: Readonly<Record<Column, string>>;
  /** CROSS JOINs, which SQLite takes in their order; each finds exactly one row for an id. */
  joins: string;
  /** A condition that no index answers, over the same; null when every id belongs to the list. */
  match: string | null;
  /** Rows read for one id by the joins and the condition. */
  rowsOfId: number;
  /** Values of ?4 and further in these texts. */
  parameters?: readonly unknown[];
};

/** A row of a listing: its id and its columns. */
export type Listed<Column extends string> = { id: string } & Record<Column, string>;

/**
 * Reads a page of a listing in one trip. Without `match` it reads the page's rows and nothing else. With it, at most SCAN_ROWS are
 * read; rows stop being read as soon as the page is full.
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

/**
 * A last row, which is computed only when the page was not full before it: how many ids were seen and the last of them. SQLite
 * evaluates the terms of UNION ALL one after the other and stops at LIMIT.
 */
function endOfWalk(columns: number, range: IdRange): string {
  const last = range.descending ? 'min(id)' : 'max(id)';
  return `UNION ALL SELECT ${last}, sum(1)${', NULL'.repeat(columns)} FROM walk HAVING sum(1) > 0`;
}

/**
 * How many ids may be looked at. They are walked twice, the second time for the end of the walk; each walk of several sources reads
 * two rows an id, and three a source that ends in it.
 */
function depthOf({ sources, rowsOfId }: Listing<string>): number {
  const isMerged = sources.length > 1;
  const forSources = isMerged ? 6 * sources.length : 0;
  const forId = rowsOfId + (isMerged ? 4 : 2);
  return Math.max(LEAST_DEPTH, Math.floor((SCAN_ROWS - ROWS_READ_ONCE - forSources) / forId));
}
