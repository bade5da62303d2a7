import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHub, type TestHub } from '../support/local/hub.ts';

let hub: TestHub;

beforeAll(async () => {
  hub = await openHub();
});
afterAll(() => hub.stop());

test('/healthz answers without a token', async () => {
  const response = await fetch(`${hub.hub.url}/healthz`);
  expect(response.status).toBe(200);
  await response.body?.cancel();
});

test('/openapi.json is an OpenAPI 3.1 document with the documented paths', async () => {
  const answer = await hub.client.request('GET', '/openapi.json', undefined, null);
  expect(answer.status).toBe(200);
  const document = answer.body as { openapi: string; paths: Record<string, unknown> };
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/unified_messaging$/),
      expect.stringMatching(/unified_messaging\/\{[^}]+\}\/messages$/),
      expect.stringMatching(/unified_messaging\/\{[^}]+\}\/close_session$/),
    ]),
  );
});

test('/openapi.json has an ETag, and is 304 for a client that has it', async () => {
  const url = `${hub.hub.url}/openapi.json`;
  const first = await fetch(url);
  await first.body?.cancel();
  const etag = first.headers.get('etag');
  expect(etag).toBeTruthy();
  const second = await fetch(url, { headers: { 'If-None-Match': String(etag) } });
  expect(second.status).toBe(304);
});

test('/docs has a content policy that allows no other origin', async () => {
  const response = await fetch(`${hub.hub.url}/docs`);
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  const page = await response.text();
  const loaded = [...page.matchAll(/ src="([^"]*)"/g)].map(([, path]) => path);
  expect(loaded).toEqual(['/reference/scalar.js', '/reference/start.js']);
  for (const path of loaded) {
    const script = await fetch(`${hub.hub.url}${path}`);
    await script.body?.cancel();
    expect(script.status).toBe(200);
  }
});

test('each answer has a request id, and the log has the same id', async () => {
  const response = await fetch(`${hub.hub.url}/healthz`);
  await response.body?.cancel();
  const id = response.headers.get('x-request-id');
  expect(id).toBeTruthy();
  expect((await hub.waitForLog(String(id))).message).toContain('/healthz');
});
