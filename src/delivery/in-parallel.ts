/**
 * Works on items, at most `width` at a time. Answers the results in the order of the items. Rejects with the first
 * error.
 */
export async function inParallel<Item, Answer>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const queue = items.entries();
  async function takeItems(): Promise<void> {
    for (const [place, item] of queue) answers[place] = await work(item);
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, takeItems));
  return answers;
}
