import { beforeAll, describe, expect, it } from 'vitest';
import { tenantDoor } from '../../../src/api/directory/door.ts';
import { directoryRoutesOf } from '../../../src/api/directory/routes.ts';
import { userRoutes } from '../../../src/api/users/routes.ts';
import { visitorRecordRoutes } from '../../../src/api/visitor-records/routes.ts';
import type { AppRouter } from '../../../src/http/router.ts';
import {
  type Callers,
  enrollCallers,
  expectAuthentication,
  expectOwn,
  expectSafe,
} from '../../support/worker/access-checks.ts';
import { type DirectoryNames, directoryOf, fill } from '../../support/worker/directory-setup.ts';
import { expectUntouched } from '../../support/worker/leave-untouched.ts';
import { ask } from '../../support/worker/organization.ts';
import { admin, call, enroll, type Person } from '../../support/worker/requests.ts';

type Operation = { method: string; path: string; version: 5 | 6 };

function operationsOf(routes: AppRouter, version: 5 | 6): Operation[] {
  const { paths } = routes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
  return Object.entries(paths ?? {}).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path, version })),
  );
}

/** Every operation on the directory, users' own data and visitors' records, as the OpenAPI document names it. */
const OPERATIONS = [
  ...operationsOf(directoryRoutesOf(tenantDoor(5)), 5),
  ...operationsOf(userRoutes, 5),
  ...operationsOf(visitorRecordRoutes, 5),
  ...operationsOf(directoryRoutesOf(tenantDoor(6)), 6),
];
const ofOrganizations = OPERATIONS.filter(({ path }) => path.startsWith('/orgs/{organization_id}'));
const ofUsers = OPERATIONS.filter(({ path }) => path.startsWith('/users/{user_id}'));

const EVERY_SCOPE = ['settings', 'reports', 'users'];

const ORGANIZATION = '/orgs/{organization_id}';

/** The operations that every user of the organization may call. */
const OPEN_READS = [
  ORGANIZATION,
  `${ORGANIZATION}/users`,
  `${ORGANIZATION}/users/{user_id}`,
  `${ORGANIZATION}/rooms`,
  `${ORGANIZATION}/rooms/{room_id}`,
  `${ORGANIZATION}/teams`,
  `${ORGANIZATION}/teams/{team_id}`,
  `${ORGANIZATION}/teams/{team_id}/memberships`,
  `${ORGANIZATION}/teams/{team_id}/memberships/{user_id}`,
  `${ORGANIZATION}/canned_replies`,
  `${ORGANIZATION}/canned_replies/{canned_reply_id}`,
];

/**
 * The scope that an operation on other users needs (docs/api.md, Organization). A new list needs `settings` here until
 * it is named above, so that a forgotten scope fails.
 */
function scopeOf({ method, path }: Operation): string | null {
  if (path.endsWith('/canned_replies')) return null;
  if (/\/(tokens|sign_in_links)\b/.test(path)) return 'users';
  if (path.includes('/purge') || path.includes('shares')) return 'settings';
  if (path.includes('/visitors')) return null;
  if (/\/(allowed_tags|autosuggestions)/.test(path)) return 'settings';
  if (path.includes('/users/{user_id}/clients')) return 'users';
  if (method === 'GET') return OPEN_READS.includes(path) ? null : 'settings';
  return path.includes('/users') || path.includes('/teams') ? 'users' : 'settings';
}

/** A valid body for an operation that has one, so that a refusal has another reason. */
function bodyFor({ method, path }: Operation, userId: string): { body?: unknown } {
  if (method === 'GET' || method === 'DELETE') return {};
  if (path.endsWith('/memberships')) return { body: { user_id: userId } };
  if (path.endsWith('/unified_messaging/{config_id}/purge')) return { body: { thread_id: 'ticket-1' } };
  if (path.endsWith('/purge')) return { body: {} };
  if (path.includes('/variables')) return { body: { key: 'number-in-the-shop', value: 'stolen' } };
  if (path.includes('/autosuggestions')) return { body: { url_pattern: 'https://stolen.example/*', user_id: userId } };
  if (path.includes('/clients')) return { body: { presence_expires_in: 60 } };
  if (path.endsWith('/routers/reach')) return { body: { targets: [{ kind: 'all' }] } };
  if (path.includes('/canned_replies')) return { body: { shortcut: 'stolen', message: 'Stolen' } };
  return { body: { name: 'Stolen', first_name: 'Stolen', chat_capacity: 7, is_online_enabled: false } };
}

function addressOf({ path, version }: Operation, names: DirectoryNames): string {
  return `/api/v${version}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = (names as { [name: string]: string })[name];
    if (value === undefined) throw new Error(`no ${name} for ${path}`);
    return encodeURIComponent(value);
  })}`;
}

