import { createRoute, z } from '@hono/zod-openapi';
import { describe, expect, it, vi } from 'vitest';
import { newToken } from '../../../src/directory/tokens.ts';
import { authenticate } from '../../../src/http/authenticate.ts';
import { answerAccidents, answerUnknownRoutes } from '../../../src/http/on-error.ts';
import {
  requireOrganization,
  requireOwnUser,
  requireScope,
  requireSubscription,
} from '../../../src/http/permissions.ts';
import { logRequests } from '../../../src/http/request-log.ts';
import { createRouter } from '../../../src/http/router.ts';
import { LONG_AGO } from '../../support/worker/access-checks.ts';
import { setClock } from '../../support/worker/clock.ts';
import { admin, brokenDatabase, type Call, call, enroll } from '../../support/worker/requests.ts';

const who = z.object({ user_id: z.string(), organization_id: z.string() });
const answered = { 200: { description: 'ok', content: { 'application/json': { schema: who } } } };

function probe() {
  const app = createRouter();
  app.use(logRequests());
  answerAccidents(app);
  answerUnknownRoutes(app);
  const guards = {
    '/who': [authenticate()],
    '/messaging/{organization_id}': [
      authenticate(),
      requireOrganization({ unknown: 404 }),
      requireSubscription(),
      requireScope('settings'),
    ],
    '/chats/{organization_id}': [authenticate(), requireOrganization({ unknown: 403 })],
    '/users/{user_id}': [authenticate(), requireOwnUser()],
  };
  for (const [path, middleware] of Object.entries(guards)) {
    app.openapi(createRoute({ method: 'get', path, middleware, responses: answered }), (c) =>
      c.json({ user_id: c.var.principal.user.id, organization_id: c.var.principal.organization.id }, 200),
    );
  }
  return app;
}

const app = probe();
const NO_CACHE = { AUTH_CACHE_SECONDS: '0' };
const ask = (path: string, authorization?: string, env: Call['env'] = NO_CACHE) =>
  call(path, { app, env, ...(authorization === undefined ? {} : { authorization }) });

