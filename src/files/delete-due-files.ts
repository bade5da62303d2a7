import type { OrganizationDatabase } from '../db/database.ts';
import { deleteTakenFiles, takeDueFiles } from '../directory/files.ts';

/** Files that are deleted at a time, and most of them in a run. The next run goes on. */
const FILES_AT_ONCE = 100;
export const FILES_IN_A_RUN = 5_000;

/**
 * Deletes the files of a database that no message names any more, at `now` (ms): first their bytes, then their rows, so that
 * a crash between the two leaves a row, by which the next run repeats it. `organizationId`: only those of one organization.
 * Answers how many are deleted. Without a bucket there is nothing to delete.
 */
export async function deleteDueFiles(
  bucket: R2Bucket | undefined,
  database: OrganizationDatabase,
  now: number,
  organizationId: string | null = null,
): Promise<number> {
  if (bucket === undefined) return 0;
  let deleted = 0;
  while (deleted < FILES_IN_A_RUN) {
    const ids = await takeDueFiles(database, organizationId, now, FILES_AT_ONCE);
    if (ids.length === 0) break;
    await bucket.delete(ids);
    await deleteTakenFiles(database, ids);
    deleted += ids.length;
    if (ids.length < FILES_AT_ONCE) break;
  }
  return deleted;
}

/** The bucket of the deployment; undefined when it has none, which wrangler's types do not know. */
export function fileBucket(env: Env): R2Bucket | undefined {
  return env.FILES as R2Bucket | undefined;
}
