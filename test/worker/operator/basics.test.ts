import { describe, expect, it } from 'vitest';
import { QUOTAS, quotaFields } from '../../../src/resources/quotas.ts';
import { ADMIN_TOKEN, admin, call, enroll } from '../../support/worker/requests.ts';

const UNKNOWN = '0190a000-0000-7000-8000-000000000000';

async function newOrganization(): Promise<string> {
  return String((await admin('/organizations', { method: 'POST', body: { name: 'Harbour' } })).json.id);
}

describe('the admin API', () => {
  it('creates, shows, changes and lists organizations', async () => {
    const created = await admin('/organizations', { method: 'POST', body: { name: 'North', private_chats: true } });
    expect(created.status).toBe(201);
    expect(created.json).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'North',
      database: 'DB',
      has_active_subscription: true,
      private_chats: true,
      private_chat_history: false,
      email: null,
      phone: null,
      street: null,
      postal_code: null,
      city: null,
      country: null,
      business_id: null,
      script_tag: null,
      is_online: false,
      is_humans_online: false,
      is_present: false,
      max_rules_count: null,
      message_list_days: null,
      chat_retention_days: null,
      unanswered_retention_days: 7,
      encryption_public_key: null,
      is_renaming_allowed: true,
      domain: null,
      ...quotaFields((name) => QUOTAS[name]),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: created.json.created_at,
    });
    const path = `/organizations/${created.json.id}`;
    const changed = await admin(path, { method: 'PATCH', body: { private_chat_history: true } });
    expect(changed.json).toMatchObject({ name: 'North', private_chats: true, private_chat_history: true });
    expect((await admin(path)).json).toEqual(changed.json);
    const ids = ((await admin('/organizations?page_size=200')).json.results as { id: string }[]).map(({ id }) => id);
    expect(ids).toContain(created.json.id);
  });

  it('stores users with their avatar, and hides deleted ones', async () => {
    const users = `/organizations/${await newOrganization()}/users`;
    const body = { first_name: 'Ada', last_name: 'Byron', alias: 'A.', avatar_url: 'https://example.com/a.png' };
    const created = await admin(users, { method: 'POST', body: { ...body, is_bot: true, email: 'ada@example.com' } });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      full_name: 'Ada Byron',
      alias: 'A.',
      is_bot: true,
      is_staff: false,
      email: 'ada@example.com',
      avatar: { id: created.json.avatar_id, url: 'https://example.com/a.png' },
    });
    const path = `${users}/${created.json.id}`;
    const changed = await admin(path, { method: 'PATCH', body: { alias: null, avatar_url: null } });
    expect(changed.json).toMatchObject({ alias: null, avatar: null, avatar_id: null, first_name: 'Ada', is_bot: true });
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect((await admin(path)).status).toBe(404);
    expect((await admin(path, { method: 'DELETE' })).status).toBe(404);
    expect((await admin(users)).json.results).toEqual([]);
  });

  it('stores rooms', async () => {
    const rooms = `/organizations/${await newOrganization()}/rooms`;
    const created = await admin(rooms, { method: 'POST', body: { name: 'Support' } });
    expect(created.json).toMatchObject({ name: 'Support', display_name: 'Support', language_code: 'en' });
    const path = `${rooms}/${created.json.id}`;
    const changed = await admin(path, { method: 'PATCH', body: { language_code: 'fi', display_name: 'Help' } });
    expect(changed.json).toMatchObject({ name: 'Support', display_name: 'Help', language_code: 'fi' });
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect((await admin(path)).status).toBe(404);
    expect((await admin(rooms)).json.results).toEqual([]);
  });

  it('shows a token once, and can revoke it repeatedly', async () => {
    const person = await enroll();
    const tokens = `/organizations/${person.organization_id}/users/${person.user_id}/tokens`;
    const body = { scopes: ['settings', 'settings'], label: 'gateway', expires_at: '2100-01-01T00:00:00Z' };
    const created = await admin(tokens, { method: 'POST', body });
    expect(created.json.token).toMatch(/^umi_[A-Za-z0-9_-]{43}[0-9a-z]{7}$/);
    expect(created.json).toMatchObject({
      scopes: ['settings'],
      label: 'gateway',
      expires_at: '2100-01-01T00:00:00.000Z',
    });
    const list = await admin(tokens);
    expect((list.json.results as unknown[]).length).toBe(2);
    expect(list.text).not.toContain(String(created.json.token));
    expect(list.text).not.toContain('digest');
    const path = `${tokens}/${created.json.id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    const first = (await admin(tokens)).json.results as { id: string; revoked_at: string | null }[];
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    const second = (await admin(tokens)).json.results as { id: string; revoked_at: string | null }[];
    expect(first.find(({ id }) => id === created.json.id)?.revoked_at).toMatch(/Z$/);
    expect(second).toEqual(first);
  });

  it('pages forwards and backwards with absolute URLs that keep the other parameters', async () => {
    const rooms = `/organizations/${await newOrganization()}/rooms`;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await admin(rooms, { method: 'POST', body: { name } });
    const names = (page: { json: Record<string, unknown> }) =>
      (page.json.results as { name: string }[]).map(({ name }) => name).join('');
    const follow = (url: unknown) => call(String(url), { authorization: `Bearer ${ADMIN_TOKEN}` });
    const first = await admin(`${rooms}?page_size=2&extra=kept`);
    expect([names(first), first.json.previous]).toEqual(['ab', null]);
    expect(first.json.next).toMatch(/^https:\/\/hub\.example\/admin\/v1\/.*page_size=2&extra=kept&cursor=/);
    const second = await follow(first.json.next);
    const third = await follow(second.json.next);
    expect([names(second), names(third), third.json.next]).toEqual(['cd', 'e', null]);
    const back = await follow(third.json.previous);
    expect([names(back), names(await follow(back.json.previous)), names(await follow(back.json.next))]).toEqual([
      'cd',
      'ab',
      'e',
    ]);
    const behindProxy = await admin(`${rooms}?page_size=2`, { env: { PUBLIC_ORIGIN: 'https://api.example/' } });
    expect(behindProxy.json.next).toMatch(/^https:\/\/api\.example\/admin/);
  });
});

describe('the admin API refuses', () => {
  it('invalid values, in the form of all interfaces', async () => {
    const organization = await newOrganization();
    const post = (path: string, body: unknown) => admin(path, { method: 'POST', body });
    expect((await post('/organizations', { name: '   ' })).json).toEqual({ name: ['This field may not be blank.'] });
    expect((await post('/organizations', { name: 'x', private_chats: 'yes' })).json).toEqual({
      private_chats: ['Must be a valid boolean.'],
    });
    expect(
      (await post(`/organizations/${organization}/users`, { first_name: null, avatar_url: 'nowhere' })).json,
    ).toEqual({
      first_name: ['This field may not be null.'],
      avatar_url: ['Enter a valid URL.'],
    });
    const user = await post(`/organizations/${organization}/users`, { first_name: 'Ada' });
    const tokens = `/organizations/${organization}/users/${user.json.id}/tokens`;
    expect((await post(tokens, { scopes: ['settings', 'root'] })).json).toEqual({
      scopes: [{}, ['"root" is not a valid choice.']],
    });
    expect((await post(tokens, { expires_at: '2026-02-30T00:00:00Z' })).json).toEqual({
      expires_at: [expect.stringMatching(/^Datetime has wrong format/)],
    });
    expect((await admin('/organizations?page_size=0')).json).toEqual({ page_size: ['A valid integer is required.'] });
    expect((await admin('/organizations?cursor=garbled')).json).toEqual({ cursor: ['Invalid cursor.'] });
  });

  it('an id that is taken: 409, and does not change the existing resource', async () => {
    const id = crypto.randomUUID();
    expect(
      (await admin('/organizations', { method: 'POST', body: { id: id.toUpperCase(), name: 'one' } })).json.id,
    ).toBe(id);
    expect((await admin('/organizations', { method: 'POST', body: { id, name: 'two' } })).status).toBe(409);
    expect((await admin(`/organizations/${id}`)).json.name).toBe('one');
    for (const [kind, fields] of [
      ['users', { first_name: 'Ada' }],
      ['rooms', { name: 'Support' }],
    ] as const) {
      const body = { id: crypto.randomUUID(), ...fields };
      expect((await admin(`/organizations/${id}/${kind}`, { method: 'POST', body })).status).toBe(201);
      expect((await admin(`/organizations/${id}/${kind}`, { method: 'POST', body })).status).toBe(409);
      const elsewhere = await newOrganization();
      expect((await admin(`/organizations/${elsewhere}/${kind}`, { method: 'POST', body })).status).toBe(409);
    }
  });

  it('unknown resources: 404', async () => {
    for (const path of ['/organizations/1', `/organizations/${UNKNOWN}`, `/organizations/${UNKNOWN}/users`, '/else']) {
      expect((await admin(path)).status).toBe(404);
    }
    const post = { method: 'POST', body: { name: 'x', first_name: 'x' } };
    expect((await admin(`/organizations/${UNKNOWN}/rooms`, post)).status).toBe(404);
    expect((await admin(`/organizations/${UNKNOWN}/users`, post)).status).toBe(404);
    expect((await admin(`/organizations/${UNKNOWN}/users/${UNKNOWN}/tokens`, post)).status).toBe(404);
  });
});

describe('the admin API is safe: it', () => {
  it('does not exist without its secret', async () => {
    for (const env of [{ ADMIN_TOKEN: undefined }, { ADMIN_TOKEN: '' }]) {
      for (const authorization of [`Bearer ${ADMIN_TOKEN}`, 'Bearer ', 'Bearer undefined']) {
        for (const path of ['/organizations', '/else']) {
          const answer = await admin(path, { env: env as Partial<Env>, authorization });
          expect([answer.status, answer.json]).toEqual([404, { detail: 'Not found.' }]);
        }
      }
    }
  });

  it('is closed while one of its secrets can be guessed, and says which', async () => {
    const short = 'x'.repeat(31);
    for (const [name, env] of [
      ['ADMIN_TOKEN', { ADMIN_TOKEN: short }],
      ['ADMIN_TOKEN', { ADMIN_TOKEN: short, ADMIN_TOKEN_PREVIOUS: ADMIN_TOKEN }],
      ['ADMIN_TOKEN_PREVIOUS', { ADMIN_TOKEN_PREVIOUS: short }],
    ] as const) {
      for (const authorization of [`Bearer ${short}`, `Bearer ${ADMIN_TOKEN}`, '']) {
        const answer = await admin('/organizations', { env, authorization });
        const detail = `The admin API is closed: the secret ${name} of this deployment has fewer than 32 characters.`;
        expect([answer.status, answer.json]).toEqual([503, { detail }]);
      }
    }
    const long = 'x'.repeat(32);
    const open = await admin('/organizations', { env: { ADMIN_TOKEN: long }, authorization: `Bearer ${long}` });
    expect(open.status).toBe(200);
  });

  it('accepts the token before the present one, as long as that is set', async () => {
    const env = { ADMIN_TOKEN: 'the-new-admin-token-of-this-test-hub', ADMIN_TOKEN_PREVIOUS: ADMIN_TOKEN };
    const statusOf = async (token: string, given: Partial<Env>) =>
      (await admin('/organizations', { env: given, authorization: `Bearer ${token}` })).status;
    expect(await statusOf(env.ADMIN_TOKEN, env)).toBe(200);
    expect(await statusOf(ADMIN_TOKEN, env)).toBe(200);
    expect(await statusOf(ADMIN_TOKEN, { ...env, ADMIN_TOKEN_PREVIOUS: '' })).toBe(401);
    // Deleting ADMIN_TOKEN closes the API, whatever else is set.
    expect(await statusOf(ADMIN_TOKEN, { ...env, ADMIN_TOKEN: '' })).toBe(404);
  });

  it('accepts only its secret', async () => {
    const person = await enroll({ scopes: ['settings', 'users', 'reports'] });
    const headers = [undefined, `Bearer ${person.token}`, `Bearer ${ADMIN_TOKEN}x`, `Token ${ADMIN_TOKEN}`, 'Bearer'];
    for (const authorization of headers) {
      const answer = await call('/admin/v1/organizations', authorization === undefined ? {} : { authorization });
      expect(answer.status).toBe(401);
      expect(answer.headers.has('WWW-Authenticate')).toBe(true);
    }
  });

  it('reaches nothing of one organization through the path of another', async () => {
    const mine = await enroll();
    const other = await newOrganization();
    const room = await admin(`/organizations/${mine.organization_id}/rooms`, {
      method: 'POST',
      body: { name: 'Support' },
    });
    const foreign = [`rooms/${room.json.id}`, `users/${mine.user_id}`];
    for (const path of foreign) {
      expect((await admin(`/organizations/${other}/${path}`)).status).toBe(404);
      const change = { method: 'PATCH', body: { name: 'x', first_name: 'x' } };
      expect((await admin(`/organizations/${other}/${path}`, change)).status).toBe(404);
      expect((await admin(`/organizations/${other}/${path}`, { method: 'DELETE' })).status).toBe(404);
      expect((await admin(`/organizations/${mine.organization_id}/${path}`)).status).toBe(200);
    }
    const tokens = `/organizations/${other}/users/${mine.user_id}/tokens`;
    expect((await admin(tokens)).status).toBe(404);
    expect((await admin(tokens, { method: 'POST', body: {} })).status).toBe(404);
    expect((await admin(`${tokens}/${mine.token_id}`, { method: 'DELETE' })).status).toBe(404);
  });
});
