import { expect } from 'vitest';
import { admin, call, enroll, type Person } from './http/hub.ts';

/** Callers of every kind that a route under an organization must tell apart. */
export type Callers = { owner: Person; foreigner: Person; powerless: Person; revoked: Person };

export async function enrollCallers(scopes: string[]): Promise<Callers> {
  const owner = await enroll({ scopes });
  const { organization_id } = owner;
  const revoked = await enroll({ organization_id, scopes });
  await admin(`/organizations/${organization_id}/users/${revoked.user_id}/tokens/${revoked.token_id}`, {
    method: 'DELETE',
  });
  return { owner, foreigner: await enroll({ scopes }), powerless: await enroll({ organization_id }), revoked };
}

export type Route = { method: string; path: (organizationId: string) => string; body?: unknown };

const UNKNOWN_ORGANIZATION = '0190a000-0000-7000-8000-00000000dead';

/** Checks that a route refuses whom it must: 401 without a token or with a revoked one, 403 without the scope or from another organization, 404 for an unknown organization. */
export async function expectSafe(route: Route, callers: Callers): Promise<void> {
  const own = callers.owner.organization_id;
  const status = async (authorization: string | undefined, organizationId = own) => {
    const { method, path, body } = route;
    const env = { AUTH_CACHE_SECONDS: '0' };
    const request = { method, env, ...(body === undefined ? {} : { body }) };
    const answer = await call(
      path(organizationId),
      authorization === undefined ? request : { ...request, authorization },
    );
    expect(answer.json).toEqual({ detail: expect.any(String) });
    return [answer.status, answer.headers.has('WWW-Authenticate')];
  };
  const bearer = (person: Person) => `Bearer ${person.token}`;
  expect({
    'no token': await status(undefined),
    'unknown token': await status('Bearer umi_unknown'),
    'revoked token': await status(bearer(callers.revoked)),
    'missing scope': await status(bearer(callers.powerless)),
    'foreign organization': await status(bearer(callers.foreigner)),
    'unknown organization': await status(bearer(callers.owner), UNKNOWN_ORGANIZATION),
    'malformed organization': await status(bearer(callers.owner), 'nonsense'),
  }).toEqual({
    'no token': [401, true],
    'unknown token': [401, true],
    'revoked token': [401, true],
    'missing scope': [403, false],
    'foreign organization': [403, false],
    'unknown organization': [404, false],
    'malformed organization': [404, false],
  });
}
