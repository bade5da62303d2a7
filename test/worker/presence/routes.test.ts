import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { clientRoutes } from '../../../src/api/users/clients.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { type Callers, enrollCallers, expectOwn, expectSafe } from '../../support/worker/access-checks.ts';
import { ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { admin, call, enroll, type Person } from '../../support/worker/requests.ts';
import { passSeconds } from '../../support/worker/user.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const document = clientRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
const routes = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
);

const PLACES: [string, (person: Person) => string][] = [
  ['/users/<user_id>/clients', ({ user_id }) => `/users/${user_id}/clients`],
  [
    '/orgs/<organization_id>/users/<user_id>/clients',
    ({ organization_id, user_id }) => `/orgs/${organization_id}/users/${user_id}/clients`,
  ],
];

async function newClient(person: Person, path: string, body: Json = {}): Promise<Json> {
  const answer = await ask(person, 'POST', path, body);
  expect(answer.status).toBe(201);
  return answer.json;
}

describe.each(PLACES)('%s', (_, pathOf) => {
  let person: Person;
  let path: string;

  beforeAll(async () => {
    person = await enroll();
    path = pathOf(person);
  });

  it('creates a client, which is shown with all its keys', async () => {
    const body = { presence_expires_in: 7200, gcm_token: 'push', properties: { tab: 1 }, unknown: true };
    const created = await newClient(person, path, body);
    expect(created).toEqual({
      id: UUID,
      presence_expires_in: 7200,
      presence_expires_at: TIME,
      is_present: true,
      is_about_to_expire: false,
      gcm_token: 'push',
      properties: { tab: 1 },
      subscribed_channels: [],
      created_at: TIME,
      updated_at: TIME,
    });
    const expiresIn = Date.parse(String(created['presence_expires_at'])) - Date.parse(String(created['created_at']));
    expect(expiresIn).toBe(7_200_000);
    const read = await ask(person, 'GET', `${path}/${created['id']}`);
    expect([read.status, read.json]).toEqual([200, created]);
  });

  it.each(['', undefined])('creates a client of 120 s from an empty body', async (raw) => {
    const request = {
      method: 'POST',
      authorization: `Token ${person.token}`,
      headers: { 'Content-Type': 'application/json' },
    };
    const answer = await call(`/api/v5${path}/`, raw === undefined ? request : { ...request, raw });
    expect([answer.status, answer.json]).toMatchObject([
      201,
      { presence_expires_in: 120, gcm_token: null, properties: {}, is_about_to_expire: false },
    ]);
  });

  it.each(['PUT', 'PATCH'])('renews a client with %s: 200, and 201 once it had expired', async (method) => {
    const { id } = await newClient(person, path, { presence_expires_in: 60, properties: { tab: 1 } });
    const one = `${path}/${id}`;
    passSeconds(40);
    expect((await ask(person, 'GET', one)).json).toMatchObject({ is_present: true, is_about_to_expire: true });
    const renewed = await ask(person, method, one, { presence_expires_in: 90 });
    expect([renewed.status, renewed.json]).toMatchObject([
      200,
      { id, presence_expires_in: 90, is_present: true, is_about_to_expire: false, properties: { tab: 1 } },
    ]);
    passSeconds(91);
    expect((await ask(person, 'GET', one)).json).toMatchObject({ is_present: false, is_about_to_expire: false });
    const revived = await ask(person, method, one, {});
    expect([revived.status, revived.json]).toMatchObject([201, { id, presence_expires_in: 90, is_present: true }]);
    expect((await ask(person, method, one, { gcm_token: null })).status).toBe(200);
  });

  it('lists clients page by page, the oldest first, including expired ones', async () => {
    const lister = await enroll();
    const list = pathOf(lister);
    expect((await ask(lister, 'GET', list)).json).toEqual({ next: null, previous: null, results: [] });
    const ids: unknown[] = [];
    for (const presence_expires_in of [1, 60, 60]) {
      ids.push((await newClient(lister, list, { presence_expires_in }))['id']);
    }
    passSeconds(5);
    const all = await ask(lister, 'GET', list);
    expect(resultsOf(all).map(({ id, is_present }) => [id, is_present])).toEqual([
      [ids[0], false],
      [ids[1], true],
      [ids[2], true],
    ]);
    const first = await ask(lister, 'GET', `${list}?page_size=2`);
    expect(resultsOf(first).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const second = await ask(lister, 'GET', String(first.json['next']));
    expect([resultsOf(second).map(({ id }) => id), second.json['next']]).toEqual([ids.slice(2), null]);
    const back = await ask(lister, 'GET', String(second.json['previous']));
    expect([resultsOf(back).map(({ id }) => id), back.json['previous']]).toEqual([ids.slice(0, 2), null]);
  });

  it('deletes a client', async () => {
    const { id } = await newClient(person, path);
    const answer = await ask(person, 'DELETE', `${path}/${id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const again = await ask(person, method, `${path}/${id}`, method === 'GET' ? undefined : {});
      expect([again.status, again.json]).toEqual([404, { detail: 'Client not found.' }]);
    }
  });

  it.each<[Json, string]>([
    [{ presence_expires_in: 0 }, 'presence_expires_in'],
    [{ presence_expires_in: -1 }, 'presence_expires_in'],
    [{ presence_expires_in: 1.5 }, 'presence_expires_in'],
    [{ presence_expires_in: 2_592_001 }, 'presence_expires_in'],
    [{ presence_expires_in: '60 s' }, 'presence_expires_in'],
    [{ presence_expires_in: null }, 'presence_expires_in'],
    [{ gcm_token: 1 }, 'gcm_token'],
    [{ properties: [] }, 'properties'],
    [{ properties: null }, 'properties'],
  ])('refuses %j in %s', async (body, field) => {
    const { id } = await newClient(person, path, { presence_expires_in: 60 });
    const before = await ask(person, 'GET', `${path}/${id}`);
    for (const [method, place] of [
      ['POST', path],
      ['PUT', `${path}/${id}`],
      ['PATCH', `${path}/${id}`],
    ] as const) {
      const answer = await ask(person, method, place, body);
      expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.any(String)] }]);
    }
    const { presence_expires_at } = (await ask(person, 'GET', `${path}/${id}`)).json;
    expect(presence_expires_at).toBe(before.json['presence_expires_at']);
  });

  it('refuses values that are too long', async () => {
    const token = await ask(person, 'POST', path, { gcm_token: 'x'.repeat(4097) });
    expect([token.status, token.json]).toEqual([400, { gcm_token: [expect.any(String)] }]);
    const properties = await ask(person, 'POST', path, { properties: { text: 'ä'.repeat(5000) } });
    expect([properties.status, properties.json]).toEqual([
      400,
      { properties: { non_field_errors: [expect.any(String)] } },
    ]);
  });

  it('refuses properties that cannot be stored unchanged', async () => {
    const post = (properties: string) =>
      call(`/api/v5${path}`, {
        method: 'POST',
        authorization: `Bearer ${person.token}`,
        raw: `{"properties":${properties}}`,
      });
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect((await post(nested(32))).status).toBe(201);
    for (const levels of [33, 4900, 30_000]) {
      const refused = await post(nested(levels));
      expect([refused.status, refused.json]).toEqual([
        400,
        { properties: { non_field_errors: ['Ensure this field has no more than 32 levels.'] } },
      ]);
    }
    for (const number of ['12345678901234567890', '9007199254740993', '1e400', '0.12345678901234567890']) {
      const refused = await post(`{"a":[{"b":${number}}]}`);
      expect([number, refused.status, Object.keys(refused.json)]).toEqual([number, 400, ['properties']]);
    }
    const kept = await post('{"a":[9007199254740991,1.50,1e3,-0.1]}');
    expect(kept.json['properties']).toEqual({ a: [9007199254740991, 1.5, 1000, -0.1] });
    const reserved = await post('{"__proto__":1}');
    expect([reserved.status, reserved.text]).toEqual([400, '{"properties":{"__proto__":["This name is reserved."]}}']);
    const list = await post('[]');
    expect([list.status, Object.keys(list.json)]).toEqual([400, ['properties']]);
    expect((await post('{"null":"\\u0000","half":"\\ud800"}')).json['properties']).toEqual({
      null: '\0',
      half: '\ud800',
    });
  });

  it('refuses invalid bodies and cursors', async () => {
    const request = { method: 'POST', authorization: `Bearer ${person.token}` };
    expect((await call(`/api/v5${path}`, { ...request, raw: '{' })).status).toBe(400);
    expect((await call(`/api/v5${path}`, { ...request, body: [] })).status).toBe(400);
    expect((await call(`/api/v5${path}`, { ...request, raw: ' '.repeat(5_000_001) })).status).toBe(413);
    const answer = await ask(person, 'GET', `${path}?cursor=nonsense`);
    expect([answer.status, answer.json]).toEqual([400, { cursor: [expect.any(String)] }]);
    expect((await ask(person, 'GET', `${path}?page_size=0`)).status).toBe(400);
  });

  it('accepts the longest and the shortest presence', async () => {
    for (const presence_expires_in of [1, 2_592_000]) {
      expect(await newClient(person, path, { presence_expires_in })).toMatchObject({ presence_expires_in });
    }
  });

  it('refuses more clients than the maximum', async () => {
    const crowded = await enroll();
    const crowd = pathOf(crowded);
    for (let count = 0; count < 100; count++) await newClient(crowded, crowd, { presence_expires_in: 3600 });
    const answer = await ask(crowded, 'POST', crowd, {});
    expect([answer.status, answer.json]).toEqual([409, { detail: 'The user has too many clients.' }]);
  });

  it('is 404 for a client that is malformed, unknown or of another user', async () => {
    const other = await enroll({ organization_id: person.organization_id });
    const { id } = await newClient(other, pathOf(other));
    for (const unknown of ['nonsense', newUuid(Date.now()), String(id)]) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await ask(person, method, `${path}/${unknown}`, method === 'GET' ? undefined : {});
        expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
      }
    }
    expect((await ask(other, 'GET', `${pathOf(other)}/${id}`)).status).toBe(200);
  });
});

describe('clients of another user of the organization', () => {
  it('are managed with the scope users', async () => {
    const manager = await enroll({ scopes: ['users'] });
    const user = await enroll({ organization_id: manager.organization_id });
    const path = `/orgs/${user.organization_id}/users/${user.user_id}/clients`;
    const { id } = await newClient(manager, path);
    expect(resultsOf(await ask(user, 'GET', `/users/${user.user_id}/clients`)).map((client) => client['id'])).toEqual([
      id,
    ]);
    expect((await ask(manager, 'PATCH', `${path}/${id}`, {})).status).toBe(200);
    expect((await ask(manager, 'GET', `${path}/${id}`)).status).toBe(200);
    expect((await ask(manager, 'DELETE', `${path}/${id}`)).status).toBe(204);
    expect(resultsOf(await ask(manager, 'GET', `/users/${manager.user_id}/clients`))).toEqual([]);
  });

  it('are 404 for an unknown user and 403 without the scope, which users do not need for themselves', async () => {
    const manager = await enroll({ scopes: ['users', 'settings', 'reports'] });
    const powerless = await enroll({ organization_id: manager.organization_id, scopes: ['settings', 'reports'] });
    const stranger = await enroll();
    const deleted = await enroll({ organization_id: manager.organization_id });
    await admin(`/organizations/${deleted.organization_id}/users/${deleted.user_id}`, { method: 'DELETE' });
    const pathOf = (userId: string) => `/orgs/${manager.organization_id}/users/${userId}/clients`;
    for (const userId of [newUuid(Date.now()), stranger.user_id, deleted.user_id, 'nonsense']) {
      const answer = await ask(manager, 'POST', pathOf(userId), {});
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
    expect((await ask(powerless, 'POST', pathOf(manager.user_id), {})).status).toBe(403);
    expect((await ask(powerless, 'POST', pathOf(newUuid(Date.now())), {})).status).toBe(403);
    expect((await ask(powerless, 'POST', pathOf(powerless.user_id), {})).status).toBe(201);
    expect(resultsOf(await ask(stranger, 'GET', `/users/${stranger.user_id}/clients`))).toEqual([]);
  });

  it('are refused to an organization without a subscription', async () => {
    const person = await enroll({ scopes: ['users'] });
    await admin(`/organizations/${person.organization_id}`, {
      method: 'PATCH',
      body: { has_active_subscription: false },
    });
    for (const [, pathOf] of PLACES) {
      const answer = await call(`/api/v5${pathOf(person)}`, {
        method: 'POST',
        authorization: `Bearer ${person.token}`,
        body: {},
        env: { AUTH_CACHE_SECONDS: '0' },
      });
      expect([answer.status, answer.json]).toEqual([403, { detail: expect.any(String) }]);
    }
  });
});

describe('a user who is deleted', () => {
  it('loses their clients, at the latest when the operator repeats a request that failed halfway', async () => {
    const person = await enroll();
    const { organization_id, user_id } = person;
    await ask(person, 'POST', `/users/${user_id}/clients`, { presence_expires_in: 3600 });
    const presence = () => userStub(env, user_id).presence({ v: 1 });
    expect((await presence()).is_present).toBe(true);
    const away = () => {
      throw new Error('network connection lost');
    };
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const path = `/organizations/${organization_id}/users/${user_id}`;
    const failing = { USERS: { getByName: away } } as unknown as Partial<Env>;
    expect((await admin(path, { method: 'DELETE', env: failing })).status).toBe(500);
    expect((await presence()).is_present).toBe(true);
    expect((await admin(path, { method: 'DELETE' })).status).toBe(404);
    expect((await presence()).is_present).toBe(false);
  });
});

describe('every route of clients', () => {
  const ID = newUuid(1_772_000_000_000);
  const bodyFor = (method: string) => (['POST', 'PUT', 'PATCH'].includes(method) ? { body: {} } : {});
  let callers: Callers;

  beforeAll(async () => {
    callers = await enrollCallers(['users']);
  });

  it('is in this table', () => {
    expect(routes.length).toBe(12);
  });

  it.each(routes.filter(([, path]) => path.startsWith('/users/')))(
    '%s %s refuses all but the user',
    async (method, path) => {
      const pathOf = (userId: string) => `/api/v5${path.replace('{user_id}', userId).replace('{client_id}', ID)}`;
      await expectOwn({ method, path: pathOf, ...bodyFor(method) }, callers);
    },
  );

  it.each(routes.filter(([, path]) => path.startsWith('/orgs/')))(
    '%s %s refuses callers without the right',
    async (method, path) => {
      const ofOwner = path.replace('{user_id}', callers.owner.user_id).replace('{client_id}', ID);
      const pathOf = (organizationId: string) => `/api/v5${ofOwner.replace('{organization_id}', organizationId)}`;
      await expectSafe({ method, path: pathOf, ...bodyFor(method), unknown: 403 }, callers);
    },
  );
});
