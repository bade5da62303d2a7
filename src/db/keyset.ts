export type KeysetValue = string | number;

/**
 * One page of a list by its place, not by its number. `key` holds the values of the ordering's columns in the row at which the
 * page before (or after) ended; null for the first page, or the last when it is read backwards. `previous` reads backwards: its rows
 * come in reversed order.
 */
export type Keyset = {
  key: readonly KeysetValue[] | null;
  direction: 'next' | 'previous';
  /** Rows to read: the page's size and one more, which tells whether a further page exists. */
  limit: number;
};

/** A list's order: its columns, the last of them unique, and the one direction that all of them have. */
export type KeysetOrder = { columns: readonly string[]; descending: boolean };

/**
 * The SQL of a keyset: `where` is a condition on the order's columns (true for a first page) whose placeholders take `parameters`,
 * `orderBy` the text after ORDER BY, LIMIT included. Columns come from our code, never from a request.
 */
export function keysetClauses(
  order: KeysetOrder,
  keyset: Keyset,
): { where: string; orderBy: string; parameters: readonly KeysetValue[] } {
  const descending = order.descending !== (keyset.direction === 'previous');
  const direction = descending ? 'DESC' : 'ASC';
  const orderBy = `${order.columns.map((column) => `${column} ${direction}`).join(', ')} LIMIT ${Math.trunc(keyset.limit)}`;
  if (keyset.key === null) return { where: 'TRUE', orderBy, parameters: [] };
  const places = order.columns.map(() => '?').join(', ');
  const where = `(${order.columns.join(', ')}) ${descending ? '<' : '>'} (${places})`;
  return { where, orderBy, parameters: keyset.key };
}