let callers: Callers;
let names: DirectoryNames;
/** Users with every scope except one, by that scope. */
const others = new Map<string, Person>();

beforeAll(async () => {
  callers = await enrollCallers(EVERY_SCOPE);
  const { organization_id } = callers.owner;
  for (const scope of EVERY_SCOPE) {
    others.set(scope, await enroll({ organization_id, scopes: EVERY_SCOPE.filter((one) => one !== scope) }));
  }
  names = await fill(callers.owner);
});

function attempt(operation: Operation, person: Person, changed: Partial<DirectoryNames>) {
  return call(addressOf(operation, { ...names, ...changed }), {
    method: operation.method,
    authorization: `Bearer ${person.token}`,
    ...bodyFor(operation, names.user_id),
  });
}

describe('every operation on the directory', () => {
  expectUntouched(() => directoryOf(names));

  it('is in one of these tables', () => {
    expect(OPERATIONS.length).toBeGreaterThan(50);
    const others = OPERATIONS.filter(
      (operation) => !ofOrganizations.includes(operation) && !ofUsers.includes(operation),
    );
    expect(others).toEqual([{ method: 'GET', path: '/users/me', version: 5 }]);
  });

  it.each(ofOrganizations)(
    '$method $path (v$version) refuses callers without the right, and writes nothing',
    async (operation) => {
      const path = (organization_id: string) => addressOf(operation, { ...names, organization_id });
      const route = { method: operation.method, path, ...bodyFor(operation, names.user_id) };
      const scope = scopeOf(operation);
      await expectSafe({ ...route, unknown: 403, needsScope: scope !== null }, callers);
      const other = others.get(scope ?? '');
      if (scope === null || other === undefined) return;
      const answer = await attempt(operation, other, {});
      expect([answer.status, answer.json]).toEqual([403, { detail: expect.stringContaining(scope) }]);
    },
  );

  it.each(ofUsers)('$method $path refuses all but the user, and writes nothing', async (operation) => {
    const path = (user_id: string) => addressOf(operation, { ...names, user_id });
    const route = { method: operation.method, path, ...bodyFor(operation, names.user_id) };
    await expectOwn(route, callers);
  });

  it('GET /users/me needs a token', async () => {
    await expectAuthentication({ method: 'GET' }, '/api/v5/users/me', callers);
  });

  it.each(
    OPERATIONS.filter(({ path }) =>
      /\{(team|room|router|client|config|chat|purge|key|canned_reply|token)_id\}|orgs\/\{organization_id\}\/users\/\{user_id\}/.test(
        path,
      ),
    ),
  )('$method $path (v$version) gives no access to another organization’s data', async (operation) => {
    const { foreigner } = callers;
    const { organization_id, user_id } = foreigner;
    const own = operation.path.startsWith('/users') ? { user_id } : { organization_id };
    const answer = await attempt(operation, foreigner, own);
    expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
  });

  it.each(
    OPERATIONS.filter(
      ({ method, path }) => method === 'GET' && !/\{(team|room|router|client|purge|canned_reply)_id\}/.test(path),
    ),
  )('$method $path (v$version) shows nothing of other organizations', async (operation) => {
    const { foreigner } = callers;
    const { organization_id, user_id } = foreigner;
    const answer = await attempt(operation, foreigner, { organization_id, user_id });
    expect(answer.status).toBe(200);
    for (const id of Object.values(names)) expect(answer.text).not.toContain(id);
  });
});

describe('a user without a scope', () => {
  it.each(
    ofOrganizations.filter(
      ({ path, method }) =>
        /users\/\{user_id\}/.test(path) && method !== 'DELETE' && !/\/(tokens|sign_in_links)$/.test(path),
    ),
  )('may change themselves: $method $path', async (operation) => {
    const { powerless } = callers;
    const { user_id } = powerless;
    const path = `/users/${user_id}/clients`;
    const client = await ask(powerless, 'POST', path, { presence_expires_in: 60 });
    const client_id = String(client.json['id']);
    expect([200, 201]).toContain((await attempt(operation, powerless, { user_id, client_id })).status);
  });
});

describe('an organization without an active subscription', () => {
  let lapsed: Person;

  beforeAll(async () => {
    lapsed = await enroll({ scopes: EVERY_SCOPE });
    const changes = { has_active_subscription: false };
    await admin(`/organizations/${lapsed.organization_id}`, { method: 'PATCH', body: changes });
  });

  expectUntouched(() => directoryOf(names));

  it.each(OPERATIONS)('is refused: $method $path (v$version)', async (operation) => {
    const { organization_id, user_id } = lapsed;
    const answer = await attempt(operation, lapsed, { organization_id, user_id });
    expect([answer.status, answer.json]).toEqual([403, { detail: 'The organization has no active subscription.' }]);
  });
});
