import { createHash } from 'node:crypto';
import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { deleteUnstored, type FileLimit, type FileOwner, insertFile, noteStored } from '../directory/files.ts';
import { addStoredBytes, reserveStoredBytes } from '../directory/organizations.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { DAY, dayOf } from '../resources/clock.ts';
import { cleanFileName, FILE_BYTES, type FileFacts } from '../resources/file.ts';
import { typeOfBytes } from '../resources/file-type.ts';
import { newUuid } from '../resources/uuid.ts';
import { joinBytes, UploadCutOff } from './form-file.ts';

/** Why a file is not stored. Each dialect has its own answer to it. */
export type UploadRefusal =
  | { reason: 'no_file_storage' }
  | { reason: 'file_empty' }
  /** `limit` in bytes. */
  | { reason: 'too_large'; limit: number }
  | { reason: 'body_cut_off' }
  /** `seconds` until the owner may upload again. */
  | { reason: 'rate_limited'; seconds: number }
  | { reason: 'day_quota_reached'; quota: 'stored_bytes'; limit: number; seconds: number };

export type Uploaded = { ok: true; file: FileFacts } | { ok: false; refusal: UploadRefusal };

export type UploadDeps = {
  /** Undefined in a deployment that stores no files. */
  bucket: R2Bucket | undefined;
  identity: IdentityDatabase;
  database: OrganizationDatabase;
  /** ms. */
  now: number;
  limit: FileLimit | null;
  /** The organization's quota of stored bytes of a day. */
  quota: number;
};

/** `announced`: how many bytes the request says that it has, at least those of the file; null: it does not say. */
export type Upload = { name: string; bytes: AsyncIterable<Uint8Array>; announced: number | null };

/**
 * Files take at most this part of the bytes that an organization may store on a day: messages always have the rest, and
 * visitors cannot use up what the organization's own people need.
 */
const SHARE = { user: 0.5, channel: 0.5, visitor: 0.25 } as const;

/** What R2 gets at a time, in bytes: a smaller file is stored at once, a larger one in such parts. R2 takes no smaller part. */
const PART_BYTES = 5_242_880;

/** A file that must not be stored. */
class Unacceptable extends Error {
  override readonly name = 'Unacceptable';
  readonly refusal: UploadRefusal;

  constructor(refusal: UploadRefusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

/**
 * Stores a file of an owner as it comes: never more than two parts of it are in memory. Its row is there before its bytes, so
 * the watchdog finds whatever a crash leaves. Rejects when a database or R2 cannot be reached.
 */
export async function storeUpload(deps: UploadDeps, owner: FileOwner, upload: Upload): Promise<Uploaded> {
  const { bucket, database, identity, now, quota } = deps;
  const { organization_id } = owner;
  if (bucket === undefined) return refused({ reason: 'no_file_storage' });
  if (upload.announced === 0) return refused({ reason: 'file_empty' });
  const most = Math.floor(quota * SHARE[owner.type]);
  const reserved = Math.min(upload.announced ?? FILE_BYTES, FILE_BYTES);
  const day = dayOf(now);
  if (!(await reserveStoredBytes(identity, organization_id, day, { bytes: reserved, most }))) {
    const seconds = Math.ceil(((day + 1) * DAY - now) / 1000);
    return refused({ reason: 'day_quota_reached', quota: 'stored_bytes', limit: most, seconds });
  }
  const id = newUuid(now);
  const name = cleanFileName(upload.name);
  const giveBack = (bytes: number) => addStoredBytes(identity, organization_id, day, -bytes);
  if (!(await insertFile(database, owner, { id, name }, deps))) {
    await giveBack(reserved);
    return refused({ reason: 'rate_limited', seconds: Math.ceil((deps.limit?.period ?? 0) / 1000) });
  }
  try {
    const file = { id, name, ...(await putBytes(bucket, { id, name, organization_id }, upload.bytes)) };
    if (!(await noteStored(database, organization_id, file))) {
      await bucket.delete(id);
      throw new Unacceptable({ reason: 'body_cut_off' });
    }
    if (upload.announced === null) await giveBack(reserved - file.size);
    return { ok: true, file };
  } catch (error) {
    const refusal = refusalFor(error);
    if (refusal === null) throw error;
    await deleteUnstored(database, organization_id, id);
    await giveBack(reserved);
    return refused(refusal);
  }
}

function refused(refusal: UploadRefusal): Uploaded {
  return { ok: false, refusal };
}

function refusalFor(error: unknown): UploadRefusal | null {
  if (error instanceof Unacceptable) return error.refusal;
  return error instanceof UploadCutOff ? { reason: 'body_cut_off' } : null;
}

type Place = { id: string; name: string; organization_id: string };

/** Reads the bytes into R2. The object says what serving needs, so that it asks no database. */
async function putBytes(
  bucket: R2Bucket,
  { id, name, organization_id }: Place,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Pick<FileFacts, 'content_type' | 'size' | 'sha256'>> {
  const hash = createHash('sha256');
  let size = 0;
  let content_type = '';
  let parallel: R2MultipartUpload | null = null;
  const parts: R2UploadedPart[] = [];
  const options = () => ({
    httpMetadata: { contentType: content_type },
    // Metadata are headers, which have only ASCII.
    customMetadata: { name: encodeURIComponent(name), organization_id },
  });
  try {
    for await (const { part, isLast } of partsOf(bytes)) {
      size += part.byteLength;
      if (size > FILE_BYTES) throw new Unacceptable({ reason: 'too_large', limit: FILE_BYTES });
      if (size === 0) throw new Unacceptable({ reason: 'file_empty' });
      hash.update(part);
      if (content_type === '') content_type = typeOfBytes(part);
      if (isLast && parallel === null) await bucket.put(id, part, options());
      else if (part.byteLength > 0) {
        parallel ??= await bucket.createMultipartUpload(id, options());
        parts.push(await parallel.uploadPart(parts.length + 1, part));
      }
    }
    if (parallel !== null) await parallel.complete(parts);
  } catch (error) {
    await parallel?.abort().catch((problem: unknown) => {
      // R2 deletes what is left of it after seven days.
      writeLog('warn', 'upload_not_aborted', { error: errorText(problem) });
    });
    throw error;
  }
  return { content_type, size, sha256: hash.digest('hex') };
}

/** The bytes in parts of PART_BYTES; the last one has what is left, which may be nothing. Stops reading above FILE_BYTES. */
async function* partsOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<{ part: Uint8Array; isLast: boolean }> {
  let held: Uint8Array[] = [];
  let length = 0;
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.byteLength;
    if (total > FILE_BYTES) throw new Unacceptable({ reason: 'too_large', limit: FILE_BYTES });
    for (let rest = chunk; rest.byteLength > 0; ) {
      const taken = rest.subarray(0, PART_BYTES - length);
      held.push(taken);
      length += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
      if (length < PART_BYTES) break;
      yield { part: joinBytes(held), isLast: false };
      held = [];
      length = 0;
    }
  }
  yield { part: joinBytes(held), isLast: true };
}
