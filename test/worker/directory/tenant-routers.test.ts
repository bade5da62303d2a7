import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { make, put, roomsOf } from '../../support/worker/operator.ts';
import { ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { type Answer, call, enroll, type Person } from '../../support/worker/requests.ts';

let owner: Person;
let partner: Person;
let routers: string;
let room: string;

beforeAll(async () => {
  owner = await enroll({ scopes: ['settings'] });
  partner = await enroll({ scopes: ['settings'] });
  routers = `/orgs/${owner.organization_id}/routers`;
});

beforeEach(async () => {
  room = await make(owner.organization_id, 'rooms', { name: 'Support' });
});

const outcome = ({ status, json }: Answer) => [status, json];

describe('a tenant with the scope settings', () => {
  it('creates, shows, lists, changes and deletes routers, which route at once', async () => {
    expect(await roomsOf(owner)).toContain(room);
    const created = await ask(owner, 'POST', routers, { name: 'Night', targets: [], room_ids: [room] });
    const router = {
      id: UUID,
      organization_id: owner.organization_id,
      name: 'Night',
      targets: [],
      room_ids: [room],
      created_at: TIME,
      updated_at: TIME,
    };
    expect(outcome(created)).toEqual([201, router]);
    expect(await roomsOf(owner)).not.toContain(room);
    const path = `${routers}/${created.json['id']}`;
    expect((await ask(owner, 'GET', path)).json).toEqual(created.json);
    expect(resultsOf(await ask(owner, 'GET', routers))).toContainEqual(created.json);
    const targets = [{ kind: 'user', id: owner.user_id }];
    const changed = await ask(owner, 'PATCH', path, { targets, name: 'Day' });
    const stored = [{ kind: 'user', id: owner.user_id, include_bots: false }];
    expect(outcome(changed)).toEqual([200, { ...router, name: 'Day', targets: stored }]);
    expect(await roomsOf(owner)).toContain(room);
    await ask(owner, 'PATCH', path, { targets: [] });
    expect((await ask(owner, 'DELETE', path)).status).toBe(204);
    expect(await roomsOf(owner)).toContain(room);
    for (const method of ['GET', 'DELETE', 'PATCH'] as const) {
      const answer = await ask(owner, method, path, method === 'PATCH' ? { name: 'x' } : undefined);
      expect(outcome(answer)).toEqual([404, { detail: 'Router not found.' }]);
    }
  });

  it('chooses no id', async () => {
    const id = crypto.randomUUID();
    const made = await ask(owner, 'POST', routers, { id, name: 'Night' });
    expect(outcome(made)).toEqual([201, expect.objectContaining({ id: expect.not.stringContaining(id) })]);
  });

  it('creates one router with one key', async () => {
    const request = {
      method: 'POST',
      authorization: `Bearer ${owner.token}`,
      headers: { 'Idempotency-Key': crypto.randomUUID() },
      body: { name: 'Once' },
    };
    const answers = [await call(`/api/v5${routers}`, request), await call(`/api/v5${routers}`, request)];
    expect(answers[1]?.json).toEqual(answers[0]?.json);
    const named = resultsOf(await ask(owner, 'GET', routers)).filter(({ name }) => name === 'Once');
    expect(named).toHaveLength(1);
  });

  it('is refused what the organization may not name, and what is not valid', async () => {
    const theirs = await make(partner.organization_id, 'rooms', { name: 'Theirs' });
    const targets = [{ kind: 'user', id: partner.user_id }, { kind: 'all' }];
    const body = { name: 'x', targets, room_ids: [theirs] };
    const fields = { targets: [{ id: ['Unknown user.'] }, {}], room_ids: [['Unknown room.']] };
    expect(outcome(await ask(owner, 'POST', routers, body))).toEqual([400, fields]);
    const router = await make(owner.organization_id, 'routers', { name: 'Own' });
    expect(outcome(await ask(owner, 'PATCH', `${routers}/${router}`, body))).toEqual([400, fields]);
    expect(outcome(await ask(owner, 'POST', routers, { targets: [{ kind: 'user' }] }))).toEqual([
      400,
      { name: ['This field is required.'], targets: [{ id: ['This field is required.'] }] },
    ]);
  });
});

describe('the question whom targets would reach', () => {
  const reach = (targets: Json[], room_ids?: string[], asker = owner) =>
    ask(asker, 'POST', `/orgs/${asker.organization_id}/routers/reach`, {
      targets,
      ...(room_ids === undefined ? {} : { room_ids }),
    });
  const counts = async (...asked: Parameters<typeof reach>) => {
    const { status, json } = await reach(...asked);
    return status === 200 ? [json['users'], json['bots']] : [status, json];
  };

  it('counts people and bots once, as routing reaches them', async () => {
    const { organization_id } = owner;
    const asker = await enroll({ scopes: ['settings'] });
    const [ada, bert] = [
      await make(asker.organization_id, 'users', { first_name: 'Ada' }),
      await make(asker.organization_id, 'users', { first_name: 'Bert' }),
    ];
    const bot = await make(asker.organization_id, 'users', { first_name: 'Bot', is_bot: true });
    const team = await make(asker.organization_id, 'teams', { name: 'Night' });
    for (const member of [ada, bot])
      await put(`/organizations/${asker.organization_id}/teams/${team}/members/${member}`);
    const all = { kind: 'all' };
    const user = (id: string) => ({ kind: 'user', id });
    const of = (...targets: Json[]) => counts(targets, undefined, asker);
    expect(await of()).toEqual([0, 0]);
    expect(await of(all)).toEqual([3, 0]);
    expect(await of({ ...all, include_bots: true })).toEqual([3, 1]);
    expect(await of({ kind: 'team', id: team })).toEqual([1, 1]);
    expect(await of({ kind: 'team', id: team }, user(ada), user(ada), user(bert))).toEqual([2, 1]);
    expect(await of(all, user(bot))).toEqual([3, 1]);
    // Nobody of others, whether they exist or not.
    expect(
      await of(user(owner.user_id), user(crypto.randomUUID()), { kind: 'organization', id: organization_id }),
    ).toEqual([0, 0]);
  });

  it('counts partners while a room is shared with them, and their teams while these are shared', async () => {
    const { organization_id } = partner;
    const team = await make(organization_id, 'teams', { name: 'Theirs' });
    await put(`/organizations/${organization_id}/teams/${team}/members/${partner.user_id}`);
    const [everybody, theirTeam] = [
      { kind: 'organization', id: organization_id },
      { kind: 'team', id: team },
    ];
    expect(await counts([everybody, theirTeam], [room])).toEqual([0, 0]);
    await put(`/organizations/${owner.organization_id}/rooms/${room}/shares/${organization_id}`);
    expect(await counts([everybody], [room])).toEqual([1, 0]);
    expect(await counts([everybody])).toEqual([0, 0]);
    // No router may name them by their id, so the question does not say whether they exist.
    expect(await counts([{ kind: 'user', id: partner.user_id }], [room])).toEqual([0, 0]);
    expect(await counts([theirTeam], [room])).toEqual([0, 0]);
    await put(`/organizations/${organization_id}/teams/${team}/shares/${owner.organization_id}`);
    expect(await counts([theirTeam], [room])).toEqual([1, 0]);
    expect(await counts([theirTeam, everybody], [room])).toEqual([1, 0]);
    expect(await counts([{ kind: 'all' }], [room], partner)).toEqual([1, 0]);
  });

  it('is refused without targets, and with ones of no form', async () => {
    const path = `${routers}/reach`;
    expect(outcome(await ask(owner, 'POST', path, {}))).toEqual([400, { targets: ['This field is required.'] }]);
    expect(outcome(await reach([{ kind: 'team' }]))).toEqual([400, { targets: [{ id: ['This field is required.'] }] }]);
  });
});
