import type { AppMiddleware } from './app-environment.ts';
import { drain } from './drain-body.ts';
import { type Refusal, refuse } from './refusals.ts';

/** The largest body that is accepted, in bytes. */
export const BODY_LIMIT = 5_000_000;

type BodyObject = { [field: string]: unknown };
export type ParsedBody = { ok: true; value: BodyObject } | { ok: false; refusal: Refusal };

/**
 * Reads a route's JSON body before the validator does: bounded, whatever its Content-Type says, an empty one as `{}`.
 * `defineRoute` puts it into every route that declares a body, behind the route's guards.
 */
export const readJsonBody: AppMiddleware = async (c, next) => {
  // Hono takes a segment such as `:chat_id`, a template that nobody filled in, through each middleware twice.
  if (c.get('isBodyRead')) return next();
  c.set('isBodyRead', true);
  const bytes = await readBounded(c.req.raw, BODY_LIMIT);
  if (bytes === null) return refuse(c, { reason: 'too_large' });
  const parsed = parseJsonBody(bytes);
  if (!parsed.ok) return refuse(c, parsed.refusal);
  // The validator looks at the Content-Type and then takes the body from `json`, which is not parsed a second time.
  if (!isJson(c.req.header('Content-Type'))) {
    const headers = new Headers(c.req.raw.headers);
    headers.set('Content-Type', 'application/json');
    c.req.raw = new Request(c.req.raw.url, { method: c.req.raw.method, headers });
  }
  c.req.json = (async () => parsed.value) as typeof c.req.json;
  await next();
};

/** The usual headers; the validator refuses some that only begin so, such as `application/json;`. */
function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json(; ?charset=utf-8)?$/i.test(contentType);
}

/** The server has checked that a body is as long as it was announced; reading it at once is cheaper than by a reader. */
async function readAnnounced(
  request: { arrayBuffer(): Promise<ArrayBuffer> },
  limit: number,
): Promise<Uint8Array | null> {
  const buffer = await request.arrayBuffer();
  return buffer.byteLength > limit ? null : new Uint8Array(buffer);
}

/** A body's bytes, or null as soon as there are more than `limit`: Content-Length may lie or be missing, so they are counted. */
export async function readBounded(
  request: Pick<Request, 'headers' | 'body' | 'arrayBuffer'>,
  limit: number,
): Promise<Uint8Array | null> {
  const announced = request.headers.get('Content-Length');
  if (Number(announced ?? 0) > limit) return null;
  if (request.body === null) return new Uint8Array(0);
  if (announced !== null) return await readAnnounced(request, limit);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > limit) {
      await drain(reader);
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

/** The JSON object that a body holds; an empty body is an empty object. */
export function parseJsonBody(bytes: Uint8Array): ParsedBody {
  if (bytes.byteLength === 0) return { ok: true, value: {} };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return { ok: false, refusal: { reason: 'malformed_text' } };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
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
