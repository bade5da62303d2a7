import { beforeAll, describe, expect, it } from 'vitest';
import { openApp, trigger } from '../../support/worker/apps.ts';
import { arrive, ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { type Answer, admin, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

let owner: Person;
let users: string;

beforeAll(async () => {
  owner = await enroll({ scopes: ['users', 'reports'] });
  users = `/orgs/${owner.organization_id}/users`;
});

const outcome = ({ status, json }: Answer) => [status, json];
const newUser = async (body: object = { first_name: 'Eve' }) => {
  const made = await ask(owner, 'POST', users, body as Json);
  expect([made.status, made.text]).toEqual([201, made.text]);
  return String(made.json['id']);
};
const me = (token: unknown) =>
  call('/api/v5/users/me', { authorization: `Bearer ${String(token)}`, env: { AUTH_CACHE_SECONDS: '0' } });

describe('a tenant with the scope users', () => {
  it('adds people and bots, who are there at once', async () => {
    const person = {
      first_name: 'Eve',
      last_name: 'Ek',
      alias: 'E',
      email: 'eve@example.com',
      avatar_url: 'https://x.example/e.png',
    };
    const made = await ask(owner, 'POST', users, { ...person, title: 'Clerk', extension: '900' });
    expect(outcome(made)).toEqual([
      201,
      expect.objectContaining({
        first_name: 'Eve',
        email: 'eve@example.com',
        title: 'Clerk',
        is_bot: false,
        is_staff: false,
      }),
    ]);
    expect((await ask(owner, 'GET', `${users}/${made.json['id']}`)).json).toEqual(made.json);
    expect((await ask(owner, 'POST', users, { first_name: 'AI', is_bot: true })).json).toMatchObject({ is_bot: true });
  });

  it('changes the email and the picture of a user, who without the scope changes neither', async () => {
    const member = await enroll({ organization_id: owner.organization_id });
    const one = `${users}/${member.user_id}`;
    const shown = { email: 'eve@example.com', avatar: { url: 'https://x.example/e.png', id: UUID } };
    const fields = { email: 'eve@example.com', avatar_url: 'https://x.example/e.png' };
    expect((await ask(owner, 'PATCH', one, fields)).json).toMatchObject(shown);
    const others = { is_online_enabled: true, email: null, avatar_url: null };
    for (const method of ['PATCH', 'PUT']) {
      expect(outcome(await ask(member, method, one, others))).toEqual([200, expect.objectContaining(shown)]);
    }
    expect((await ask(owner, 'PUT', one, others)).json).toMatchObject({ email: null, avatar: null });
    expect(outcome(await ask(owner, 'PATCH', one, { email: 'nobody' }))).toEqual([
      400,
      { email: ['Enter a valid email address.'] },
    ]);
  });

  it('chooses neither the id nor that a user is staff', async () => {
    const id = crypto.randomUUID();
    const made = await ask(owner, 'POST', users, { first_name: 'Eve', id, is_staff: true });
    expect(outcome(made)).toEqual([
      201,
      expect.objectContaining({ id: expect.not.stringContaining(id), is_staff: false }),
    ]);
  });

  it('is refused without a name, and a line that is taken', async () => {
    expect(outcome(await ask(owner, 'POST', users, {}))).toEqual([400, { first_name: ['This field is required.'] }]);
    await newUser({ first_name: 'Eve', did: '4420' });
    expect(outcome(await ask(owner, 'POST', users, { first_name: 'Eva', did: '4420' }))).toEqual([
      409,
      { detail: 'Another user of the organization has this did.' },
    ]);
  });

  it('repeats the addition with the same key, and adds nobody twice', async () => {
    const request = {
      method: 'POST',
      authorization: `Bearer ${owner.token}`,
      headers: { 'Idempotency-Key': crypto.randomUUID() },
      body: { first_name: 'Once' },
    };
    const answers = [await call(`/api/v5${users}`, request), await call(`/api/v5${users}`, request)];
    expect(answers[1]?.json).toEqual(answers[0]?.json);
    expect(answers[1]?.headers.get('Idempotent-Replayed')).toBe('true');
    const named = await testEnv.DB.prepare("SELECT id FROM users WHERE organization_id = ? AND first_name = 'Once'")
      .bind(owner.organization_id)
      .all();
    expect(named.results).toHaveLength(1);
  });

  it('deletes users with their tokens, sessions and presence, but not themselves', async () => {
    const leaving = await enroll({ organization_id: owner.organization_id });
    await arrive(leaving);
    expect((await ask(owner, 'DELETE', `${users}/${leaving.user_id}`)).status).toBe(204);
    expect((await me(leaving.token)).status).toBe(401);
    expect((await ask(owner, 'DELETE', `${users}/${leaving.user_id}`)).status).toBe(404);
    expect(outcome(await ask(owner, 'DELETE', `${users}/${owner.user_id.toUpperCase()}`))).toEqual([
      409,
      { detail: 'Users cannot delete themselves.' },
    ]);
    expect((await me(owner.token)).status).toBe(200);
    expect(
      (await admin(`/organizations/${owner.organization_id}/users/${owner.user_id}`, { method: 'DELETE' })).status,
    ).toBe(204);
    owner = await enroll({ scopes: ['users', 'reports'] });
    users = `/orgs/${owner.organization_id}/users`;
  });

  it('gives tokens with its own scopes, lists and revokes them', async () => {
    const id = await newUser();
    const body = { scopes: ['reports', 'reports'], label: 'gateway', expires_at: '2100-01-01T00:00:00Z' };
    const made = await ask(owner, 'POST', `${users}/${id}/tokens`, body);
    const { token, ...shown } = made.json;
    expect([made.status, shown]).toEqual([
      201,
      {
        id: UUID,
        user_id: id,
        organization_id: owner.organization_id,
        label: 'gateway',
        scopes: ['reports'],
        is_session: false,
        expires_at: '2100-01-01T00:00:00.000Z',
        revoked_at: null,
        created_at: TIME,
      },
    ]);
    expect(outcome(await me(token))).toEqual([200, expect.objectContaining({ id })]);
    expect(resultsOf(await ask(owner, 'GET', `${users}/${id}/tokens`))).toEqual([shown]);
    const one = `${users}/${id}/tokens/${shown['id']}`;
    expect([(await ask(owner, 'DELETE', one)).status, (await ask(owner, 'DELETE', one)).status]).toEqual([204, 204]);
    expect((await me(token)).status).toBe(401);
    expect(resultsOf(await ask(owner, 'GET', `${users}/${id}/tokens`))).toEqual([{ ...shown, revoked_at: TIME }]);
  });

  it('gives no scope that its token lacks, to nobody', async () => {
    for (const id of [await newUser(), owner.user_id]) {
      const path = `${users}/${id}/tokens`;
      const before = resultsOf(await ask(owner, 'GET', path));
      expect(outcome(await ask(owner, 'POST', path, { scopes: ['users', 'settings'] }))).toEqual([
        403,
        { detail: 'The scope "settings" is required.' },
      ]);
      expect((await ask(owner, 'POST', path, { scopes: ['everything'] })).status).toBe(400);
      expect(resultsOf(await ask(owner, 'GET', path))).toEqual(before);
    }
  });

  it('cannot revoke a token by the path of another user', async () => {
    const other = await enroll({ organization_id: owner.organization_id });
    expect((await ask(owner, 'DELETE', `${users}/${await newUser()}/tokens/${other.token_id}`)).status).toBe(404);
    expect((await me(other.token)).status).toBe(200);
  });

  it('gives a user at most 1,000 tokens, among which sessions do not count', async () => {
    const id = await newUser();
    const rows = Array.from({ length: 1010 }, (_, number) => number);
    await testEnv.DB.prepare(
      `INSERT INTO tokens (digest, id, organization_id, user_id, created_at, revoked_at, session_until)
       SELECT value || ?1, value || ?1, ?2, ?1, 1, 1, CASE WHEN value >= 999 THEN 2 END FROM json_each(?3)`,
    )
      .bind(id, owner.organization_id, JSON.stringify(rows))
      .run();
    const path = `${users}/${id}/tokens`;
    expect((await ask(owner, 'POST', path, {})).status).toBe(201);
    expect(outcome(await ask(owner, 'POST', path, {}))).toEqual([
      409,
      { detail: 'A user can have at most 1,000 tokens, revoked ones too.' },
    ]);
    const byOperator = await admin(`/organizations/${owner.organization_id}/users/${id}/tokens`, {
      method: 'POST',
      body: {},
    });
    expect(byOperator.status).toBe(409);
  });
});

describe('an app with the scope users', () => {
  it('adds and deletes nobody, and makes and sees no tokens: they would outlive it', async () => {
    const { manager, app, installation } = await openApp({ required_scopes: ['users'] });
    const { parameters } = await trigger(manager, installation, 'type=manual_nav');
    const authorization = `GIOSGAPP ${parameters.get('token')} ${app.secret}`;
    const colleague = await enroll({ organization_id: manager.organization_id });
    const all = `/api/v5/orgs/${manager.organization_id}/users`;
    const one = `${all}/${colleague.user_id}`;
    for (const [method, path, body] of [
      ['POST', all, { first_name: 'Eve' }],
      ['DELETE', one, undefined],
      ['POST', `${one}/tokens`, {}],
      ['GET', `${one}/tokens`, undefined],
      ['DELETE', `${one}/tokens/${colleague.token_id}`, undefined],
    ] as const) {
      const answer = await call(path, { method, authorization, ...(body === undefined ? {} : { body }) });
      expect(outcome(answer)).toEqual([403, { detail: 'The credentials of an app are not accepted here.' }]);
    }
    expect((await me(colleague.token)).status).toBe(200);
  });
});
