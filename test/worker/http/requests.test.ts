import { createExecutionContext } from 'cloudflare:test';
import { z } from '@hono/zod-openapi';
import { describe, expect, it, vi } from 'vitest';
import { publicAccess } from '../../../src/api/access.ts';
import { defineRoute } from '../../../src/api/define-route.ts';
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { NEWEST_MIGRATION } from '../../../src/api/service/health.ts';
import { createApp } from '../../../src/app.ts';
import type { AppContext } from '../../../src/http/app-environment.ts';
import { PUBLIC_BODY } from '../../../src/http/body-limits.ts';
import { DRAIN_LIMIT } from '../../../src/http/drain-body.ts';
import { textField, uuidField } from '../../../src/http/fields.ts';
import { bodyOf, jsonOf } from '../../../src/http/route-parts.ts';
import { ADMIN_TOKEN, admin, brokenDatabase, call, enroll, testEnv } from '../../support/worker/requests.ts';

const bodySchema = z.object({
  messages: z.array(z.object({ body: textField({ max: 5 }), count: z.int().max(3).optional() })).min(1),
  note: z.string().nullable().optional(),
  variables: z.record(z.string(), z.string()).optional(),
});

function probe(watch: (c: AppContext) => void = () => {}) {
  const app = createApp();
  const post = defineRoute({
    operationId: 'probe',
    method: 'post',
    path: '/probe/{id}',
    tag: 'Service',
    summary: 'Probe',
    description: 'Answers the note of its body.',
    access: publicAccess,
    request: { params: z.object({ id: uuidField() }), body: bodyOf(bodySchema) },
    answers: { 200: jsonOf(z.object({ note: z.string() }), 'ok') },
  });
  app.openapi(post, (c) => {
    watch(c);
    return c.json({ note: c.req.valid('json').note ?? 'none' }, 200);
  });
  const large = defineRoute({
    operationId: 'probeLarge',
    method: 'post',
    path: '/probe',
    tag: 'Service',
    summary: 'Probe',
    description: 'Takes a large body.',
    access: publicAccess,
    bodyLimit: 1_000_000,
    request: { body: bodyOf(bodySchema) },
    answers: { 200: jsonOf(z.object({ note: z.string() }), 'ok') },
  });
  app.openapi(large, (c) => c.json({ note: c.req.valid('json').note ?? 'none' }, 200));
  app.get('/probe/crash', () => {
    throw new Error('secret text of the runtime');
  });
  return app;
}

const app = probe();
const LARGE = '/probe';
const PATH = '/probe/0190a000-0000-7000-8000-000000000000';
const send = (raw: BodyInit, headers: Record<string, string> = {}) =>
  call(PATH, { app, method: 'POST', raw, headers: { 'Content-Type': 'application/json', ...headers } });
const post = (body: unknown) => send(JSON.stringify(body));

