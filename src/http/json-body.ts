import type { AppContext, AppMiddleware } from './app-environment.ts';
import { drain } from './drain-body.ts';
import { parseJson } from './exact-numbers.ts';
import { isModestJson } from './json-size.ts';
import { type Refusal, refuse } from './refusals.ts';

/**
 * The elements of a larger body (bytes) are counted before it is parsed. A smaller one cannot have too many for the
 * memory.
 */
const COUNTED_ABOVE = 65_536;

/** The supported values of `Content-Encoding`. */
const ENCODINGS: ReadonlyMap<string, 'gzip' | 'deflate'> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
]);

type BodyObject = { [field: string]: unknown };
export type ParsedBody = { ok: true; value: BodyObject } | { ok: false; refusal: Refusal };
export type ReadBody = { ok: true; bytes: Uint8Array } | { ok: false; refusal: Refusal };

/**
 * Reads a route's JSON body for the validator: at most `limit` bytes, decoded by its Content-Encoding, whatever the
 * Content-Type, and an empty body as `{}`. `defineRoute` adds it to every route with a body, after the route's guards.
 */
export function readJsonBody(limit: number): AppMiddleware {
  return async (c, next) => {
    // Hono runs each middleware twice for a path with a literal segment such as `:chat_id` (a template that was not
    // filled in).
    if (c.get('isBodyRead')) return next();
    c.set('isBodyRead', true);
    const read = await readBody(c.req.raw, limit);
    if (!read.ok) return refuse(c, read.refusal);
    const parsed = parseJsonBody(read.bytes);
    if (!parsed.ok) return refuse(c, parsed.refusal);
    declareJson(c);
    // The validator takes the body from `json`, without parsing it again.
    c.req.json = (async () => parsed.value) as typeof c.req.json;
    await next();
  };
}

/** Gives a request the Content-Type that the validator requires. Cloudflare's facts about the client (`cf`) stay. */
function declareJson(c: AppContext): void {
  if (isJson(c.req.header('Content-Type'))) return;
  const { url, method, headers, cf } = c.req.raw;
  const declared = new Headers(headers);
  declared.set('Content-Type', 'application/json');
  c.req.raw = new Request(url, { method, headers: declared, ...(cf === undefined ? {} : { cf }) } as RequestInit);
}

/** The usual Content-Types. The validator refuses some variants, such as `application/json;`. */
function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json(; ?charset=utf-8)?$/i.test(contentType);
}

/**
 * A body's decoded bytes. Refused when there are more than `limit`, when the encoding is unknown or wrong, or when the
 * client disconnects.
 */
export async function readBody(request: Request, limit: number): Promise<ReadBody> {
  const tooLarge: ReadBody = { ok: false, refusal: { reason: 'too_large', limit } };
  const announced = request.headers.get('Content-Length');
  if (Number(announced ?? 0) > limit) return tooLarge;
  const encoding = (request.headers.get('Content-Encoding') ?? '').trim().toLowerCase();
  const isPlain = encoding === '' || encoding === 'identity';
  const format = ENCODINGS.get(encoding);
  if (!isPlain && format === undefined) return { ok: false, refusal: { reason: 'unsupported_encoding' } };
  if (request.body === null) return { ok: true, bytes: new Uint8Array(0) };
  try {
    if (format === undefined) {
      // The server has checked that the body is as long as announced. Reading it at once is cheaper than using a
      // reader.
      const bytes = announced === null ? await collect(request.body, limit) : await request.bytes();
      return bytes === null || bytes.byteLength > limit ? tooLarge : { ok: true, bytes };
    }
    const decoded = request.body.pipeThrough(new DecompressionStream(format) as ReadableWritablePair<Uint8Array>);
    const bytes = await collect(decoded, limit);
    return bytes === null ? tooLarge : { ok: true, bytes };
  } catch {
    // The decoder has failed, or the client has disconnected. Neither is an error of the hub.
    return { ok: false, refusal: { reason: format === undefined ? 'body_cut_off' : 'malformed_encoding' } };
  }
}

/** The bytes of a stream. Null as soon as there are more than `limit`; the rest is read and discarded. */
async function collect(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > limit) {
      reader.releaseLock();
      await drain(stream);
      return null;
    }
    chunks.push(value);
  }
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** The JSON object in a body. An empty body is an empty object. */
export function parseJsonBody(bytes: Uint8Array): ParsedBody {
  if (bytes.byteLength === 0) return { ok: true, value: {} };
  if (bytes.byteLength > COUNTED_ABOVE && !isModestJson(bytes))
    return { ok: false, refusal: { reason: 'too_complex' } };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return { ok: false, refusal: { reason: 'malformed_text' } };
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    // The runtime's message quotes the body, so it is dropped.
    return { ok: false, refusal: { reason: 'malformed_json' } };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = 'Invalid data. Expected a dictionary.';
    return { ok: false, refusal: { reason: 'invalid', fields: { non_field_errors: [message] } } };
  }
  return { ok: true, value: value as BodyObject };
}