describe('authentication', () => {
  it('accepts Bearer and Token, whatever the case of the scheme', async () => {
    const person = await enroll();
    for (const scheme of ['Bearer', 'Token', 'bearer', 'TOKEN']) {
      const answer = await ask('/who', `${scheme} ${person.token}`);
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({ user_id: person.user_id, organization_id: person.organization_id });
    }
  });

  it.each([
    ['no header', undefined, 'Authentication credentials were not provided.'],
    ['another scheme', 'Basic dXNlcjpwYXNz', 'Authentication credentials were not provided.'],
    ['no token', 'Bearer', 'Invalid token.'],
    ['two tokens', 'Bearer a b', 'Invalid token.'],
    ['an unknown token', 'Token umi_unknown', 'Invalid token.'],
    ['a token that is too long', `Token ${'x'.repeat(5000)}`, 'Invalid token.'],
  ])('refuses %s with 401 and a challenge', async (_, authorization, detail) => {
    const answer = await ask('/who', authorization);
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ detail });
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Token/);
  });

  it('refuses an expired and a revoked token, and those of a deleted user', async () => {
    const expired = await enroll({ expires_at: LONG_AGO });
    expect((await ask('/who', `Bearer ${expired.token}`)).status).toBe(401);

    const revoked = await enroll();
    const path = `/organizations/${revoked.organization_id}/users/${revoked.user_id}`;
    expect((await admin(`${path}/tokens/${revoked.token_id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await ask('/who', `Bearer ${revoked.token}`)).status).toBe(401);

    const deleted = await enroll();
    await admin(`/organizations/${deleted.organization_id}/users/${deleted.user_id}`, { method: 'DELETE' });
    expect((await ask('/who', `Bearer ${deleted.token}`)).status).toBe(401);
  });

  it('accepts a known token for ten minutes while D1 is down, and answers 503 to an unknown one', async () => {
    const person = await enroll();
    const bearer = `Bearer ${person.token}`;
    const cached = { AUTH_CACHE_SECONDS: '30' };
    const down = { DB: brokenDatabase, ...cached };
    const now = Date.now();
    setClock(now);
    try {
      expect((await ask('/who', bearer, cached)).status).toBe(200);
      vi.setSystemTime(now + 9 * 60_000);
      expect((await ask('/who', bearer, down)).status).toBe(200);
      vi.setSystemTime(now + 11 * 60_000);
      const answer = await ask('/who', bearer, down);
      expect(answer.status).toBe(503);
      expect(Object.keys(answer.json)).toEqual(['detail']);
      expect(answer.text).not.toContain('D1_ERROR');
      expect((await ask('/who', `Bearer ${newToken()}`, down)).status).toBe(503);
      expect((await ask('/who', bearer, cached)).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it('checks the expiry at each request, even of a cached token', async () => {
    const person = await enroll({ expires_at: '2100-01-01T00:00:00Z' });
    const cached = { AUTH_CACHE_SECONDS: '30' };
    const expiry = Date.parse('2100-01-01T00:00:00Z');
    setClock(expiry - 1);
    try {
      expect((await ask('/who', `Bearer ${person.token}`, cached)).status).toBe(200);
      vi.setSystemTime(expiry);
      expect((await ask('/who', `Bearer ${person.token}`, cached)).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it('forgets a revoked token at once in the isolate that revoked it', async () => {
    const person = await enroll();
    const cached = { AUTH_CACHE_SECONDS: '3600' };
    expect((await ask('/who', `Bearer ${person.token}`, cached)).status).toBe(200);
    await admin(`/organizations/${person.organization_id}/users/${person.user_id}/tokens/${person.token_id}`, {
      method: 'DELETE',
    });
    expect((await ask('/who', `Bearer ${person.token}`, cached)).status).toBe(401);
  });

  it('does not cache a refusal: a new token works at once', async () => {
    const person = await enroll();
    const cached = { AUTH_CACHE_SECONDS: '3600' };
    expect((await ask('/who', `Bearer ${person.token}x`, cached)).status).toBe(401);
    expect((await ask('/who', `Bearer ${person.token}`, cached)).status).toBe(200);
  });
});

describe('permissions', () => {
  it('allow a settings token of the organization', async () => {
    const person = await enroll({ scopes: ['settings'] });
    expect((await ask(`/messaging/${person.organization_id}`, `Bearer ${person.token}`)).status).toBe(200);
    const upper = person.organization_id.toUpperCase();
    expect((await ask(`/messaging/${upper}/`, `Bearer ${person.token}`)).status).toBe(200);
  });

  it('distinguish unknown, foreign and malformed organizations as the interfaces document', async () => {
    const person = await enroll({ scopes: ['settings'] });
    const foreign = await enroll();
    const bearer = `Bearer ${person.token}`;
    const unknown = '0190a000-0000-7000-8000-000000000000';
    expect((await ask(`/messaging/${foreign.organization_id}`, bearer)).status).toBe(403);
    expect((await ask(`/messaging/${unknown}`, bearer)).status).toBe(404);
    expect((await ask('/messaging/not-a-uuid', bearer)).status).toBe(404);
    expect((await ask(`/chats/${foreign.organization_id}`, bearer)).status).toBe(403);
    expect((await ask(`/chats/${unknown}`, bearer)).status).toBe(403);
    expect((await ask(`/messaging/${foreign.organization_id}`)).status).toBe(401);
  });

  it('require the scope, the subscription and the own user', async () => {
    const plain = await enroll();
    const missing = await ask(`/messaging/${plain.organization_id}`, `Bearer ${plain.token}`);
    expect(missing.status).toBe(403);
    expect(missing.json.detail).toContain('settings');

    const unpaid = await enroll({ scopes: ['settings'] });
    const body = { has_active_subscription: false };
    await admin(`/organizations/${unpaid.organization_id}`, { method: 'PATCH', body });
    expect((await ask(`/messaging/${unpaid.organization_id}`, `Bearer ${unpaid.token}`)).status).toBe(403);

    expect((await ask(`/users/${plain.user_id}`, `Bearer ${plain.token}`)).status).toBe(200);
    expect((await ask(`/users/${unpaid.user_id}`, `Bearer ${plain.token}`)).status).toBe(403);
    expect((await ask('/users/1', `Bearer ${plain.token}`)).status).toBe(404);
  });
});
