import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { cookieIn, OWN_PAGE } from '../../support/worker/browser.ts';
import { ask, resultsOf, TestOrganization, UUID } from '../../support/worker/organization.ts';
import { type Answer, admin, call, enroll, type Person } from '../../support/worker/requests.ts';

const HERE = 'http://127.0.0.1:8787';
const HOOK = 'http://127.0.0.1:65010/replies';

let org: TestOrganization;
let owner: Person;
let agent: Person;
let env: Partial<Env>;

beforeAll(async () => {
  org = await TestOrganization.open();
  const { organizationId: organization_id } = org;
  owner = await enroll({ organization_id, scopes: ['settings', 'reports', 'users'] });
  agent = await enroll({ organization_id });
  const deleted = await enroll({ organization_id });
  await admin(`/organizations/${organization_id}/users/${deleted.user_id}`, { method: 'DELETE' });
  const users = [
    { id: owner.user_id, scopes: ['settings', 'reports', 'users'] },
    { id: agent.user_id, scopes: [] },
    { id: deleted.user_id, scopes: [] },
  ];
  env = { DEMO_SIGN_IN: JSON.stringify({ organization_id, reply_webhook_url: HOOK, users }) };
  const { room_id } = (await ask(owner, 'GET', `/orgs/${organization_id}/unified_messaging/${org.channelId}`)).json;
  const channel = { name: 'Demo', messaging_channel: 'email', room_id, reply_webhook_url: HOOK };
  expect((await ask(owner, 'POST', `/orgs/${organization_id}/unified_messaging`, channel)).status).toBe(201);
});

const list = (origin: string, its: Partial<Env> = env, headers: Record<string, string> = OWN_PAGE) =>
  call(`${origin}/api/v5/session/demo`, { headers, env: its });
const click = (
  demo_user_id: string,
  origin = HERE,
  its: Partial<Env> = env,
  headers: Record<string, string> = OWN_PAGE,
) => call(`${origin}/api/v5/session`, { method: 'POST', headers, body: { demo_user_id }, env: its });
const send = (cookie: { Cookie: string }, origin = HERE, its: Partial<Env> = env, site = OWN_PAGE) =>
  call(`${origin}/api/v5/session/demo/message`, { method: 'POST', headers: { ...site, ...cookie }, env: its });
const outcome = ({ status, json }: Answer) => [status, json];
const NOT_FOUND = [404, { detail: 'Not found.' }];

describe('the people of the demo', () => {
  it('are listed, without those who are deleted', async () => {
    for (const origin of [HERE, 'http://localhost:8787', 'http://[::1]:8787'])
      expect(outcome(await list(origin))).toEqual([
        200,
        {
          users: [
            { id: owner.user_id, name: 'Ada' },
            { id: agent.user_id, name: 'Ada' },
          ],
          is_complete: true,
        },
      ]);
  });

  it('are not complete until all are made, in a demo that is new', async () => {
    const its = (users: string[]) => ({
      DEMO_SIGN_IN: JSON.stringify({
        organization_id: org.organizationId,
        reply_webhook_url: HOOK,
        users: users.map((id) => ({ id, scopes: [] })),
        is_new: true,
      }),
    });
    const notMade = crypto.randomUUID();
    expect((await list(HERE, its([agent.user_id, notMade]))).json).toEqual({
      users: [{ id: agent.user_id, name: 'Ada' }],
      is_complete: false,
    });
    expect((await list(HERE, its([agent.user_id]))).json).toMatchObject({ is_complete: true });
  });

  it('sign in with a click, each with their scopes', async () => {
    for (const [person, scopes] of [
      [owner, ['settings', 'reports', 'users']],
      [agent, []],
    ] as const) {
      const answer = await click(person.user_id.toUpperCase());
      expect(outcome(answer)).toEqual([201, expect.objectContaining({ scopes, organization_id: org.organizationId })]);
      const session = await call(`${HERE}/api/v5/session`, { headers: { ...OWN_PAGE, ...cookieIn(answer) } });
      expect(session.json).toEqual(answer.json);
    }
    const [entry] = resultsOf(await admin(`/audit?organization_id=${org.organizationId}&action=createSession`));
    expect(entry).toMatchObject({
      actor: { type: 'user', id: agent.user_id, token_id: null },
      details: { fields: ['demo_user_id'] },
    });
  });

  it('are nobody where the hub has another address, or no demo', async () => {
    const elsewhere: [origin: string, env: Partial<Env>, clicked: number][] = [
      ['https://hub.example', env, 404],
      ['https://127.0.0.1.evil.example', env, 404],
      // Where there are no sessions at all; the second name may lead to this machine.
      ['http://hub.example', env, 403],
      ['http://127.0.0.1.evil.example:8787', env, 403],
      ['http://192.168.0.2:8787', env, 403],
      [HERE, {}, 404],
      [HERE, { DEMO_SIGN_IN: '' }, 404],
    ];
    for (const [origin, its, status] of elsewhere) {
      expect(outcome(await list(origin, its))).toEqual([200, { users: [], is_complete: true }]);
      const clicked = await click(agent.user_id, origin, its);
      expect([clicked.status, clicked.headers.has('Set-Cookie')]).toEqual([status, false]);
    }
    const strangers = { organization_id: (await enroll()).organization_id, reply_webhook_url: HOOK, users: [] };
    expect(outcome(await list(HERE, { DEMO_SIGN_IN: JSON.stringify(strangers) }))).toEqual([
      200,
      { users: [], is_complete: true },
    ]);
  });

  it('are no others than those of the setting', async () => {
    const stranger = await enroll();
    const colleague = await enroll({ organization_id: org.organizationId });
    const demo = JSON.parse(String(env.DEMO_SIGN_IN)) as { users: { id: string }[] };
    const deleted = demo.users[2]?.id ?? '';
    for (const id of [stranger.user_id, colleague.user_id, deleted, '', 'nonsense', "' OR 1=1 --"])
      expect(outcome(await click(id))).toEqual(NOT_FOUND);
    // A user of another organization, named by mistake.
    const wrong = { ...demo, users: [{ id: stranger.user_id, scopes: [] }] };
    expect(outcome(await click(stranger.user_id, HERE, { DEMO_SIGN_IN: JSON.stringify(wrong) }))).toEqual(NOT_FOUND);
  });

  it('are shown to pages of the hub alone', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' };
    const foreign = [403, { detail: 'Only a page of this hub may use a session.' }];
    expect(outcome(await list(HERE, env, headers))).toEqual(foreign);
    expect(outcome(await click(agent.user_id, HERE, env, headers))).toEqual(foreign);
    expect(outcome(await click(agent.user_id, HERE, env, { 'Sec-Fetch-Site': 'same-site' }))).toEqual(foreign);
  });
});

