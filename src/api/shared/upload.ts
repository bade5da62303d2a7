import { z } from '@hono/zod-openapi';
import type { OrganizationDatabase } from '../../db/database.ts';
import type { FileLimit, FileOwner } from '../../directory/files.ts';
import { cachedHubKeys } from '../../directory/signing-keys.ts';
import { fileBucket } from '../../files/delete-due-files.ts';
import { endOfFileUrl, FILE_URL_LIFE, fileUrls } from '../../files/file-urls.ts';
import { boundaryOf, FORM_BYTES, findFormFile, UploadCutOff } from '../../files/form-file.ts';
import { storeUpload, type Upload } from '../../files/store-upload.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { publicOrigin } from '../../http/collection.ts';
import { drain } from '../../http/drain-body.ts';
import { textField } from '../../http/fields.ts';
import { type Refusal, type Refused, refuse } from '../../http/refusals.ts';
import { isoTime } from '../../resources/clock.ts';
import { FILE_BYTES, type FileFacts, fileNameIn, isInlineType } from '../../resources/file.ts';
import type { uploadedFileSchema } from './file-schemas.ts';

const binary = { type: 'string', format: 'binary' } as const;

/** The body of an upload: a form with the field `file`, or the bytes themselves. */
export const UPLOAD = {
  description: `A form with the field \`file\`, or the bytes of the file alone with any other type. The file has at most ${FILE_BYTES.toLocaleString('en')} bytes.`,
  content: {
    'multipart/form-data': {
      schema: { type: 'object', properties: { file: binary }, required: ['file'] },
    },
    'application/octet-stream': { schema: binary },
  },
};

export const uploadQuery = z.object({
  name: textField({ max: 1000, blank: true })
    .optional()
    .openapi({ description: 'The name of a file that comes alone; else that of `Content-Disposition` is taken.' }),
});

/** What every upload says of itself in the reference. */
export const ABOUT_UPLOADS =
  'The type is found from the bytes; what the request says of it is not believed. A file that no message names is deleted after a day. The URL is valid for an hour: images open in the page, everything else is saved. An empty file is 400, one above 26,214,400 bytes 413. Files take at most a part of the bytes that the organization may store on a day; beyond it, and above the rate, the answer is 429.';

/** Whose file it is, and what they may store. */
export type Uploader = {
  owner: FileOwner;
  database: OrganizationDatabase;
  quota: number;
  limit: FileLimit | null;
};

/** Stores the file of a request. Answers what the uploader gets, or the response that refuses it. */
export async function receiveUpload(
  c: AppContext,
  uploader: Uploader,
  name: string | undefined,
): Promise<{ ok: true; file: z.infer<typeof uploadedFileSchema> } | { ok: false; refused: Refused }> {
  const received = await receiveFile(c, uploader, name);
  return received.ok ? { ok: true, file: await withUrl(c, received.file, Date.now()) } : received;
}

/** The fields of a form beside its file. */
export type FormFields = ReadonlyMap<string, string>;

/**
 * Stores the file of a request, and answers it with the fields of its form. `refusalOf` may refuse by the fields before the
 * file, so that nothing is stored.
 */
export async function receiveFile(
  c: AppContext,
  { owner, database, quota, limit }: Uploader,
  name: string | undefined,
  refusalOf: (fields: FormFields) => Promise<Refused | null> = async () => null,
): Promise<{ ok: true; file: FileFacts; fields: FormFields } | { ok: false; refused: Refused }> {
  const bucket = fileBucket(c.env);
  if (bucket === undefined) return { ok: false, refused: refuse(c, { reason: 'no_file_storage' }) };
  const { body } = c.req.raw;
  const source = body === null ? null : bytesOf(body);
  const read = await readUpload(c.req.raw.headers, source, name);
  const now = Date.now();
  const deps = { bucket, identity: identityDatabase(c), database, now, limit, quota };
  const refused = read.ok ? await refusalOf(read.fields) : refuse(c, read.refusal);
  const stored = read.ok && refused === null ? await storeUpload(deps, owner, read.upload) : null;
  if (read.ok && stored?.ok === true) {
    const fields = new Map([...read.fields, ...(await restOf(read))]);
    return { ok: true, file: stored.file, fields };
  }
  // The client may still be writing: see http/drain-body.ts.
  await source?.return(undefined);
  if (body !== null && c.req.header('CF-Ray') === undefined) await drain(body, 2 * FILE_BYTES);
  if (stored?.ok === false) return { ok: false, refused: refuse(c, stored.refusal) };
  return { ok: false, refused: refused ?? refuse(c, NO_FILE) };
}

