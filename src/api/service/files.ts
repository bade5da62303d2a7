import { z } from '@hono/zod-openapi';
import { hubKeysWith } from '../../directory/signing-keys.ts';
import { fileBucket } from '../../files/delete-due-files.ts';
import { isValidFileUrl } from '../../files/file-urls.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { pathId } from '../../http/fields.ts';
import { type Refused, refuse } from '../../http/refusals.ts';
import { createRouter } from '../../http/router.ts';
import { contentDisposition, type Disposition, isInlineType } from '../../resources/file.ts';
import { signedUrl } from '../access.ts';
import { defineRoute } from '../define-route.ts';

/** How long (s) a browser may keep a file: no longer, because it may be purged. */
const KEPT_BY_BROWSERS = 300;

const anyText = z.string().max(200);

const binary = { schema: { type: 'string', format: 'binary' } } as const;

const route = defineRoute({
  operationId: 'getFile',
  method: 'get',
  path: '/{file_id}',
  tag: 'Files',
  summary: 'Get a file by its signed URL',
  description:
    'The hub makes such a URL wherever it shows a file; nobody else can, and no token is needed. A URL that was changed or has expired is 404, as is a file that was deleted. The type is the one that the bytes have. Browsers show only images of some types in the page, run nothing in it, and save everything else.',
  access: signedUrl,
  request: {
    params: z.object({ file_id: pathId('file_id') }),
    query: z.object({
      expires: anyText.optional(),
      disposition: anyText.optional(),
      key: anyText.optional(),
      signature: anyText.optional(),
    }),
  },
  refusals: [416],
  answers: {
    200: { description: 'The file', content: { 'application/octet-stream': binary } },
    206: { description: 'The part that `Range` asks for', content: { 'application/octet-stream': binary } },
    304: { description: 'The caller has the file already, as `If-None-Match` says' },
  },
});

/** GET /files/<file_id>: its own path, outside the API, because it takes no token. */
export const fileRoutes = createRouter();

fileRoutes.openapi(route, async (c) => {
  const { file_id } = c.req.valid('param');
  const { expires = '', disposition, key = '', signature = '' } = c.req.valid('query');
  if (!/^\d{1,12}$/.test(expires) || (disposition !== 'inline' && disposition !== 'attachment')) return unknown(c);
  const bucket = fileBucket(c.env);
  if (bucket === undefined) return refuse(c, { reason: 'no_file_storage' });
  const url = { expires: Number(expires), disposition, key, signature } as const;
  const { signing } = await hubKeysWith(c.env, c.var.cost, key);
  if (!isValidFileUrl(signing, file_id, url, Date.now())) return unknown(c);
  return await serve(c, bucket, file_id, disposition);
});

function unknown(c: AppContext): Refused {
  return refuse(c, { reason: 'not_found' });
}

async function serve(
  c: AppContext,
  bucket: R2Bucket,
  id: string,
  disposition: 'inline' | 'attachment',
): Promise<Refused> {
  const asked = c.req.header('Range');
  // One call of R2 is enough for a whole file. A range needs the size first.
  const isWhole = c.req.method === 'GET' && asked === undefined;
  const known = c.req.header('If-None-Match');
  const object = isWhole ? await bucket.get(id, unlessKnown(known)) : await bucket.head(id);
  if (object === null) return unknown(c);
  const headers = headersOf(object, disposition);
  if (known === object.httpEtag) return new Response(null, { status: 304, headers }) as Refused;
  const { size } = object;
  const range = rangeIn(asked, size);
  if (range === 'unknown') return refuse(c, { reason: 'range_unknown', size });
  headers.set('Content-Length', String(range?.length ?? size));
  if (range !== null) headers.set('Content-Range', `bytes ${range.offset}-${range.offset + range.length - 1}/${size}`);
  const status = range === null ? 200 : 206;
  if (c.req.method === 'HEAD') return new Response(null, { status, headers }) as Refused;
  const found = isWhole ? object : await bucket.get(id, range === null ? {} : { range });
  // Deleted since the look at it.
  if (found === null || !('body' in found)) return unknown(c);
  return new Response((found as R2ObjectBody).body, { status, headers }) as Refused;
}

/** R2 sends no bytes of what the caller has. */
function unlessKnown(etag: string | undefined): R2GetOptions {
  const [, known] = /^"([^"]+)"$/.exec(etag ?? '') ?? [];
  return known === undefined ? {} : { onlyIf: { etagDoesNotMatch: known } };
}

function headersOf({ httpMetadata, customMetadata, httpEtag }: R2Object, disposition: Disposition): Headers {
  const type = httpMetadata?.contentType ?? 'application/octet-stream';
  const shown = disposition === 'inline' && isInlineType(type) ? 'inline' : 'attachment';
  return new Headers({
    'Content-Type': type,
    'Content-Disposition': contentDisposition(shown, decodeURIComponent(customMetadata?.['name'] ?? 'file')),
    'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': `private, max-age=${KEPT_BY_BROWSERS}`,
    'Accept-Ranges': 'bytes',
    ETag: httpEtag,
  });
}

/** The one range that a request asks for; null for the whole file, also when it asks for several (RFC 9110, 14.2). */
function rangeIn(header: string | undefined, size: number): { offset: number; length: number } | 'unknown' | null {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unknown' : { offset: size - length, length };
  }
  const offset = Number(first);
  if (offset >= size) return 'unknown';
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return end < offset ? null : { offset, length: end - offset + 1 };
}
