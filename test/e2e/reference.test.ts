import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHub, type TestHub } from './hub.ts';

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

test('/docs is a page that loads nothing from another host', async () => {
  const response = await fetch(`${hub.hub.url}/docs`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  const page = await response.text();
  const loaded = [...page.matchAll(/<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="([^"]*)"/g)].map(
    ([, url]) => url,
  );
  expect(loaded.filter((url) => /^(?:https?:)?\/\//.test(url ?? ''))).toEqual([]);
  expect(page).not.toMatch(/@import|import\(['"]https?:/);
});

test('each answer names its request, and the log has the same id', async () => {
  const response = await fetch(`${hub.hub.url}/healthz`);
  await response.body?.cancel();
  const id = response.headers.get('x-request-id');
  expect(id).toBeTruthy();
  expect((await hub.waitForLog(String(id))).message).toContain('/healthz');
});
