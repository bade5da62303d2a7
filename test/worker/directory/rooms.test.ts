import { beforeAll, describe, expect, it } from 'vitest';
import { type Callers, enrollCallers, expectOwn, expectSafe } from '../../support/worker/access-checks.ts';
import { keysOf, ROOM_KEYS } from '../../support/worker/directory-keys.ts';
import { Gateway, newRoom } from '../../support/worker/gateway.ts';
import { ask, enrollAgent, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { admin, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

let callers: Callers;
let manager: Person;
let agent: Person;

beforeAll(async () => {
  callers = await enrollCallers(['settings']);
  manager = callers.owner;
  agent = callers.powerless;
});

const roomsOf = (person: Person) => `/orgs/${person.organization_id}/rooms`;
const idsOf = (answer: { json: Record<string, unknown> }) => resultsOf(answer).map(({ id }) => id);

async function share(owner: Person, room: string, partner: Person): Promise<void> {
  const path = `/organizations/${owner.organization_id}/rooms/${room}/shares/${partner.organization_id}`;
  expect((await admin(path, { method: 'PUT' })).status).toBe(201);
}

describe('the rooms of an organization', () => {
  it('are created, shown, replaced, changed and deleted', async () => {
    const created = await ask(manager, 'POST', roomsOf(manager), { name: 'Support' });
    expect([created.status, keysOf(created.json)]).toEqual([201, ROOM_KEYS]);
    expect(created.json).toMatchObject({
      id: UUID,
      token: expect.stringMatching(/^[a-z2-7]{48}$/),
      organization: { id: manager.organization_id, name: 'Harbour' },
      name: 'Support',
      display_name: 'Support',
      language_code: 'en',
      domain: null,
      is_shared: false,
      is_open: true,
      is_online: false,
      is_service_hours_enabled: false,
      is_deleted: false,
      updated_by_user_id: manager.user_id,
      updated_by_user: { id: manager.user_id },
      created_at: TIME,
    });
    const path = `${roomsOf(manager)}/${created.json['id']}`;
    expect((await ask(agent, 'GET', path)).json).toEqual(created.json);
    const changes = { display_name: 'Help', language_code: 'fi', domain: 'example.com', is_open: false };
    expect((await ask(manager, 'PATCH', path, changes)).json).toMatchObject({ name: 'Support', ...changes });
    const replaced = await ask(manager, 'PUT', path, { name: 'Sales', domain: 'sales.example.com' });
    expect([replaced.status, replaced.json]).toEqual([
      200,
      expect.objectContaining({
        name: 'Sales',
        display_name: 'Sales',
        language_code: 'en',
        domain: 'sales.example.com',
        is_open: true,
      }),
    ]);
    expect((await ask(manager, 'DELETE', path)).status).toBe(204);
    for (const method of ['GET', 'DELETE']) expect((await ask(manager, method, path)).status).toBe(404);
    expect((await ask(manager, 'PATCH', path, { name: 'x' })).status).toBe(404);
    expect((await ask(manager, 'PUT', path, { name: 'x' })).status).toBe(404);
  });

  it('say when keys of chats are forgotten, which a client that does not know of it cannot undo', async () => {
    const created = await ask(manager, 'POST', roomsOf(manager), { name: 'Secret', chat_key_ttl_days: 30 });
    expect([created.status, created.json['chat_key_ttl_days']]).toEqual([201, 30]);
    const path = `${roomsOf(manager)}/${created.json['id']}`;
    const daysAfter = async (method: string, changes: object) => {
      const answer = await ask(manager, method, path, changes);
      return [answer.status, answer.json['chat_key_ttl_days']];
    };
    expect(await daysAfter('PUT', { name: 'Secret' })).toEqual([200, 30]);
    expect(await daysAfter('PATCH', { name: 'Hidden' })).toEqual([200, 30]);
    expect(await daysAfter('PATCH', { chat_key_ttl_days: 0 })).toEqual([200, 0]);
    expect(await daysAfter('PUT', { name: 'Secret', chat_key_ttl_days: 3650 })).toEqual([200, 3650]);
    for (const days of [-1, 3651, 0.5, 'soon']) {
      expect(await daysAfter('PATCH', { chat_key_ttl_days: days })).toEqual([400, [expect.any(String)]]);
    }
    expect(await daysAfter('PATCH', { chat_key_ttl_days: null })).toEqual([200, null]);
  });

  it('are not deleted while they have channels, which the refusal names', async () => {
    const gateway = await Gateway.open();
    const [mail, phone] = [await gateway.register({ name: 'Mail' }), await gateway.register({ name: 'Phone' })];
    const owner = await enroll({ organization_id: gateway.organizationId, scopes: ['settings'] });
    const path = `${roomsOf(owner)}/${gateway.roomId}`;
    const asOperator = `/organizations/${gateway.organizationId}/rooms/${gateway.roomId}`;
    const refused = await ask(owner, 'DELETE', path);
    expect([refused.status, refused.json]).toEqual([
      409,
      { detail: `The room has channels. Move or delete them first: Mail (${mail}), Phone (${phone}).` },
    ]);
    expect((await admin(asOperator, { method: 'DELETE' })).json).toEqual(refused.json);
    expect((await ask(owner, 'GET', path)).status).toBe(200);
    const other = await newRoom(gateway.organizationId);
    expect((await gateway.request('PATCH', `/${mail}`, { room_id: other })).status).toBe(200);
    expect((await gateway.request('DELETE', `/${phone}`)).status).toBe(204);
    expect((await ask(owner, 'DELETE', path)).status).toBe(204);
    // Nobody else's room is found, whatever channels it has.
    expect((await ask(manager, 'DELETE', `${roomsOf(manager)}/${other}`)).status).toBe(404);
  });

  it('keep lifetimes, and what the operator has set, when they are replaced', async () => {
    const room = await newRoom(manager.organization_id);
    const path = `/organizations/${manager.organization_id}/rooms/${room}`;
    const options = { visitor_chat_idle_ttl: 60, task_chat_ttl: null, require_online: true };
    await admin(path, { method: 'PATCH', body: options });
    expect((await ask(manager, 'PUT', `${roomsOf(manager)}/${room}`, { name: 'Sales' })).status).toBe(200);
    expect((await admin(path)).json).toMatchObject({ name: 'Sales', ...options });
  });

  it('let their organization set how long chats live, within the bounds of the operator', async () => {
    const created = await ask(manager, 'POST', roomsOf(manager), { name: 'Long', visitor_chat_idle_ttl: 86_400 });
    expect(created.json).toMatchObject({ visitor_chat_idle_ttl: 86_400, task_chat_ttl: 86_400 });
    const path = `${roomsOf(manager)}/${String(created.json['id'])}`;
    const lifetimes = { visitor_chat_idle_ttl: null, task_chat_ttl: 31_536_000 };
    expect((await ask(manager, 'PATCH', path, lifetimes)).json).toMatchObject(lifetimes);
    expect((await ask(manager, 'GET', path)).json).toMatchObject(lifetimes);
    for (const refused of [0, 31_536_001, 1.5, 'long']) {
      for (const field of Object.keys(lifetimes)) {
        const answer = await ask(manager, 'PATCH', path, { [field]: refused });
        expect([answer.status, Object.keys(answer.json)]).toEqual([400, [field]]);
      }
    }
    // What only the operator decides is not theirs to change.
    const patched = await ask(manager, 'PATCH', path, { require_online: true, is_task_allowed: true });
    expect(patched.status).toBe(200);
    expect(
      (await admin(`/organizations/${manager.organization_id}${path.slice(path.indexOf('/rooms/'))}`)).json,
    ).toMatchObject({ ...lifetimes, require_online: false, is_task_allowed: false });
  });

  it('are listed by id, with filters for shared and deleted ones', async () => {
    const own = await enroll({ scopes: ['settings'] });
    const rooms: string[] = [];
    for (let place = 0; place < 5; place++) rooms.push(await newRoom(own.organization_id));
    const all = rooms.toSorted();
    const [shared = '', deleted = ''] = all;
    const list = (query: string) => ask(own, 'GET', `${roomsOf(own)}${query}`);
    expect(idsOf(await list(''))).toEqual(all);
    const first = await list('?page_size=3&extra=kept');
    const second = await ask(own, 'GET', String(first.json['next']));
    expect([idsOf(first), idsOf(second)]).toEqual([all.slice(0, 3), all.slice(3)]);
    expect(idsOf(await ask(own, 'GET', String(second.json['previous'])))).toEqual(all.slice(0, 3));
    await share(own, shared, callers.foreigner);
    await ask(own, 'DELETE', `${roomsOf(own)}/${deleted}`);
    expect(idsOf(await list(''))).toEqual(all.filter((id) => id !== deleted));
    expect(idsOf(await list('?include_deleted=true'))).toEqual(all);
    expect(resultsOf(await list('?is_shared=true'))).toMatchObject([{ id: shared, is_shared: true }]);
    expect(idsOf(await list('?is_shared=false'))).toEqual(all.slice(2));
    for (const query of ['?is_shared=x', '?include_deleted=x', '?page_size=0', '?cursor=x']) {
      expect((await list(query)).status).toBe(400);
    }
  });

  it('are online while they are open and reach a user who is online', async () => {
    const own = await enroll({ scopes: ['settings'] });
    const room = await newRoom(own.organization_id);
    const path = `${roomsOf(own)}/${room}`;
    const online = async () => {
      const { is_online, is_humans_online } = (await ask(own, 'GET', path)).json;
      return [is_online, is_humans_online];
    };
    expect(await online()).toEqual([false, false]);
    const bot = await enrollAgent(own.organization_id, { is_bot: true });
    const bePresent = (id: string) =>
      testEnv.DB.prepare('UPDATE users SET present_until = ? WHERE id = ?')
        .bind(Date.now() + 60_000, id)
        .run();
    await bePresent(bot.user_id);
    expect(await online()).toEqual([false, false]);
    const router = { name: 'Bots too', targets: [{ kind: 'all', include_bots: true }], room_ids: [room] };
    await admin(`/organizations/${own.organization_id}/routers`, { method: 'POST', body: router });
    expect(await online()).toEqual([true, false]);
    await bePresent(own.user_id);
    expect(await online()).toEqual([true, true]);
    await ask(own, 'PATCH', path, { is_open: false });
    expect(await online()).toEqual([false, false]);
  });

  it('refuse invalid values', async () => {
    const refused = await ask(manager, 'POST', roomsOf(manager), { display_name: '', is_open: 1 });
    expect([refused.status, refused.json]).toEqual([
      400,
      {
        name: ['This field is required.'],
        display_name: ['This field may not be blank.'],
        is_open: ['Must be a valid boolean.'],
      },
    ]);
    const path = `${roomsOf(manager)}/${await newRoom(manager.organization_id)}`;
    expect((await ask(manager, 'PUT', path, {})).json).toEqual({ name: ['This field is required.'] });
    expect((await ask(manager, 'PATCH', path, { name: null })).json).toEqual({ name: ['This field may not be null.'] });
    for (const id of [UNKNOWN, 'nonsense', await newRoom(callers.foreigner.organization_id)]) {
      expect((await ask(manager, 'GET', `${roomsOf(manager)}/${id}`)).status).toBe(404);
      expect((await ask(manager, 'PATCH', `${roomsOf(manager)}/${id}`, { name: 'x' })).status).toBe(404);
      expect((await ask(manager, 'DELETE', `${roomsOf(manager)}/${id}`)).status).toBe(404);
    }
  });

  it('are safe', async () => {
    const room = await newRoom(manager.organization_id);
    const all = (id: string) => `/api/v5/orgs/${id}/rooms`;
    const one = (id: string) => `/api/v5/orgs/${id}/rooms/${room}`;
    await expectSafe({ method: 'GET', path: all, unknown: 403, needsScope: false }, callers);
    await expectSafe({ method: 'GET', path: one, unknown: 403, needsScope: false }, callers);
    await expectSafe({ method: 'POST', path: all, body: { name: 'x' }, unknown: 403 }, callers);
    for (const method of ['PUT', 'PATCH']) {
      await expectSafe({ method, path: one, body: { name: 'x' }, unknown: 403 }, callers);
    }
    await expectSafe({ method: 'DELETE', path: one, unknown: 403 }, callers);
    expect((await ask(manager, 'GET', `${roomsOf(manager)}/${room}`)).json).toMatchObject({ name: 'Support' });
  });
});

describe('the rooms that reach a user', () => {
  it('are those of their organization and those that partners route to it', async () => {
    const [owner, partner] = [await enroll(), await enroll()];
    const own = await newRoom(partner.organization_id);
    const shared = await newRoom(owner.organization_id);
    const paths = { all: `/users/${partner.user_id}/rooms`, shared: `/users/${partner.user_id}/rooms/${shared}` };
    await share(owner, shared, partner);
    expect(idsOf(await ask(partner, 'GET', paths.all))).toEqual([own]);
    expect((await ask(partner, 'GET', paths.shared)).status).toBe(404);
    const targets = [{ kind: 'organization', id: partner.organization_id }];
    const body = { name: 'Partner', targets, room_ids: [shared] };
    await admin(`/organizations/${owner.organization_id}/routers`, { method: 'POST', body });
    expect(idsOf(await ask(partner, 'GET', paths.all))).toEqual([own, shared].toSorted());
    const answer = await ask(partner, 'GET', paths.shared);
    expect([answer.status, keysOf(answer.json)]).toEqual([200, ROOM_KEYS]);
    expect(answer.json).toMatchObject({
      id: shared,
      language_code: 'en',
      is_shared: true,
      organization: { id: owner.organization_id, name: 'Harbour' },
    });
    expect(idsOf(await ask(owner, 'GET', `/users/${owner.user_id}/rooms`))).toEqual([]);
    const first = await ask(partner, 'GET', `${paths.all}?page_size=1`);
    const second = await ask(partner, 'GET', String(first.json['next']));
    expect([...idsOf(first), ...idsOf(second)]).toEqual([own, shared].toSorted());
  });

  it('are remembered for AUTH_CACHE_SECONDS, and forgotten by a change', async () => {
    const own = await enroll();
    const room = await newRoom(own.organization_id);
    const rooms = (env: Partial<Env> = {}) =>
      call(`/api/v5/users/${own.user_id}/rooms`, { authorization: `Bearer ${own.token}`, env });
    expect(idsOf(await rooms())).toEqual([room]);
    const router = organizationD1
      .prepare("INSERT INTO routers VALUES (?, ?, 'None', 1, 1)")
      .bind(room, own.organization_id);
    await organizationD1.batch([router, organizationD1.prepare('INSERT INTO room_routers VALUES (?1, ?1)').bind(room)]);
    expect(idsOf(await rooms())).toEqual([room]);
    expect(idsOf(await rooms({ AUTH_CACHE_SECONDS: '0' }))).toEqual([]);
    expect(idsOf(await rooms())).toEqual([room]);
    await newRoom(callers.foreigner.organization_id);
    expect(idsOf(await rooms())).toEqual([room]);
    const other = await newRoom(own.organization_id);
    expect(idsOf(await rooms())).toEqual([other]);
  });

  it('are 404 when they are unknown, malformed or of others, and a malformed page is 400', async () => {
    for (const id of [UNKNOWN, 'nonsense', await newRoom(callers.foreigner.organization_id)]) {
      expect((await ask(agent, 'GET', `/users/${agent.user_id}/rooms/${id}`)).status).toBe(404);
    }
    expect((await ask(agent, 'GET', `/users/${agent.user_id}/rooms?cursor=x`)).status).toBe(400);
  });

  it('are safe', async () => {
    const room = await newRoom(manager.organization_id);
    await expectOwn({ method: 'GET', path: (id) => `/api/v5/users/${id}/rooms` }, callers);
    await expectOwn({ method: 'GET', path: (id) => `/api/v5/users/${id}/rooms/${room}` }, callers);
  });
});

describe('the tags that a room allows', () => {
  it('are added once, listed by name and removed', async () => {
    const room = await newRoom(manager.organization_id);
    const path = `${roomsOf(manager)}/${room}/allowed_tags`;
    const added = await ask(manager, 'POST', path, { name: 'Premium / gold' });
    expect([added.status, added.json]).toEqual([
      201,
      { name: 'Premium / gold', created_at: TIME, hashed_name: expect.stringMatching(/^[0-9a-f]{40}$/), room_id: room },
    ]);
    const again = await ask(manager, 'POST', path, { name: 'Premium / gold' });
    expect([again.status, again.json]).toEqual([200, added.json]);
    await ask(manager, 'POST', path, { name: 'Lead' });
    const names = async (query = '') => resultsOf(await ask(manager, 'GET', `${path}${query}`)).map(({ name }) => name);
    expect(await names()).toEqual(['Lead', 'Premium / gold']);
    const first = await ask(manager, 'GET', `${path}?page_size=1`);
    expect(resultsOf(await ask(manager, 'GET', String(first.json['next'])))).toEqual([added.json]);
    const one = `${path}/${encodeURIComponent('Premium / gold')}`;
    expect((await ask(manager, 'DELETE', one)).status).toBe(204);
    expect((await ask(manager, 'DELETE', one)).status).toBe(404);
    expect(await names()).toEqual(['Lead']);
  });

  it('refuse invalid values, and rooms of others', async () => {
    const path = `${roomsOf(manager)}/${await newRoom(manager.organization_id)}/allowed_tags`;
    const refused = await ask(manager, 'POST', path, { name: 'x'.repeat(256) });
    expect([refused.status, refused.json]).toEqual([
      400,
      { name: ['Ensure this field has no more than 255 characters.'] },
    ]);
    expect((await ask(manager, 'POST', path, {})).json).toEqual({ name: ['This field is required.'] });
    expect((await ask(manager, 'GET', `${path}?cursor=x`)).status).toBe(400);
    const foreign = await newRoom(callers.foreigner.organization_id);
    for (const room of [UNKNOWN, 'nonsense', foreign]) {
      const other = `${roomsOf(manager)}/${room}/allowed_tags`;
      expect((await ask(manager, 'GET', other)).status).toBe(404);
      expect((await ask(manager, 'POST', other, { name: 'x' })).status).toBe(404);
      expect((await ask(manager, 'DELETE', `${other}/x`)).status).toBe(404);
    }
  });

  it('are safe', async () => {
    const room = await newRoom(manager.organization_id);
    const path = (id: string) => `/api/v5/orgs/${id}/rooms/${room}/allowed_tags`;
    await expectSafe({ method: 'GET', path, unknown: 403 }, callers);
    await expectSafe({ method: 'POST', path, body: { name: 'x' }, unknown: 403 }, callers);
    await expectSafe({ method: 'DELETE', path: (id) => `${path(id)}/x`, unknown: 403 }, callers);
  });
});
