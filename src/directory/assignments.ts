/** A value of a column. */
export type ColumnValue = string | number | null;

/**
 * The text after SET, and its parameters, for the columns in `changes`. Undefined columns are left out. Names of
 * columns come from the hub's types, never from a request.
 */
export function assignments(changes: Readonly<Record<string, ColumnValue | undefined>>): {
  set: string;
  parameters: ColumnValue[];
} {
  const columns: string[] = [];
  const parameters: ColumnValue[] = [];
  for (const [column, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    columns.push(`${column} = ?`);
    parameters.push(value);
  }
  return { set: columns.join(', '), parameters };
}