describe('bodies', () => {
  it('are read as JSON, whatever the Content-Type', async () => {
    const text = JSON.stringify({ messages: [{ body: 'hi' }], note: 'read' });
    const nearly = [
      'application/json;',
      'application/json; charset',
      'application/json;charset=utf-8;',
      'Application/JSON',
    ];
    for (const type of ['application/json', ...nearly, 'text/plain', 'application/x-www-form-urlencoded', 'nonsense']) {
      expect((await send(text, { 'Content-Type': type })).json).toEqual({ note: 'read' });
    }
    const bytes = new TextEncoder().encode(text);
    expect((await call(PATH, { app, method: 'POST', raw: bytes })).json).toEqual({ note: 'read' });
  });

  it('are an empty object when they are empty', async () => {
    const answer = await call(PATH, { app, method: 'POST', headers: { 'Content-Type': 'application/json' } });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ messages: ['This field is required.'] });
  });

  it('are refused when they are not a JSON object, without the text of the runtime', async () => {
    const broken = await send('{"messages": [se-cret');
    expect(broken.status).toBe(400);
    expect(broken.json.detail).toMatch(/^JSON parse error/);
    expect(broken.text).not.toContain('se-cret');
    expect((await send(new Uint8Array([0x7b, 0xff, 0x7d]))).json.detail).toMatch(/UTF-8/);
    for (const raw of ['[]', '"text"', '1', 'null']) {
      const answer = await send(raw);
      expect(answer.status).toBe(400);
      expect(Object.keys(answer.json)).toEqual(['non_field_errors']);
    }
  });

  it('may have as many bytes as the route accepts; one more is 413, even without Content-Length', async () => {
    const frame = JSON.stringify({ messages: [{ body: 'hi' }], pad: '' });
    const full = (size: number) => frame.replace('"pad":""', `"pad":"${'x'.repeat(size - frame.length)}"`);
    expect((await send(full(PUBLIC_BODY))).status).toBe(200);
    const tooLarge = await send(full(PUBLIC_BODY + 1));
    expect(tooLarge.status).toBe(413);
    expect(Object.keys(tooLarge.json)).toEqual(['detail']);
    const chunk = new Uint8Array(100_000).fill(0x20);
    let sent = 0;
    const endless = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        sent += 1;
        controller.enqueue(chunk.slice());
      },
    });
    expect((await send(endless)).status).toBe(413);
    expect(sent).toBeLessThan((PUBLIC_BODY + DRAIN_LIMIT) / chunk.byteLength + 5);
  });

  it('are decoded from gzip and deflate up to the limit, and refused in other encodings', async () => {
    const text = JSON.stringify({ messages: [{ body: 'hi' }], note: 'read' });
    const encoded = async (format: 'gzip' | 'deflate', content: string) => {
      const stream = new Blob([content]).stream().pipeThrough(new CompressionStream(format));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    };
    const answerTo = async (raw: BodyInit, encoding: string) => {
      const { status, json } = await send(raw, { 'Content-Encoding': encoding });
      return [status, json];
    };
    for (const name of ['gzip', 'deflate'] as const) {
      expect(await answerTo(await encoded(name, text), name)).toEqual([200, { note: 'read' }]);
    }
    expect(await answerTo(await encoded('gzip', text), ' GZip ')).toEqual([200, { note: 'read' }]);
    expect(await answerTo(text, 'identity')).toEqual([200, { note: 'read' }]);
    for (const raw of [text, (await encoded('gzip', text)).slice(0, 20)]) {
      expect(await answerTo(raw, 'gzip')).toEqual([400, { detail: expect.stringContaining('Content-Encoding') }]);
    }
    for (const name of ['br', 'gzip, gzip', 'zstd']) {
      expect(await answerTo(text, name)).toEqual([415, { detail: expect.any(String) }]);
    }
    // A kilobyte becomes a megabyte.
    const bomb = await encoded('gzip', text.replace('read', 'x'.repeat(1_000_000)));
    expect(bomb.byteLength).toBeLessThan(PUBLIC_BODY);
    expect((await answerTo(bomb, 'gzip'))[0]).toBe(413);
  });

  it('are refused when they have too many elements or levels', async () => {
    const large = (inner: string) => `{"messages":[{"body":"hi"}],"pad":${inner}}`;
    for (const raw of [large(`[${Array(300_000).fill('{}').join()}]`), large('['.repeat(100_000))]) {
      const answer = await call(LARGE, { app, method: 'POST', raw });
      expect([answer.status, answer.json]).toEqual([
        400,
        { detail: expect.stringMatching(/^JSON parse error: .*200,000/) },
      ]);
    }
    const full = await call(LARGE, { app, method: 'POST', raw: large(`[${Array(150_000).fill('0').join()}]`) });
    expect(full.json).toEqual({ note: 'none' });
  });

  it('cause no error in the log when the client breaks off its upload', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    const broken = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        controller.error(new Error('the client is gone'));
      },
    });
    const answer = await send(broken);
    expect([answer.status, answer.json]).toEqual([400, { detail: expect.stringContaining('before it was complete') }]);
    expect(errors).not.toHaveBeenCalled();
    errors.mockRestore();
  });

  it('keep Cloudflare’s facts about the client, whatever the Content-Type', async () => {
    const request = new Request(`https://hub.example${PATH}`, {
      method: 'POST',
      body: '{"messages":[{"body":"hi"}]}',
      headers: { 'Content-Type': 'text/plain' },
      cf: { city: 'Turku' },
    } as RequestInit);
    const seen: unknown[] = [];
    const asking = probe((c) => seen.push(c.req.raw.cf?.city));
    await asking.fetch(request, testEnv, createExecutionContext());
    expect(seen).toEqual(['Turku']);
  });

  it('are read to their end when they are refused, so that a client that is still writing gets its answer', async () => {
    const finite = (chunks: number) => {
      const left = Array.from({ length: chunks }, () => new Uint8Array(100_000).fill(0x20));
      const stream = new ReadableStream({
        type: 'bytes',
        pull(controller) {
          const chunk = left.pop();
          if (chunk !== undefined) return controller.enqueue(chunk);
          controller.close();
          controller.byobRequest?.respond(0);
        },
      });
      return { left, stream };
    };
    const organization = '/api/v5/orgs/0190a000-0000-7000-8000-000000000000/unified_messaging';
    for (const [path, status, size, headers] of [
      [organization, 401, 8, {}],
      ['/nowhere', 404, 8, {}],
      [PATH, 413, 9, {}],
      [PATH, 413, 9, { 'Content-Length': '1000000' }],
    ] as const) {
      const { left, stream } = finite(size);
      const answer = await call(path, { app, method: 'POST', raw: stream, headers });
      expect([path, answer.status, left.length]).toEqual([path, status, 0]);
    }
  });

  it('are refused with errors nested like the payload', async () => {
    expect((await post({ messages: [] })).json).toEqual({ messages: ['This list may not be empty.'] });
    const answer = await post({
      messages: [{ body: 'ok' }, { body: '  ', count: 4 }, 'x'],
      note: 5,
      variables: { a: 1 },
    });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      messages: [
        {},
        { body: ['This field may not be blank.'], count: ['Ensure this value is less than or equal to 3.'] },
        { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] },
      ],
      note: ['Not a valid string.'],
      variables: { a: ['Not a valid string.'] },
    });
    expect((await post({ messages: 'x' })).json).toEqual({
      messages: ['Expected a list of items but got type "str".'],
    });
    expect((await post({ messages: [{ body: '🙂🙂🙂🙂🙂' }] })).status).toBe(200);
    expect((await post({ messages: [{ body: '🙂🙂🙂🙂🙂🙂' }] })).status).toBe(400);
  });
});

