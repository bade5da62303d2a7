/**
 * The SQL of lists whose ids come from several sources: one organization and some rooms, or several invitees. The ids
 * are merged in order and read lazily, so a page costs as many rows as it shows.
 */

/**
 * An index with the ids of each owner in order: its columns are `owner` and `id`. `where` repeats the condition of a
 * partial index, because SQLite must see it. `name` is null when the primary key is the index.
 */
export type IdIndex = { table: string; name: string | null; owner: string; id: string; where: string };

/** The ids of one owner. */
export type Source = { index: IdIndex; owner: string };

/** The ids to read: their sources, the order, the limit, and columns that come from a single source's table. */
export type Walk = { sources: readonly Source[]; descending: boolean; depth: number; carried?: readonly string[] };

/**
 * The SQL of a common table `walk (id, …carried)`: the ids of all sources in one order, strictly between ?1 and ?2; ?3
 * takes `owners`. It is read lazily: a reader that stops early pays only for what it has read. One source costs one row
 * per id. Several are merged by a queue with the next id of each; they cost two rows per id and three per source, and the
 * table has their `owner` too.
 */
export function walkSql({ sources, descending, depth, carried = [] }: Walk): { sql: string; owners: string } {
  const [first] = sources;
  if (first === undefined) throw new Error('a walk needs a source');
  if (sources.length === 1) {
    const ids = idsOf(first.index, '?3', { low: '?1', high: '?2' }, descending, depth, carried);
    return { sql: `WITH walk (${['id', ...carried].join(', ')}) AS NOT MATERIALIZED (${ids})`, owners: first.owner };
  }
  if (carried.length > 0) throw new Error('several sources carry their ids only');
  const indexes = [...new Set(sources.map(({ index }) => index))];
  const owners = JSON.stringify(sources.map(({ index, owner }) => [indexes.indexOf(index), owner]));
  // Marks the end of a source. It sorts after each id.
  const end = descending ? "''" : "'~'";
  const start = nextOf(indexes, 'value ->> 0', 'value ->> 1', { low: '?1', high: '?2' }, descending);
  const range = descending ? { low: '?1', high: 'queue.id' } : { low: 'queue.id', high: '?2' };
  const next = nextOf(indexes, 'queue.place', 'queue.owner', range, descending);
  const sql = `WITH RECURSIVE queue (place, owner, id) AS NOT MATERIALIZED (
    SELECT value ->> 0, value ->> 1, coalesce(${start}, ${end}) FROM json_each(?3)
    UNION ALL
    SELECT place, owner, coalesce(${next}, ${end}) FROM queue WHERE id <> ${end}
    ORDER BY 3 ${descending ? 'DESC' : 'ASC'} LIMIT ${Math.trunc(depth)}
  ), walk (id, owner) AS NOT MATERIALIZED (SELECT id, owner FROM queue WHERE id <> ${end})`;
  return { sql, owners };
}

type Bounds = { low: string; high: string };

/** The next id of an owner in the index with the number `place`. */
function nextOf(
  indexes: readonly IdIndex[],
  place: string,
  owner: string,
  bounds: Bounds,
  descending: boolean,
): string {
  const whens = indexes.map((index, number) => `WHEN ${number} THEN (${idsOf(index, owner, bounds, descending, 1)})`);
  return `CASE ${place} ${whens.join(' ')} END`;
}

/** With INDEXED BY a statement fails if it cannot use its index; without, it would read the whole table. */
function idsOf(
  index: IdIndex,
  owner: string,
  bounds: Bounds,
  descending: boolean,
  limit: number,
  carried: readonly string[] = [],
): string {
  const { table, name, id, where } = index;
  const hint = name === null ? '' : `INDEXED BY ${name}`;
  return `SELECT ${[id, ...carried].join(', ')} FROM ${table} ${hint} WHERE ${index.owner} = ${owner} AND ${where}
    AND ${id} > ${bounds.low} AND ${id} < ${bounds.high} ORDER BY ${id} ${descending ? 'DESC' : 'ASC'} LIMIT ${Math.trunc(limit)}`;
}
