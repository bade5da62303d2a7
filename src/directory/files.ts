import type { OrganizationDatabase } from '../db/database.ts';
import type { FileFacts } from '../resources/file.ts';

/** How long (ms) a file is kept that no message names: since it was uploaded, or since somebody tried to use it. */
export const KEEP_UNNAMED = 24 * 3_600_000;

/** Who has uploaded a file, and alone may use it. A `channel` uploads for those who write through it. */
export type FileOwner = { organization_id: string; type: 'user' | 'visitor' | 'channel'; id: string };

/** At most `most` files in any `period` (ms). */
export type FileLimit = { most: number; period: number };

/**
 * Records a file before its bytes are stored, at `now` (ms). False when the owner has reached the limit: the count and the
 * new row are one transaction.
 */
export async function insertFile(
  database: OrganizationDatabase,
  { organization_id, type, id: ownerId }: FileOwner,
  file: { id: string; name: string },
  { now, limit }: { now: number; limit: FileLimit | null },
): Promise<boolean> {
  const { changes } = await database.run(
    `INSERT INTO files (id, organization_id, owner_type, owner_id, name, created_at, delete_after)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
     WHERE ?8 IS NULL OR (SELECT count(*) FROM files WHERE owner_id = ?4 AND created_at > ?9) < ?8`,
    file.id,
    organization_id,
    type,
    ownerId,
    file.name,
    now,
    now + KEEP_UNNAMED,
    limit?.most ?? null,
    now - (limit?.period ?? 0),
  );
  return changes > 0;
}

/** Notes that the bytes are stored. False when the file is to be deleted meanwhile. */
export async function noteStored(
  database: OrganizationDatabase,
  organizationId: string,
  { id, content_type, size, sha256 }: FileFacts,
): Promise<boolean> {
  const { changes } = await database.run(
    `UPDATE files SET content_type = ?, size = ?, sha256 = ?
     WHERE id = ? AND organization_id = ? AND is_deleting = 0 AND delete_after > 0`,
    content_type,
    size,
    sha256,
    id,
    organizationId,
  );
  return changes > 0;
}

/** Deletes the row of a file that was not stored. */
export async function deleteUnstored(
  database: OrganizationDatabase,
  organizationId: string,
  id: string,
): Promise<void> {
  await database.run('DELETE FROM files WHERE id = ? AND organization_id = ?', id, organizationId);
}

/** Files that a message is to name. `fresh`: those that belonged to no chat before, by which `releaseFiles` gives them back. */
export type UsedFiles = { files: Map<string, FileFacts>; fresh: string[]; used_at: number };

/**
 * Takes files of an owner for a chat at `now` (ms): from then on they belong to it. Null, and nothing is taken, when one of
 * them does not exist, is another's, belongs to another chat or is being deleted. A file may be taken again for its chat, so
 * a repeated request is harmless.
 */
export async function useFiles(
  database: OrganizationDatabase,
  { organization_id, type, id: ownerId }: FileOwner,
  chatId: string,
  ids: readonly string[],
  now: number,
): Promise<UsedFiles | null> {
  const usable = `id IN (SELECT value FROM json_each(?1)) AND organization_id = ?2 AND owner_type = ?3 AND owner_id = ?4
    AND (chat_id IS NULL OR chat_id = ?5) AND sha256 IS NOT NULL AND is_deleting = 0 AND delete_after IS NOT 0`;
  const wanted = [...new Set(ids)];
  const parameters = [JSON.stringify(wanted), organization_id, type, ownerId, chatId];
  const [fresh = [], taken = []] = (await database.batch([
    [`SELECT id FROM files WHERE ${usable} AND chat_id IS NULL`, ...parameters],
    [
      `UPDATE files SET chat_id = ?5, used_at = ?6, delete_after = iif(delete_after IS NULL, NULL, ?7)
       WHERE ${usable} AND (SELECT count(*) FROM files WHERE ${usable}) = ?8
       RETURNING id, name, content_type, size, sha256`,
      ...parameters,
      now,
      now + KEEP_UNNAMED,
      wanted.length,
    ],
  ])) as [{ id: string }[], FileFacts[]];
  if (taken.length < wanted.length) return null;
  return { files: new Map(taken.map((file) => [file.id, file])), fresh: fresh.map(({ id }) => id), used_at: now };
}

/** Gives files back that were taken for a message which was refused: they belong to no chat again. */
export async function releaseFiles(
  database: OrganizationDatabase,
  organizationId: string,
  chatId: string,
  { fresh, used_at }: UsedFiles,
): Promise<void> {
  if (fresh.length === 0) return;
  await database.run(
    `UPDATE files SET chat_id = NULL, used_at = NULL
     WHERE id IN (SELECT value FROM json_each(?)) AND organization_id = ? AND chat_id = ? AND used_at = ?
       AND message_id IS NULL`,
    JSON.stringify(fresh),
    organizationId,
    chatId,
    used_at,
  );
}

/** Lets the watchdog delete what a visitor has uploaded and no message names: they were purged. */
export async function freeUnnamedFiles(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
): Promise<void> {
  await database.run(
    `UPDATE files SET delete_after = 0
     WHERE owner_id = ? AND owner_type = 'visitor' AND organization_id = ? AND message_id IS NULL`,
    visitorId,
    organizationId,
  );
}

/**
 * Takes up to `limit` files that are due at `now` (ms), so that nobody can use them any more, and answers their ids. Those
 * of an earlier call come again until their rows are deleted. Of one organization, or (null) of all: only the watchdog may
 * do that.
 */
export async function takeDueFiles(
  database: OrganizationDatabase,
  organizationId: string | null,
  now: number,
  limit: number,
): Promise<string[]> {
  const rows = await database.all<{ id: string }>(
    `UPDATE files SET is_deleting = 1 WHERE id IN (
       SELECT id FROM files INDEXED BY files_due
       WHERE delete_after IS NOT NULL AND delete_after <= ?1 AND (?2 IS NULL OR organization_id = ?2)
       ORDER BY delete_after LIMIT ?3) RETURNING id`,
    now,
    organizationId,
    limit,
  );
  return rows.map(({ id }) => id);
}

/** Deletes the rows of files whose bytes are deleted. */
export async function deleteTakenFiles(database: OrganizationDatabase, ids: readonly string[]): Promise<void> {
  await database.run(
    'DELETE FROM files WHERE id IN (SELECT value FROM json_each(?)) AND is_deleting = 1',
    JSON.stringify(ids),
  );
}
