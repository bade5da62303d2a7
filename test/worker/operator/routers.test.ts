import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { make, patch, post, put, remove, roomsOf } from '../../support/worker/operator.ts';
import { resultsOf, TIME } from '../../support/worker/organization.ts';
import { admin, enroll, type Person } from '../../support/worker/requests.ts';

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

describe('the operator works with routers', () => {
  it('creates, shows, lists, changes and deletes them', async () => {
    const team = await make(mine.organization_id, 'teams', { name: 'Night' });
    const targets = [
      // A named user counts whatever is said of bots.
      { kind: 'user', id: mine.user_id.toUpperCase(), include_bots: true },
      { kind: 'team', id: team },
      { kind: 'organization', id: partner.organization_id, include_bots: true },
      { kind: 'all' },
    ];
    const created = await post(`${root}/routers`, { name: 'Day', targets, room_ids: [room, room] });
    expect([created.status, created.json]).toEqual([
      201,
      {
        id: expect.any(String),
        organization_id: mine.organization_id,
        name: 'Day',
        targets: [
          { kind: 'user', id: mine.user_id, include_bots: false },
          { kind: 'team', id: team, include_bots: false },
          { kind: 'organization', id: partner.organization_id, include_bots: true },
          { kind: 'all', id: null, include_bots: false },
        ],
        room_ids: [room],
        created_at: TIME,
        updated_at: TIME,
      },
    ]);
    const path = `${root}/routers/${created.json['id']}`;
    expect((await admin(path)).json).toEqual(created.json);
    expect(resultsOf(await admin(`${root}/routers`))).toContainEqual(created.json);
    const renamed = await patch(path, { name: 'Late', targets: [] });
    expect(renamed.json).toMatchObject({ name: 'Late', targets: [], room_ids: [room] });
    expect((await patch(path, { room_ids: [] })).json).toMatchObject({ name: 'Late', room_ids: [] });
    expect((await remove(path)).status).toBe(204);
    for (const answer of [await admin(path), await remove(path), await patch(path, { name: 'x' })]) {
      expect(answer.status).toBe(404);
    }
  });

  it('changes the reach of a room at once', async () => {
    expect(await roomsOf(mine)).toContain(room);
    const router = await make(mine.organization_id, 'routers', { name: 'None', room_ids: [room] });
    expect(await roomsOf(mine)).not.toContain(room);
    await patch(`${root}/routers/${router}`, { targets: [{ kind: 'user', id: mine.user_id }] });
    expect(await roomsOf(mine)).toContain(room);
    await patch(`${root}/routers/${router}`, { targets: [] });
    await remove(`${root}/routers/${router}`);
    expect(await roomsOf(mine)).toContain(room);
  });

  it('may name deleted rooms, because a room without a router is open to every user', async () => {
    const body = { name: 'HR', targets: [{ kind: 'user', id: mine.user_id }], room_ids: [room] };
    const router = `${root}/routers/${await make(mine.organization_id, 'routers', body)}`;
    await remove(`${root}/rooms/${room}`);
    const { name, targets, room_ids } = (await admin(router)).json;
    expect(room_ids).toEqual([room]);
    const saved = await patch(router, { name, targets, room_ids });
    expect([saved.status, saved.json]).toEqual([200, expect.objectContaining({ room_ids: [room] })]);
    const moved = await post(`${root}/routers`, body);
    expect([moved.status, moved.json]).toEqual([201, expect.objectContaining({ room_ids: [room] })]);
  });

  it('is refused targets and rooms that the organization may not name, nested like the payload', async () => {
    const foreignTeam = await make(partner.organization_id, 'teams', { name: 'Theirs' });
    const foreignRoom = await make(partner.organization_id, 'rooms', { name: 'Theirs' });
    const targets = [
      { kind: 'all' },
      { kind: 'user', id: partner.user_id },
      { kind: 'team', id: foreignTeam },
      { kind: 'organization', id: UNKNOWN },
      { kind: 'organization', id: mine.organization_id },
      { kind: 'user', id: mine.user_id },
    ];
    const fields = {
      targets: [
        {},
        { id: ['Unknown user.'] },
        { id: ['Unknown team.'] },
        { id: ['Unknown partner organization.'] },
        { id: ['Unknown partner organization.'] },
        {},
      ],
      room_ids: [{}, ['Unknown room.'], ['Unknown room.']],
    };
    const body = { name: 'x', targets, room_ids: [room, foreignRoom, UNKNOWN] };
    const refused = await post(`${root}/routers`, body);
    expect([refused.status, refused.json]).toEqual([400, fields]);
    const router = await make(mine.organization_id, 'routers', { name: 'Own' });
    expect((await patch(`${root}/routers/${router}`, body)).json).toEqual(fields);
    expect((await admin(`${root}/routers/${router}`)).json).toMatchObject({ name: 'Own', targets: [], room_ids: [] });
    await put(`/organizations/${partner.organization_id}/teams/${foreignTeam}/shares/${mine.organization_id}`);
    const shared = { targets: [{ kind: 'team', id: foreignTeam }] };
    expect((await patch(`${root}/routers/${router}`, shared)).status).toBe(200);
    const gone = await make(mine.organization_id, 'users', { first_name: 'Gone' });
    await remove(`${root}/users/${gone}`);
    expect((await patch(`${root}/routers/${router}`, { targets: [{ kind: 'user', id: gone }] })).json).toEqual({
      targets: [{ id: ['Unknown user.'] }],
    });
  });

  it('is refused invalid values', async () => {
    const refused = await post(`${root}/routers`, {
      targets: [{ kind: 'everybody' }, { kind: 'user' }, { kind: 'team', id: 'x' }, { kind: 'all' }],
      room_ids: ['x'],
    });
    expect([refused.status, refused.json]).toEqual([
      400,
      {
        name: ['This field is required.'],
        targets: [
          { kind: ['"everybody" is not a valid choice.'] },
          { id: ['This field is required.'] },
          { id: ['Must be a valid UUID.'] },
          {},
        ],
        room_ids: [['Must be a valid UUID.']],
      },
    ]);
  });

  it('cannot replace a router by using its id again', async () => {
    const id = await make(mine.organization_id, 'routers', {
      name: 'First',
      targets: [{ kind: 'all' }],
      room_ids: [room],
    });
    const before = (await admin(`${root}/routers/${id}`)).json;
    const again = { id, name: 'Second', targets: [{ kind: 'all' }, { kind: 'all' }], room_ids: [room] };
    expect((await post(`${root}/routers`, again)).status).toBe(409);
    const elsewhere = { ...again, room_ids: [] };
    expect((await post(`/organizations/${partner.organization_id}/routers`, elsewhere)).status).toBe(409);
    expect((await admin(`${root}/routers/${id}`)).json).toEqual(before);
  });
});
