import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHub, type TestHub } from '../support/local/hub.ts';

let hub: TestHub;

beforeAll(async () => {
  hub = await openHub();
});
afterAll(() => hub.stop());

const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${hub.hub.url}${path}`, { headers, redirect: 'manual' });

/** The scripts, styles and pictures that a page names. */
async function filesOf(path: string): Promise<string[]> {
  const page = await (await ask(path)).text();
  return [...page.matchAll(/ (?:src|href)="(\/[^"]*)"/g)].map(([, file]) => file ?? '');
}

test('/ leads to the console, and the reference stays at /docs', async () => {
  const response = await ask('/');
  await response.body?.cancel();
  expect([response.status, response.headers.get('location')]).toEqual([302, '/console']);
  const reference = await ask('/docs');
  expect([reference.status, await reference.text()]).toEqual([200, expect.stringContaining('API reference')]);
});

test('every address of the console is its page, which runs nothing inline and is asked for each time', async () => {
  const page = await (await ask('/console')).text();
  expect(page).toContain('<div id="root"></div>');
  expect(page).not.toMatch(/<script(?![^>]* src=)|<style|style=| on\w+=/);
  for (const path of ['/console/', '/console/index.html', '/console/inbox/waiting', '/console/a/b.js']) {
    const response = await ask(path);
    expect([path, response.status, await response.text()]).toEqual([path, 200, page]);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(policy).not.toContain('unsafe');
  }
  const etag = (await ask('/console')).headers.get('etag');
  expect((await ask('/console/inbox/mine', { 'If-None-Match': String(etag) })).status).toBe(304);
});

test('the files that the page names are kept for ever, and missing ones are not', async () => {
  const files = await filesOf('/console');
  expect(files.map((file) => file.replace(/-[\w-]{8}\./, '-….'))).toEqual([
    '/console/assets/icon-….svg',
    '/console/assets/index-….js',
    '/console/assets/libraries-….js',
    '/console/assets/index-….css',
  ]);
  for (const file of files) {
    const response = await ask(file);
    await response.body?.cancel();
    expect([file, response.status]).toEqual([file, 200]);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  }
  for (const missing of ['/console/assets/index-00000000.js', '/console/assets/', '/console/assets/../../.digest']) {
    const response = await ask(missing);
    await response.body?.cancel();
    expect([missing, response.status, response.headers.get('cache-control')]).toEqual([missing, 404, 'no-store']);
  }
});
