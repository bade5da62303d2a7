import type { ReactNode } from 'react';
import type { Collection } from './read.ts';

export type Column<Item> = {
  readonly name: string;
  readonly cell: (item: Item) => ReactNode;
  /** Figures, which stand at the right. */
  readonly isNumber?: boolean;
};

type Props<Item> = {
  /** What the rows are, for those who do not see the page. */
  caption: string;
  columns: readonly Column<Item>[];
  collection: Collection<Item>;
  keyOf: (item: Item) => string;
  /** What is said when there are none. */
  empty: ReactNode;
};

/** A collection as a table, with its further pages. On a phone each row is a block. */
export function RecordTable<Item>({ caption, columns, collection, keyOf, empty }: Props<Item>) {
  const { items, isLoading, problem, hasMore, more, again } = collection;
  return (
    <>
      {problem === null ? null : (
        <p className="problem" role="alert">
          {problem}{' '}
          <button type="button" className="button small" onClick={again}>
            Retry
          </button>
        </p>
      )}
      {items.length > 0 ? (
        <table className="records">
          <caption className="hidden-text">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ name, isNumber }) => (
                <th key={name} scope="col" className={isNumber === true ? 'is-number' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={keyOf(item)}>
                {columns.map(({ name, cell, isNumber }) => (
                  <td key={name} data-column={name} className={isNumber === true ? 'is-number' : undefined}>
                    {cell(item)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ) : problem === null ? (
        <p className="records-none muted" role="status">
          {isLoading ? <span className="is-late">Loading…</span> : empty}
        </p>
      ) : null}
      {hasMore ? (
        <button type="button" className="button" onClick={more}>
          Show more
        </button>
      ) : null}
    </>
  );
}