describe('routes', () => {
  it('answer 404 and 405 as JSON, and an exception as 500 without its text', async () => {
    const unknown = await call('/nowhere', { app });
    expect([unknown.status, unknown.json]).toEqual([404, { detail: 'Not found.' }]);
    expect((await call('/probe/not-a-uuid', { app, method: 'POST', raw: '{}' })).status).toBe(404);
    const wrong = await call(PATH, { app, method: 'DELETE' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('Allow')).toBe('POST');
    expect(wrong.json).toEqual({ detail: 'Method "DELETE" not allowed.' });
    expect((await call('/healthz', { method: 'POST' })).headers.get('Allow')).toBe('GET, HEAD');
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const crash = await call('/probe/crash', { app });
    expect([crash.status, crash.json]).toEqual([500, { detail: 'Internal server error.' }]);
    expect(String(log.mock.calls[0]?.[0])).toContain(crash.headers.get('x-request-id') ?? 'no id');
    log.mockRestore();
  });

  it('allow a trailing slash and answer HEAD like GET', async () => {
    expect((await call('/healthz/')).json).toEqual({ status: 'ok' });
    const head = await call('/healthz', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('report in /healthz whether D1 answers', async () => {
    expect((await call('/healthz')).status).toBe(200);
    expect((await call('/healthz', { env: { DB: brokenDatabase } })).status).toBe(503);
    expect((await call('/healthz', { env: { DELIVERY_LOG: brokenDatabase } })).status).toBe(503);
  });

  it('report in /healthz that the jurisdiction is not that of the first deployment', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const eu = { env: { JURISDICTION: 'eu' as const } };
    expect((await call('/healthz', eu)).status).toBe(200);
    await testEnv.DB.prepare("INSERT INTO deployment (one, jurisdiction) VALUES (1, '')").run();
    expect((await call('/healthz')).status).toBe(200);
    expect((await call('/healthz', eu)).status).toBe(503);
    await testEnv.DB.prepare("UPDATE deployment SET jurisdiction = 'eu'").run();
    expect((await call('/healthz', eu)).status).toBe(200);
    expect((await call('/healthz')).status).toBe(503);
    expect(log.mock.lastCall?.[0]).toContain('the threads are in the jurisdiction \\"eu\\"');
    await testEnv.DB.prepare('DELETE FROM deployment').run();
    log.mockRestore();
  });

  it('report in /healthz whether the migrations of this version are applied', async () => {
    const newest = (testEnv as unknown as { TEST_MIGRATIONS: { name: string }[] }).TEST_MIGRATIONS.at(-1)?.name;
    expect(NEWEST_MIGRATION).toBe(newest);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const rename = (from: string, to: string) =>
      testEnv.DB.prepare('UPDATE d1_migrations SET name = ? WHERE name = ?').bind(to, from).run();
    await rename(NEWEST_MIGRATION, '0000_older.sql');
    expect((await call('/healthz')).status).toBe(503);
    expect(log.mock.lastCall?.[0]).toContain(`the migration ${NEWEST_MIGRATION} is not applied`);
    await rename('0000_older.sql', '9999_newer.sql');
    expect((await call('/healthz')).status).toBe(200);
    await rename('9999_newer.sql', NEWEST_MIGRATION);
    log.mockRestore();
  });
});

describe('the log and the headers of a request', () => {
  it('have one line with pattern, cost and ids, and nothing that was sent', async () => {
    const person = await enroll();
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const answer = await admin(`/organizations/${person.organization_id}?secret=query-text`, {
      method: 'PATCH',
      body: { name: 'body-text' },
    });
    const lines = log.mock.calls.map(([line]) => String(line));
    log.mockRestore();
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '{}');
    expect(line).toMatchObject({
      method: 'PATCH',
      route: '/admin/v1/organizations/:organization_id',
      status: 200,
      request_id: answer.headers.get('x-request-id'),
      cost: { d1: { trips: 3 } },
    });
    for (const text of [ADMIN_TOKEN, 'body-text', 'query-text', person.token]) expect(lines[0]).not.toContain(text);
  });

  it('report the cost in Server-Timing only if the setting says so', async () => {
    expect((await call('/healthz')).headers.has('Server-Timing')).toBe(false);
    const timing = (await call('/healthz', { env: { SERVER_TIMING: '1' } })).headers.get('Server-Timing');
    expect(timing).toMatch(
      /^d1;desc="trips=4;read=7;written=0";dur=[\d.]+, thread;desc="calls=0;written=0";dur=0, total;dur=[\d.]+$/,
    );
  });
});

describe('reference', () => {
  it('contains every registered route', async () => {
    const hub = createApp();
    const document = openApiDocument(hub, '1.0.0');
    const assets = ['/', '/docs', '/openapi.json', '/reference/*', '/console/*', '/console/assets/*'];
    const registered = hub.routes
      .filter((route) => route.method !== 'ALL' && !assets.includes(route.path))
      .map((route) => `${route.method} ${route.path.replaceAll(/:([^/]+)/g, '{$1}')}`);
    const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, { tags?: string[]; summary?: string }>).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        ...operation,
      })),
    );
    expect(new Set(operations.map(({ name }) => name))).toEqual(new Set(registered));
    for (const { tags, summary } of operations) {
      expect(tags).toHaveLength(1);
      expect(summary).toBeTruthy();
    }
  });
});

describe('an outage of D1', () => {
  it('makes a list 503 without the text of the database, while an error in the hub’s SQL stays 500', async () => {
    const person = await enroll();
    const request = { authorization: `Bearer ${person.token}`, env: { AUTH_CACHE_SECONDS: '30' } };
    const path = `/api/v5/orgs/${person.organization_id}/owned_chats`;
    expect((await call(path, request)).status).toBe(200);
    const away = await call(path, { ...request, env: { ...request.env, DB: brokenDatabase } });
    expect(away.status).toBe(503);
    expect(away.headers.get('Retry-After')).toBe('1');
    expect(away.text).not.toContain('D1_ERROR');
    const refuse = () => {
      throw new Error('D1_ERROR: no such column: x: SQLITE_ERROR');
    };
    const mistake = { prepare: refuse, batch: refuse } as unknown as D1Database;
    const failed = await call(path, { ...request, env: { ...request.env, DB: mistake } });
    expect([failed.status, failed.json]).toEqual([500, { detail: 'Internal server error.' }]);
  });
});
