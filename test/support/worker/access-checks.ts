import { expect } from 'vitest';
import { admin, call, enroll, type Person } from './requests.ts';

/** When the expired tokens of the tests expired. */
export const LONG_AGO = '2020-01-01T00:00:00Z';

/** Callers of every kind that a route under an organization or a user must tell apart. */
export type Callers = { owner: Person; foreigner: Person; powerless: Person; revoked: string; expired: string };

export async function enrollCallers(scopes: string[]): Promise<Callers> {
  const owner = await enroll({ scopes });
  const { organization_id } = owner;
  const spent = await spendTokens(owner, scopes);
  return { owner, foreigner: await enroll({ scopes }), powerless: await enroll({ organization_id }), ...spent };
}

/** A revoked and an expired token of the person, each with every scope. */
export async function spendTokens(
  { organization_id, user_id }: Person,
  scopes: string[],
): Promise<{ revoked: string; expired: string }> {
  const path = `/organizations/${organization_id}/users/${user_id}/tokens`;
  const revoked = await admin(path, { method: 'POST', body: { scopes } });
  expect((await admin(`${path}/${revoked.json['id']}`, { method: 'DELETE' })).status).toBe(204);
  const expired = await admin(path, { method: 'POST', body: { scopes, expires_at: LONG_AGO } });
  expect(expired.status).toBe(201);
  return { revoked: String(revoked.json['token']), expired: String(expired.json['token']) };
}

/** A route under an organization. */
export type Route = {
  method: string;
  path: (organizationId: string) => string;
  body?: unknown;
  /** The status for an unknown organization: 404 in the Messaging API, 403 in the Chats API. */
  unknown?: 403 | 404;
  /** False for a route that asks for no scope. */
  needsScope?: boolean;
};

/** A route under a user. */
export type UserRoute = { method: string; path: (userId: string) => string; body?: unknown };

const UNKNOWN_ID = '0190a000-0000-7000-8000-00000000dead';

const bearer = (person: Person) => `Bearer ${person.token}`;

/** The status of a refusal, and whether it names the ways to authenticate. The body must have only `detail`. */
async function refusal(
  route: { method: string; body?: unknown },
  path: string,
  authorization?: string,
): Promise<[status: number, hasChallenge: boolean]> {
  const { method, body } = route;
  const request = { method, env: { AUTH_CACHE_SECONDS: '0' }, ...(body === undefined ? {} : { body }) };
  const answer = await call(path, authorization === undefined ? request : { ...request, authorization });
  expect(answer.json).toEqual({ detail: expect.any(String) });
  return [answer.status, answer.headers.has('WWW-Authenticate')];
}

/** Checks that a route refuses callers without a valid token: 401. */
export async function expectAuthentication(
  route: { method: string; body?: unknown },
  path: string,
  callers: Callers,
): Promise<void> {
  expect({
    'no token': await refusal(route, path),
    'unknown token': await refusal(route, path, 'Bearer umi_unknown'),
    'other scheme': await refusal(route, path, `Basic ${callers.owner.token}`),
    'revoked token': await refusal(route, path, `Bearer ${callers.revoked}`),
    'expired token': await refusal(route, path, `Bearer ${callers.expired}`),
  }).toEqual({
    'no token': [401, true],
    'unknown token': [401, true],
    'other scheme': [401, true],
    'revoked token': [401, true],
    'expired token': [401, true],
  });
}

/**
 * Checks a route's refusals: 401 without a valid token, 403 without the scope or from another organization, 404 (or
 * `unknown`) for an unknown organization.
 */
export async function expectSafe(route: Route, callers: Callers): Promise<void> {
  const { owner, foreigner, powerless } = callers;
  const { path, unknown = 404, needsScope = true } = route;
  const own = path(owner.organization_id);
  await expectAuthentication(route, own, callers);
  expect({
    'foreign organization': await refusal(route, own, bearer(foreigner)),
    'unknown organization': await refusal(route, path(UNKNOWN_ID), bearer(owner)),
    'malformed organization': await refusal(route, path('nonsense'), bearer(owner)),
  }).toEqual({
    'foreign organization': [403, false],
    'unknown organization': [unknown, false],
    'malformed organization': [404, false],
  });
  if (needsScope) expect(await refusal(route, own, bearer(powerless))).toEqual([403, false]);
}

/**
 * Checks that only the user may use a route under a user: 401 without a valid token, 403 for anybody else, 404 for a
 * malformed id.
 */
export async function expectOwn(route: UserRoute, callers: Callers): Promise<void> {
  const { owner, foreigner, powerless } = callers;
  const own = route.path(owner.user_id);
  await expectAuthentication(route, own, callers);
  expect({
    'user of another organization': await refusal(route, own, bearer(foreigner)),
    'other user of the organization': await refusal(route, own, bearer(powerless)),
    'unknown user': await refusal(route, route.path(UNKNOWN_ID), bearer(owner)),
    'malformed user': await refusal(route, route.path('nonsense'), bearer(owner)),
  }).toEqual({
    'user of another organization': [403, false],
    'other user of the organization': [403, false],
    'unknown user': [403, false],
    'malformed user': [404, false],
  });
}
