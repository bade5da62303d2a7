/** Rows that one statement deletes at most: D1 gives a statement 30 s, and everybody else waits for it. */
const PORTION = 5_000;

/**
 * Deletes rows a portion at a time until there are no more, or `most` are gone. `deletePortion` deletes at most `limit` rows in one
 * statement. Answers how many are gone.
 */
export async function deleteInPortions(
  deletePortion: (limit: number) => Promise<{ changes: number }>,
  most: number,
): Promise<number> {
  let deleted = 0;
  while (deleted < most) {
    const limit = Math.min(PORTION, most - deleted);
    const { changes } = await deletePortion(limit);
    deleted += changes;
    if (changes < limit) break;
  }
  return deleted;
}