describe('a test message', () => {
  it('comes from a new customer, through the demo channel', async () => {
    const cookie = cookieIn(await click(agent.user_id));
    const [first, second] = [await send(cookie), await send(cookie)];
    expect([first.status, second.status, first.json]).toEqual([201, 201, { chat_id: UUID }]);
    expect(second.json['chat_id']).not.toBe(first.json['chat_id']);
    await eventually(async () => {
      const chats = resultsOf(await ask(agent, 'GET', `/users/${agent.user_id}/pending_chats`)).map(({ id }) => id);
      expect(chats).toEqual(expect.arrayContaining([first.json['chat_id'], second.json['chat_id']]));
    });
    const path = `/users/${agent.user_id}/routed_chats/${first.json['chat_id']}/messages`;
    expect(resultsOf(await ask(agent, 'GET', path))).toMatchObject([
      {
        sender_type: 'visitor',
        message: expect.any(String),
        external_sender_id: expect.stringMatching(/@example\.com$/),
      },
    ]);
  });

  it('is sent by nobody else, and nowhere else', async () => {
    const cookie = cookieIn(await click(agent.user_id));
    expect(outcome(await send(cookie, HERE, {}))).toEqual(NOT_FOUND);
    expect(outcome(await send(cookie, 'https://hub.example'))).toEqual(NOT_FOUND);
    expect((await send({ Cookie: 'umi_session=umi_wrong' })).status).toBe(401);
    expect((await send(cookie, HERE, env, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    const authorization = `Bearer ${agent.token}`;
    const path = `${HERE}/api/v5/session/demo/message`;
    expect((await call(path, { method: 'POST', headers: OWN_PAGE, authorization, env })).status).toBe(401);
    const stranger = await enroll();
    const body = { token: stranger.token };
    const other = cookieIn(await call(`${HERE}/api/v5/session`, { method: 'POST', headers: OWN_PAGE, body }));
    expect(outcome(await send(other))).toEqual(NOT_FOUND);
  });

  it('is 404 while the demo has no channel', async () => {
    const cookie = cookieIn(await click(agent.user_id));
    const demo = JSON.parse(String(env.DEMO_SIGN_IN)) as object;
    const its = { DEMO_SIGN_IN: JSON.stringify({ ...demo, reply_webhook_url: 'http://127.0.0.1:1/none' }) };
    expect(outcome(await send(cookie, HERE, its))).toEqual(NOT_FOUND);
  });
});
