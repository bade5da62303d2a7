import { describe, expect, it, vi } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { call } from '../../support/worker/requests.ts';

const app = createApp();
app.get('/probe/crash', () => {
  throw new Error('secret text of the runtime');
});

describe('the headers of answers', () => {
  const SECURE = {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "frame-ancestors 'none'",
    'Strict-Transport-Security': 'max-age=31536000',
  };

  it.each([
    ['GET', '/api/v5/users/me', 401],
    ['GET', '/api/v6/nowhere', 404],
    ['PATCH', '/api/v5/users/me', 405],
    ['GET', '/api/v5/nowhere', 404],
    ['GET', '/admin/v1/organizations', 401],
    ['GET', '/probe/crash', 500],
    ['GET', '/healthz', 200],
  ])('keep them out of caches and frames: %s %s', async (method, path, status) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const answer = await call(path, { app, method });
    expect(answer.status).toBe(status);
    for (const [name, value] of Object.entries(SECURE)) expect([name, answer.headers.get(name)]).toEqual([name, value]);
  });

  it('ask for https only where the request came by it', async () => {
    const answer = await call('http://hub.example/api/v5/users/me');
    expect([answer.headers.has('Strict-Transport-Security'), answer.headers.get('Cache-Control')]).toEqual([
      false,
      'no-store',
    ]);
  });
});
