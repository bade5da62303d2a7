/** Most rows that one statement deletes. D1 stops a statement after 30 s, and everybody else waits for it. */
const PORTION = 5_000;

/**
 * Deletes rows in portions, until there are no more or `most` are deleted. `deletePortion` deletes at most `limit` rows
 * with one statement. Answers how many are deleted.
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