/** The fields behind the file. A form that ends early has none: its file is whole. */
async function restOf({ readRest }: ReadUpload): Promise<FormFields> {
  try {
    return await readRest();
  } catch (error) {
    if (error instanceof UploadCutOff) return NO_FIELDS;
    throw error;
  }
}

type ReadUpload = { upload: Upload; fields: FormFields; readRest: () => Promise<FormFields> };

const NO_FIELDS: FormFields = new Map();

async function withUrl(c: AppContext, file: FileFacts, now: number) {
  const { signing } = await cachedHubKeys(c.env, c.var.cost);
  const urlOf = fileUrls(signing, publicOrigin(c), now, FILE_URL_LIFE.answer);
  const url = urlOf(file, isInlineType(file.content_type) ? 'inline' : 'attachment');
  return { ...file, url, expires_at: isoTime(endOfFileUrl(now, FILE_URL_LIFE.answer) * 1000) };
}

/** The file in a body (null: there is none), which is read only as far as to where the file begins. */
async function readUpload(
  headers: Headers,
  source: AsyncGenerator<Uint8Array> | null,
  name: string | undefined,
): Promise<({ ok: true } & ReadUpload) | { ok: false; refusal: Refusal }> {
  const encoding = (headers.get('Content-Encoding') ?? '').trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity') return { ok: false, refusal: { reason: 'unsupported_encoding' } };
  const contentType = headers.get('Content-Type') ?? '';
  const isForm = /^multipart\//i.test(contentType);
  const length = headers.get('Content-Length');
  const announced = length === null ? null : Number(length);
  if ((announced ?? 0) > FILE_BYTES + (isForm ? FORM_BYTES : 0)) {
    return { ok: false, refusal: { reason: 'too_large', limit: FILE_BYTES } };
  }
  if (source === null) return { ok: false, refusal: isForm ? NO_FILE : { reason: 'file_empty' } };
  if (!isForm) {
    const named = name ?? fileNameIn(headers.get('Content-Disposition') ?? '') ?? '';
    const upload = { name: named, bytes: wholeBody(source, announced), announced };
    return { ok: true, upload, fields: NO_FIELDS, readRest: async () => NO_FIELDS };
  }
  const boundary = boundaryOf(contentType);
  if (boundary === null) return { ok: false, refusal: NO_FILE };
  try {
    const found = await findFormFile(source, boundary);
    if (found === null) return { ok: false, refusal: NO_FILE };
    const { bytes, fields, readRest } = found;
    return { ok: true, upload: { name: name ?? found.name ?? '', bytes, announced }, fields, readRest };
  } catch (error) {
    if (error instanceof UploadCutOff) return { ok: false, refusal: { reason: 'body_cut_off' } };
    throw error;
  }
}

const NO_FILE: Refusal = { reason: 'invalid', fields: { file: ['No file was submitted.'] } };

/** The bytes of a body. Throws `UploadCutOff` when the client disconnects. */
async function* bytesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        // No error of the hub.
        throw new UploadCutOff('the client disconnected');
      });
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** All of them. Throws `UploadCutOff` when there are fewer than the request has announced. */
async function* wholeBody(source: AsyncGenerator<Uint8Array>, announced: number | null): AsyncGenerator<Uint8Array> {
  let length = 0;
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    length += next.value.byteLength;
    yield next.value;
  }
  if (announced !== null && length < announced) throw new UploadCutOff('the body is shorter than announced');
}
