export type KeysetValue = string | number;

/**
 * A page of a list by its position (keyset pagination). `key`: the ordering's columns of the row at which the page
 * before (or after) ended; null for the first page, or the last when read backwards. `previous` reads backwards: its
 * rows come in reversed order.
 */
export type Keyset = {
  key: readonly KeysetValue[] | null;
  direction: 'next' | 'previous';
  /** Rows to read: the size of the page and one more, which shows whether there is a further page. */
  limit: number;
};

/** A list's order: its columns, of which the last is unique, and one direction for all of them. */
export type KeysetOrder = { columns: readonly string[]; descending: boolean };

/** The orderings by creation that most lists have, with the columns of each. */
export const CREATION_ORDERS = {
  created_at: { columns: ['created_at', 'id'], descending: false },
  '-created_at': { columns: ['created_at', 'id'], descending: true },
} as const satisfies Record<string, KeysetOrder>;

export type CreationOrdering = keyof typeof CREATION_ORDERS;

/**
 * The SQL of a page. `where`: a condition on the order's columns with `parameters` (true for a first page). `orderBy`:
 * the text after ORDER BY, with LIMIT. Columns come from the hub's code, never from a request.
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
