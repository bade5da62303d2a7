/** A value as a column takes it. */
export type ColumnValue = string | number | null;

/**
 * The text after SET and its parameters for the columns that `changes` names; undefined ones are left as they are.
 * Column names come from our types, never from a request.
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
