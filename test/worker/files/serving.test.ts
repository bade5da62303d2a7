import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { passTime } from '../../support/worker/clock.ts';
import { type Json, TestOrganization } from '../../support/worker/organization.ts';
import { type Answer, call, testEnv } from '../../support/worker/requests.ts';
import { bytesOf, PNG, stored } from '../../support/worker/uploads.ts';

let org: TestOrganization;
let image: Json;
let text: Json;

beforeAll(async () => {
  org = await TestOrganization.open();
  image = await stored(org.agent, PNG, 'cat.png');
  text = await stored(org.agent, bytesOf('hello world'), 'hello.txt');
});

afterEach(() => {
  vi.useRealTimers();
});

const get = (url: unknown, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  call(String(url), { method, headers });

/** The URL with one parameter changed. */
function changed(url: unknown, name: string, value: string | null): string {
  const copy = new URL(String(url));
  if (value === null) copy.searchParams.delete(name);
  else copy.searchParams.set(name, value);
  return copy.href;
}

describe('a file', () => {
  it('is served with its own type, saved by browsers, and runs nothing', async () => {
    const answer = await get(text['url']);
    expect([answer.status, answer.text]).toEqual([200, 'hello world']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="hello.txt"',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=300',
      'content-length': '11',
      'referrer-policy': 'no-referrer',
    });
  });

  it('opens in the page when it is an image of the list', async () => {
    const answer = await get(image['url']);
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'image/png']);
    expect(answer.headers.get('Content-Disposition')).toBe('inline; filename="cat.png"');
  });

  it.each([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'a.svg', 'text/plain; charset=utf-8'],
    ['a page', '<!doctype html><script>alert(1)</script>', 'a.png', 'text/plain; charset=utf-8'],
    ['a page with a byte that no text has', '<html>\0<script>alert(1)</script>', 'a.html', 'application/octet-stream'],
    ['a page behind the head of an image', 'GIF89a/*<html><script>alert(1)</script>*/', 'a.html', 'image/gif'],
    ['a page behind the head of a PDF', '%PDF-1.4<html><script>alert(1)</script>', 'a.html', 'application/pdf'],
  ])('which is %s is never a page', async (_what, bytes, name, type) => {
    const file = await stored(org.agent, bytesOf(bytes), name);
    const answer = await get(file['url']);
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, type]);
    expect(answer.headers.get('Content-Security-Policy')).toMatch(/^sandbox;/);
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    const isImage = type === 'image/gif';
    expect(answer.headers.get('Content-Disposition')).toMatch(isImage ? /^inline; / : /^attachment; /);
  });

  it('has a name that no header can be broken with', async () => {
    const name = 'ü"\r\nSet-Cookie: a=b\u202Egnp.exe';
    const file = await stored(org.agent, bytesOf('x'), name);
    expect(file['name']).toBe('ü"Set-Cookie: a=bgnp.exe');
    const answer = await get(file['url']);
    expect(answer.headers.get('Content-Disposition')).toBe(
      `attachment; filename="__Set-Cookie: a=bgnp.exe"; filename*=UTF-8''%C3%BC%22Set-Cookie%3A%20a%3Dbgnp.exe`,
    );
    expect(answer.headers.has('Set-Cookie')).toBe(false);
  });

  it('answers HEAD, ranges and If-None-Match', async () => {
    const head = await get(text['url'], {}, 'HEAD');
    expect([head.status, head.text, head.headers.get('Content-Length')]).toEqual([200, '', '11']);
    const ranges = [
      ['bytes=0-4', 206, 'hello', 'bytes 0-4/11'],
      ['bytes=6-', 206, 'world', 'bytes 6-10/11'],
      ['bytes=-5', 206, 'world', 'bytes 6-10/11'],
      ['bytes=6-400', 206, 'world', 'bytes 6-10/11'],
      ['bytes=0-1,4-5', 200, 'hello world', null],
      ['bytes=4-2', 200, 'hello world', null],
      ['lines=1-2', 200, 'hello world', null],
    ] as const;
    for (const [range, status, body, place] of ranges) {
      const answer = await get(text['url'], { Range: range });
      expect([range, answer.status, answer.text, answer.headers.get('Content-Range')]).toEqual([
        range,
        status,
        body,
        place,
      ]);
    }
    for (const range of ['bytes=11-', 'bytes=-0']) {
      const answer = await get(text['url'], { Range: range });
      expect([answer.status, answer.headers.get('Content-Range')]).toEqual([416, 'bytes */11']);
    }
    const again = await get(text['url'], { 'If-None-Match': head.headers.get('ETag') ?? '' });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('may be read by web pages of any origin, as the API', async () => {
    const answer = await get(text['url'], { Origin: 'https://shop.example' });
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
  });
});

describe('a URL', () => {
  const hidden = { detail: 'Not found.' };

  it.each([
    ['another file', (url: string) => url.replace(String(text['id']), String(image['id']))],
    [
      'a file that does not exist',
      (url: string) => url.replace(String(text['id']), '01a1fe0e-2427-726c-b9f7-bd2e11921d1d'),
    ],
    ['no file', (url: string) => url.replace(String(text['id']), 'nonsense')],
    ['a later end', (url: string) => changed(url, 'expires', '9999999999')],
    ['no end', (url: string) => changed(url, 'expires', null)],
    ['an end that is no number', (url: string) => changed(url, 'expires', '1e10')],
    ['another disposition', (url: string) => changed(url, 'disposition', 'inline')],
    ['an unknown disposition', (url: string) => changed(url, 'disposition', 'page')],
    ['an unknown key', (url: string) => changed(url, 'key', 'other')],
    ['another signature', (url: string) => changed(url, 'signature', 'x'.repeat(43))],
    ['no signature', (url: string) => changed(url, 'signature', null)],
  ])('with %s is 404, and does not say why', async (_what, change) => {
    const answer = await get(change(String(text['url'])));
    expect([answer.status, answer.json]).toEqual([404, hidden]);
  });

  it('ends when it says, between one hour and 70 minutes after it was made', async () => {
    const file = await stored(org.agent, bytesOf('x'));
    const left = Date.parse(String(file['expires_at'])) - Date.now();
    expect(left).toBeGreaterThan(3_590_000);
    expect(left).toBeLessThanOrEqual(4_200_000);
    passTime(left - 2_000);
    expect((await get(file['url'])).status).toBe(200);
    passTime(4_000);
    expect((await get(file['url'])).json).toEqual(hidden);
  });

  it('of a file whose bytes are gone is 404', async () => {
    const file = await stored(org.agent, bytesOf('x'));
    await testEnv.FILES.delete(String(file['id']));
    expect((await get(file['url'])).json).toEqual(hidden);
  });

  it('is 503 in a deployment without a bucket', async () => {
    const answer = await call(String(text['url']), {
      env: { FILES: undefined as unknown as R2Bucket },
      app: createApp(),
    });
    expect([answer.status, answer.json]).toEqual([503, { detail: 'This deployment stores no files.' }]);
  });
});
