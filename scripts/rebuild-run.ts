/** The answer of POST /admin/v1/rebuild. */
export type RebuildAnswer = {
  rebuilt: number;
  failed: { thread: string; error: string }[];
  next: string | null;
};

/** Requests one part of the work from the hub. */
export type AskForPart = (body: { cursor?: string; ids?: string[] }) => Promise<RebuildAnswer>;

/** Most ids of one request. */
const IDS_IN_A_REQUEST = 20;

/**
 * Rebuilds every thread of the register, or those with the given Durable Object ids, part after part. Calls `report`
 * with a line for each part and for each thread that failed. Answers how many threads were rebuilt and how many failed.
 */
export async function runRebuild(
  ask: AskForPart,
  ids: readonly string[] | null,
  report: (line: string) => void,
): Promise<{ rebuilt: number; failed: number }> {
  const total = { rebuilt: 0, failed: 0 };
  const add = (part: RebuildAnswer) => {
    total.rebuilt += part.rebuilt;
    total.failed += part.failed.length;
    for (const { thread, error } of part.failed) report(`${thread}: ${error}`);
    report(`${total.rebuilt} threads rebuilt, ${total.failed} failed`);
  };
  if (ids !== null) {
    for (let start = 0; start < ids.length; start += IDS_IN_A_REQUEST) {
      add(await ask({ ids: ids.slice(start, start + IDS_IN_A_REQUEST) }));
    }
    return total;
  }
  let part = await ask({});
  add(part);
  while (part.next !== null) {
    part = await ask({ cursor: part.next });
    add(part);
  }
  return total;
}
