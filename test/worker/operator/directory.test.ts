import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { make, patch, post, put, remove, roomsOf } from '../../support/worker/operator.ts';
import { resultsOf, TIME } from '../../support/worker/organization.ts';
import { ADMIN_TOKEN, admin, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

let mine: Person;
let partner: Person;
let root: string;
let room: string;

beforeAll(async () => {
  mine = await enroll();
  partner = await enroll();
});

beforeEach(async () => {
  root = `/organizations/${mine.organization_id}`;
  room = await make(mine.organization_id, 'rooms', { name: 'Support' });
});

describe('the operator works with teams', () => {
  it('creates, shows, lists, changes and deletes them', async () => {
    const created = await post(`${root}/teams`, { name: 'Night' });
    expect([created.status, created.json]).toEqual([
      201,
      {
        id: expect.any(String),
        organization_id: mine.organization_id,
        organization: { id: mine.organization_id, name: expect.any(String) },
        name: 'Night',
        display_name: 'Night',
        member_count: 0,
        present_member_count: 0,
        is_online: false,
        is_humans_online: false,
        is_present: false,
        is_connected_to_room: false,
        group_chat_id: null,
        created_by_user_id: null,
        created_by_user: null,
        updated_by_user_id: null,
        updated_by_user: null,
        is_deleted: false,
        deleted_at: null,
        created_at: TIME,
        updated_at: TIME,
      },
    ]);
    const path = `${root}/teams/${created.json['id']}`;
    expect((await patch(path, { display_name: 'Night shift' })).json).toMatchObject({
      name: 'Night',
      display_name: 'Night shift',
    });
    expect((await admin(path)).json).toMatchObject({ display_name: 'Night shift' });
    expect(resultsOf(await admin(`${root}/teams`)).map(({ id }) => id)).toContain(created.json['id']);
    expect((await post(`${root}/teams`, { id: created.json['id'], name: 'x' })).status).toBe(409);
    expect((await post(`${root}/teams`, { name: ' ' })).json).toEqual({ name: ['This field may not be blank.'] });
    expect((await remove(path)).status).toBe(204);
    for (const answer of [
      await admin(path),
      await remove(path),
      await patch(path, {}),
      await admin(`${path}/members`),
    ]) {
      expect(answer.status).toBe(404);
    }
  });

  it('adds and removes users, and their reach follows', async () => {
    const team = await make(mine.organization_id, 'teams', { name: 'Night' });
    await make(mine.organization_id, 'routers', { name: 'x', targets: [{ kind: 'team', id: team }], room_ids: [room] });
    const member = `${root}/teams/${team}/members/${mine.user_id}`;
    expect(await roomsOf(mine)).not.toContain(room);
    const added = await put(member);
    expect([added.status, added.json]).toEqual([
      201,
      {
        team_id: team,
        user_id: mine.user_id,
        user: expect.objectContaining({ id: mine.user_id, organization_id: mine.organization_id }),
        created_at: TIME,
      },
    ]);
    expect(await roomsOf(mine)).toContain(room);
    const again = await put(member);
    expect([again.status, again.json]).toEqual([200, added.json]);
    expect(resultsOf(await admin(`${root}/teams/${team}/members`))).toEqual([added.json]);
    expect((await remove(member)).status).toBe(204);
    expect(await roomsOf(mine)).not.toContain(room);
    expect((await remove(member)).status).toBe(404);
    await put(member);
    await remove(`${root}/teams/${team}`);
    expect(await roomsOf(mine)).not.toContain(room);
  });

  it('is refused users and teams of other organizations: 404', async () => {
    const team = await make(mine.organization_id, 'teams', { name: 'Night' });
    for (const path of [
      `${root}/teams/${team}/members/${partner.user_id}`,
      `${root}/teams/${UNKNOWN}/members/${mine.user_id}`,
      `/organizations/${partner.organization_id}/teams/${team}/members/${partner.user_id}`,
      `/organizations/${partner.organization_id}/teams/${team}/members/${mine.user_id}`,
      `${root}/teams/${team}/members/nonsense`,
    ]) {
      expect((await put(path)).status).toBe(404);
      expect((await remove(path)).status).toBe(404);
    }
    expect(resultsOf(await admin(`${root}/teams/${team}/members`))).toEqual([]);
  });
});

describe('the operator works with shares', () => {
  it.each(['rooms', 'teams'] as const)('of %s: creates, lists and ends them', async (kind) => {
    const path = `${root}/${kind}/${await make(mine.organization_id, kind, { name: 'Shared' })}/shares`;
    const shared = await put(`${path}/${partner.organization_id}`);
    const { organization_id } = partner;
    const share = { organization_id, organization: { id: organization_id, name: 'Harbour' }, status: 'shared' };
    expect([shared.status, shared.json]).toEqual([201, { ...share, created_at: TIME }]);
    const again = await put(`${path}/${partner.organization_id}`);
    expect([again.status, again.json]).toEqual([200, shared.json]);
    expect((await admin(path)).json).toEqual({ next: null, previous: null, results: [shared.json] });
    expect((await remove(`${path}/${partner.organization_id}`)).status).toBe(204);
    expect((await remove(`${path}/${partner.organization_id}`)).status).toBe(404);
    expect(resultsOf(await admin(path))).toEqual([]);
  });

  it('changes the reach of a room at once', async () => {
    const targets = [{ kind: 'organization', id: partner.organization_id }];
    await make(mine.organization_id, 'routers', { name: 'x', targets, room_ids: [room] });
    expect(await roomsOf(partner)).not.toContain(room);
    await put(`${root}/rooms/${room}/shares/${partner.organization_id}`);
    expect(await roomsOf(partner)).toContain(room);
    await remove(`${root}/rooms/${room}/shares/${partner.organization_id}`);
    expect(await roomsOf(partner)).not.toContain(room);
  });

  it('of a deleted room: lists and ends them, because partners still see its chats', async () => {
    const path = `${root}/rooms/${room}/shares`;
    await put(`${path}/${partner.organization_id}`);
    await remove(`${root}/rooms/${room}`);
    expect((await put(`${path}/${mine.organization_id}`)).status).toBe(409);
    expect(resultsOf(await admin(path)).map(({ organization_id }) => organization_id)).toEqual([
      partner.organization_id,
    ]);
    expect((await remove(`${path}/${partner.organization_id}`)).status).toBe(204);
    expect(resultsOf(await admin(path))).toEqual([]);
    expect((await put(`${path}/${partner.organization_id}`)).status).toBe(404);
  });

  it.each(['rooms', 'teams'] as const)('of %s: is refused invalid shares', async (kind) => {
    const id = await make(mine.organization_id, kind, { name: 'Shared' });
    const path = `${root}/${kind}/${id}/shares`;
    expect((await put(`${path}/${mine.organization_id}`)).status).toBe(409);
    const far = String((await post('/organizations', { name: 'Far' })).json['id']);
    await testEnv.DB.prepare("UPDATE organizations SET database = 'DB2' WHERE id = ?").bind(far).run();
    const refused = await put(`${path}/${far}`);
    expect([refused.status, refused.json]).toEqual([409, { detail: expect.stringContaining('databases') }]);
    for (const unknown of [
      `${path}/${UNKNOWN}`,
      `${root}/${kind}/${UNKNOWN}/shares/${partner.organization_id}`,
      `/organizations/${partner.organization_id}/${kind}/${id}/shares/${mine.organization_id}`,
      `/organizations/${UNKNOWN}/${kind}/${id}/shares/${partner.organization_id}`,
      `${path}/nonsense`,
    ]) {
      expect((await put(unknown)).status).toBe(404);
      expect((await remove(unknown)).status).toBe(404);
    }
    expect((await admin(`${root}/${kind}/${UNKNOWN}/shares`)).status).toBe(404);
    expect((await admin(`${path}?cursor=x`)).status).toBe(400);
    expect(resultsOf(await admin(path))).toEqual([]);
  });
});

describe('the operator works with allowed tags', () => {
  it('adds, lists by name and removes them', async () => {
    const path = `${root}/rooms/${room}/allowed_tags`;
    const created = await post(path, { name: 'Premium / gold' });
    expect([created.status, created.json]).toEqual([
      201,
      { name: 'Premium / gold', created_at: TIME, hashed_name: expect.stringMatching(/^[0-9a-f]{40}$/), room_id: room },
    ]);
    const again = await post(path, { name: 'Premium / gold' });
    expect([again.status, again.json]).toEqual([200, created.json]);
    await post(path, { name: 'Lead' });
    expect(resultsOf(await admin(path)).map(({ name }) => name)).toEqual(['Lead', 'Premium / gold']);
    expect((await remove(`${path}/${encodeURIComponent('Premium / gold')}`)).status).toBe(204);
    expect((await remove(`${path}/${encodeURIComponent('Premium / gold')}`)).status).toBe(404);
    expect(resultsOf(await admin(path)).map(({ name }) => name)).toEqual(['Lead']);
  });

  it.each(['.', '..'])('is refused the name “%s”, because its path would be that of the room', async (name) => {
    const refused = await post(`${root}/rooms/${room}/allowed_tags`, { name });
    expect([refused.status, refused.json]).toEqual([400, { name: ['This name cannot be part of a URL.'] }]);
    const manager = await enroll({ organization_id: mine.organization_id, scopes: ['settings'] });
    const path = `/api/v5/orgs/${mine.organization_id}/rooms/${room}/allowed_tags`;
    const request = { method: 'POST', authorization: `Bearer ${manager.token}`, body: { name } };
    expect((await call(path, request)).status).toBe(400);
  });

  it('is refused blank names and rooms of others', async () => {
    expect((await post(`${root}/rooms/${room}/allowed_tags`, { name: '' })).json).toEqual({
      name: ['This field may not be blank.'],
    });
    await post(`${root}/rooms/${room}/allowed_tags`, { name: 'Lead' });
    for (const path of [
      `/organizations/${partner.organization_id}/rooms/${room}/allowed_tags`,
      `${root}/rooms/${UNKNOWN}/allowed_tags`,
      `/organizations/${UNKNOWN}/rooms/${room}/allowed_tags`,
    ]) {
      expect((await admin(path)).status).toBe(404);
      expect((await post(path, { name: 'x' })).status).toBe(404);
      expect((await remove(`${path}/Lead`)).status).toBe(404);
    }
  });
});

describe('the routes of the directory are safe', () => {
  it('accept only the operator’s secret', async () => {
    const paths = [
      'routers',
      'teams',
      `teams/${UNKNOWN}/members`,
      `rooms/${room}/shares`,
      `rooms/${room}/allowed_tags`,
    ];
    for (const path of paths.map((one) => `/admin/v1${root}/${one}`)) {
      for (const authorization of [undefined, `Bearer ${mine.token}`, `Bearer ${ADMIN_TOKEN}x`]) {
        expect((await call(path, authorization === undefined ? {} : { authorization })).status).toBe(401);
      }
    }
  });

  it('reach no router or team through the path of another organization', async () => {
    const router = await make(mine.organization_id, 'routers', {
      name: 'Own',
      targets: [{ kind: 'all' }],
      room_ids: [room],
    });
    const team = await make(mine.organization_id, 'teams', { name: 'Own' });
    const before = (await admin(`${root}/routers/${router}`)).json;
    for (const path of [`routers/${router}`, `teams/${team}`]) {
      const foreign = `/organizations/${partner.organization_id}/${path}`;
      expect((await admin(foreign)).status).toBe(404);
      expect((await patch(foreign, { name: 'Stolen', targets: [], room_ids: [] })).status).toBe(404);
      expect((await remove(foreign)).status).toBe(404);
    }
    expect((await admin(`${root}/routers/${router}`)).json).toEqual(before);
    expect((await admin(`${root}/teams/${team}`)).json).toMatchObject({ name: 'Own' });
    for (const path of [`/organizations/${UNKNOWN}/routers`, `/organizations/${UNKNOWN}/teams`]) {
      expect((await admin(path)).status).toBe(404);
      expect((await post(path, { name: 'x' })).status).toBe(404);
    }
  });
});
