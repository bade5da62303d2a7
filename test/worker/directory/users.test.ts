import { beforeAll, describe, expect, it } from 'vitest';
import { type Callers, enrollCallers, expectOwn, expectSafe } from '../../support/worker/access-checks.ts';
import { keysOf, USER_KEYS } from '../../support/worker/directory-keys.ts';
import { ask, enrollAgent, resultsOf, TIME } from '../../support/worker/organization.ts';
import { admin, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

let callers: Callers;
let manager: Person;
let agent: Person;

beforeAll(async () => {
  callers = await enrollCallers(['users']);
  manager = callers.owner;
  agent = callers.powerless;
});

const usersOf = (person: Person) => `/orgs/${person.organization_id}/users`;
const idsOf = (answer: { json: Record<string, unknown> }) => resultsOf(answer).map(({ id }) => id);

describe('users', () => {
  it('read their own account by `me` and by id', async () => {
    const me = await ask(agent, 'GET', '/users/me');
    expect([me.status, keysOf(me.json)]).toEqual([200, USER_KEYS]);
    expect(me.json).toMatchObject({
      id: agent.user_id,
      organization_id: agent.organization_id,
      organization: { id: agent.organization_id, name: 'Harbour' },
      full_name: 'Ada',
      email: null,
      is_manager: false,
      is_online_enabled: true,
      is_present: false,
      is_online: false,
      current_chat_count: 0,
      is_deleted: false,
      deleted_at: null,
      created_at: TIME,
    });
    expect((await ask(agent, 'GET', `/users/${agent.user_id}`)).json).toEqual(me.json);
    expect((await ask(agent, 'GET', `${usersOf(agent)}/${agent.user_id}`)).json).toEqual(me.json);
  });

  it('are online while they are present and willing to be shown, and bots have no email', async () => {
    const bot = await enrollAgent(manager.organization_id, { is_bot: true, email: 'bot@example.com' });
    const path = `${usersOf(manager)}/${bot.user_id}`;
    await testEnv.DB.prepare('UPDATE users SET present_until = ?, current_chat_count = 3 WHERE id = ?')
      .bind(Date.now() + 60_000, bot.user_id)
      .run();
    const online = { is_present: true, is_online: true, is_bot: true, email: null, current_chat_count: 3 };
    expect((await ask(manager, 'GET', path)).json).toMatchObject(online);
    const hidden = await ask(bot, 'PATCH', path, { is_online_enabled: false });
    expect(hidden.json).toMatchObject({ ...online, is_online: false });
  });

  it('are listed by creation and email, with deleted ones on request', async () => {
    const boss = await enroll({ scopes: ['users'] });
    const emails = ['c@example.com', 'a@example.com', 'b@example.com'];
    const [c, a, b] = await Promise.all(emails.map((email) => enrollAgent(boss.organization_id, { email })));
    const byId = [boss, c, a, b].map((person) => person?.user_id);
    await testEnv.DB.batch(
      byId.map((id, place) =>
        testEnv.DB.prepare('UPDATE users SET created_at = ? WHERE id = ?').bind(1000 + place, id),
      ),
    );
    const list = (query: string) => ask(boss, 'GET', `${usersOf(boss)}${query}`);
    const byEmail = [boss, a, b, c].map((person) => person?.user_id);
    expect(idsOf(await list(''))).toEqual(byId);
    expect(idsOf(await list('?ordering=-created_at'))).toEqual(byId.toReversed());
    expect(idsOf(await list('?ordering=email'))).toEqual(byEmail);
    for (const [ordering, all] of [
      ['email', byEmail],
      ['-email', byEmail.toReversed()],
      ['created_at', byId],
    ] as const) {
      const first = await list(`?ordering=${ordering}&page_size=3`);
      const second = await ask(boss, 'GET', String(first.json['next']));
      expect([idsOf(first), idsOf(second)]).toEqual([all.slice(0, 3), all.slice(3)]);
      expect(idsOf(await ask(boss, 'GET', String(second.json['previous'])))).toEqual(all.slice(0, 3));
    }
    await admin(`/organizations/${boss.organization_id}/users/${a?.user_id}`, { method: 'DELETE' });
    expect(idsOf(await list(''))).not.toContain(a?.user_id);
    const deleted = resultsOf(await list('?include_deleted=true')).find(({ id }) => id === a?.user_id);
    expect(deleted).toMatchObject({ is_deleted: true, deleted_at: TIME });
    expect((await ask(boss, 'GET', `${usersOf(boss)}/${a?.user_id}`)).status).toBe(404);
    expect((await ask(boss, 'PATCH', `${usersOf(boss)}/${a?.user_id}`, { alias: 'x' })).status).toBe(404);
  });

  it('can change themselves, and others with the scope users', async () => {
    const own = `${usersOf(agent)}/${agent.user_id}`;
    const profile = { title: 'Agent', phone: '1', gender: 'x', birthday: '1990-01-31', alias: 'A.' };
    const changed = await ask(agent, 'PATCH', own, { ...profile, email: 'ignored@example.com', is_staff: true });
    expect([changed.status, changed.json]).toEqual([
      200,
      expect.objectContaining({ ...profile, email: null, is_staff: false, full_name: 'Ada' }),
    ]);
    expect((await ask(manager, 'PATCH', own, { title: null, last_name: 'Byron' })).json).toMatchObject({
      ...profile,
      title: null,
      full_name: 'Ada Byron',
    });
    const put = await ask(agent, 'PUT', own, { is_online_enabled: false });
    expect([put.status, put.json]).toEqual([
      200,
      expect.objectContaining({ ...profile, title: null, is_online_enabled: false }),
    ]);
    expect((await ask(agent, 'GET', '/users/me')).json).toEqual(put.json);
  });

  it('can change their own names unless their organization switches it off', async () => {
    const boss = await enroll({ scopes: ['settings', 'users'] });
    const own = await enrollAgent(boss.organization_id, { alias: null });
    const path = `${usersOf(boss)}/${own.user_id}`;
    expect((await ask(own, 'PATCH', path, { first_name: 'Grace', alias: 'G.' })).status).toBe(200);
    const setting = { is_renaming_allowed: false };
    const settings = await ask(boss, 'PATCH', `/orgs/${boss.organization_id}`, setting);
    expect([settings.status, settings.json]).toMatchObject([200, setting]);

    for (const name of [{ first_name: 'Ada' }, { last_name: 'Murray' }, { alias: null }, { alias: 'Ada' }]) {
      const refused = await ask(own, 'PATCH', path, { ...name, title: 'Admiral' });
      expect([refused.status, refused.json]).toEqual([403, { detail: 'The scope "users" is required.' }]);
    }
    // A client that sends the whole user back changes no name.
    const whole = { is_online_enabled: false, first_name: 'Grace', last_name: 'Hopper', alias: 'G.', title: 'Agent' };
    expect((await ask(own, 'PUT', path, whole)).json).toMatchObject(whole);
    expect((await ask(boss, 'PATCH', path, { last_name: 'Murray' })).json).toMatchObject({ full_name: 'Grace Murray' });
    const byOperator = { method: 'PATCH', body: { alias: null } };
    expect((await admin(`/organizations/${path.slice('/orgs/'.length)}`, byOperator)).status).toBe(200);
  });

  it('refuse invalid values', async () => {
    const own = `${usersOf(agent)}/${agent.user_id}`;
    const refused = await ask(agent, 'PATCH', own, { is_online_enabled: 'yes', first_name: '', birthday: '1.1.1990' });
    expect([refused.status, refused.json]).toEqual([
      400,
      {
        is_online_enabled: ['Must be a valid boolean.'],
        first_name: ['This field may not be blank.'],
        birthday: ['Date has wrong format. Use YYYY-MM-DD.'],
      },
    ]);
    expect((await ask(agent, 'PUT', own, {})).json).toEqual({ is_online_enabled: ['This field is required.'] });
    for (const query of ['?ordering=name', '?page_size=x', '?cursor=x', '?include_deleted=perhaps']) {
      expect((await ask(agent, 'GET', `${usersOf(agent)}${query}`)).status).toBe(400);
    }
    for (const id of [UNKNOWN, 'nonsense', callers.foreigner.user_id]) {
      expect((await ask(manager, 'GET', `${usersOf(manager)}/${id}`)).status).toBe(404);
      expect((await ask(manager, 'PATCH', `${usersOf(manager)}/${id}`, { alias: 'x' })).status).toBe(404);
    }
  });

  it('are safe', async () => {
    await expectOwn({ method: 'GET', path: (id) => `/api/v5/users/${id}` }, callers);
    const list = {
      method: 'GET',
      path: (id: string) => `/api/v5/orgs/${id}/users`,
      unknown: 403,
      needsScope: false,
    } as const;
    await expectSafe(list, callers);
    await expectSafe({ ...list, path: (id) => `/api/v5/orgs/${id}/users/${agent.user_id}` }, callers);
    for (const method of ['PATCH', 'PUT']) {
      const body = { is_online_enabled: true };
      const path = (id: string) => `/api/v5/orgs/${id}/users/${manager.user_id}`;
      await expectSafe({ method, path, body, unknown: 403 }, callers);
    }
  });

  it('need a token and a subscription', async () => {
    const nobody = await ask({ token: 'unknown' }, 'GET', '/users/me');
    expect([nobody.status, nobody.headers.has('WWW-Authenticate')]).toEqual([401, true]);
    const poor = await enroll();
    await admin(`/organizations/${poor.organization_id}`, {
      method: 'PATCH',
      body: { has_active_subscription: false },
    });
    for (const path of ['/users/me', `/users/${poor.user_id}`, `/users/${poor.user_id}/preferences`, usersOf(poor)]) {
      const refused = await ask(poor, 'GET', path);
      expect([refused.status, refused.json]).toEqual([403, { detail: expect.stringContaining('subscription') }]);
    }
  });
});

describe('preferences', () => {
  const path = () => `/users/${agent.user_id}/preferences`;

  it('have defaults, are changed and replaced', async () => {
    expect((await ask(agent, 'GET', path())).json).toEqual({
      chat_capacity: null,
      ui_language_code: 'en',
      console: {},
    });
    const changed = await ask(agent, 'PATCH', path(), { chat_capacity: 4 });
    expect([changed.status, changed.json]).toEqual([200, { chat_capacity: 4, ui_language_code: 'en', console: {} }]);
    const whole = { chat_capacity: 4, ui_language_code: 'fi', console: {} };
    expect((await ask(agent, 'PATCH', path(), { ui_language_code: 'fi' })).json).toEqual(whole);
    expect((await ask(agent, 'GET', path())).json).toEqual(whole);
    expect((await ask(agent, 'PUT', path(), { ui_language_code: 'sv' })).json).toEqual({
      chat_capacity: null,
      ui_language_code: 'sv',
      console: {},
    });
    expect((await ask(agent, 'PUT', path(), {})).json).toEqual({
      chat_capacity: null,
      ui_language_code: 'en',
      console: {},
    });
  });

  it('keep what a console wants to keep, as a whole, and give it with the session', async () => {
    const kept = { room: null, orders: { mine: 'created' }, 'a "name"': ['<b>'] };
    const changed = await ask(agent, 'PATCH', path(), { console: kept });
    expect([changed.status, changed.json['console']]).toEqual([200, kept]);
    expect((await ask(agent, 'PATCH', path(), { chat_capacity: 3 })).json['console']).toEqual(kept);
    expect((await ask(agent, 'PATCH', path(), { console: { orders: {} } })).json['console']).toEqual({ orders: {} });
    // Clients that do not know it replace the others.
    expect((await ask(agent, 'PUT', path(), {})).json['console']).toEqual({ orders: {} });
    expect((await ask(agent, 'PUT', path(), { console: {} })).json['console']).toEqual({});
  });

  it('refuse invalid values', async () => {
    for (const body of [
      { console: 'text' },
      { console: [] },
      { console: null },
      { console: { text: 'x'.repeat(4_000) } },
      { console: { a: { b: { c: { d: { e: { f: { g: { h: {} } } } } } } } } },
      { chat_capacity: -1 },
      { chat_capacity: 1.5 },
      { chat_capacity: 'four' },
      { ui_language_code: null },
    ]) {
      for (const method of ['PUT', 'PATCH']) {
        const refused = await ask(agent, method, path(), body);
        expect([refused.status, Object.keys(refused.json)]).toEqual([400, Object.keys(body)]);
      }
    }
  });

  it('are safe', async () => {
    for (const method of ['GET', 'PUT', 'PATCH']) {
      const body = method === 'GET' ? {} : { body: {} };
      await expectOwn({ method, path: (id) => `/api/v5/users/${id}/preferences`, ...body }, callers);
    }
  });
});
