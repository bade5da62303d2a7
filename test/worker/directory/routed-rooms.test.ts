import { beforeEach, describe, expect, it } from 'vitest';
import { readRoutedRooms } from '../../../src/directory/read-routed-rooms.ts';
import { deleteRoom, findRoomInSet, listReachedRooms } from '../../../src/directory/rooms.ts';
import type { HistoryOptions } from '../../../src/directory/routed-rooms.ts';
import { deleteRouter, type RouterTarget, updateRouter } from '../../../src/directory/routers.ts';
import { endShare } from '../../../src/directory/shares.ts';
import { deleteTeamMember } from '../../../src/directory/team-members.ts';
import { deleteTeam } from '../../../src/directory/teams.ts';
import {
  AT,
  cost,
  database,
  databases,
  newOrganization,
  newRoom,
  newRouter,
  newTeam,
  newUser,
  page,
  reachOfOrganization,
  reachOfUser,
  share,
} from '../../support/worker/directory-rows.ts';

const ALL: RouterTarget = { kind: 'all', id: null, include_bots: false };
const user = (id: string): RouterTarget => ({ kind: 'user', id, include_bots: false });
const team = (id: string): RouterTarget => ({ kind: 'team', id, include_bots: false });
const organization = (id: string): RouterTarget => ({ kind: 'organization', id, include_bots: false });
const withBots = (target: RouterTarget): RouterTarget => ({ ...target, include_bots: true });

/** The owner of the rooms and a partner, each with a user. */
let owner: string;
let partner: string;
let colleague: string;
let agent: string;
let room: string;

beforeEach(async () => {
  owner = await newOrganization();
  partner = await newOrganization();
  colleague = await newUser(owner);
  agent = await newUser(partner);
  room = await newRoom(owner);
});

const EVERYTHING: HistoryOptions = { includesPrivateHistory: true };
const reachOfColleague = () => reachOfUser(databases, owner, colleague, EVERYTHING);
const reachOfAgent = (options = EVERYTHING) => reachOfUser(databases, partner, agent, options);
const wholeOrganization = (id: string, room_ids: string[] = []) => ({ organization_id: id, room_ids });

const teamsOf = async (id: string) => (await readRoutedRooms(databases, owner)).teamsOf(id);

const nothing = { organization_id: null, room_ids: [] };

describe('the rooms routed to a user in their own organization', () => {
  it('are all its rooms, including future ones, while no router excludes the user', async () => {
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
    await newRoom(owner);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
    expect(await reachOfUser(databases, owner, await newUser(owner), EVERYTHING)).toEqual(wholeOrganization(owner));
  });

  it('are read for all users at once, by one call of each database', async () => {
    const colleagues = await Promise.all(Array.from({ length: 20 }, () => newUser(owner)));
    const night = await newTeam(owner, ...colleagues.slice(0, 10));
    await newRouter(owner, [room], [team(night)]);
    const before = cost.d1.trips;
    const reaches = await readRoutedRooms(databases, owner);
    const reached = colleagues.map((id) => reaches.ofUser({ id, is_bot: false }, EVERYTHING));
    expect(cost.d1.trips - before).toBe(2);
    expect(reached.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => wholeOrganization(owner)));
    expect(reached.slice(10)).toEqual(Array.from({ length: 10 }, () => nothing));
    // Users of the same teams share one result.
    expect(new Set(reached).size).toBe(2);
  });

  it.each([
    ['all', () => ALL],
    ['the user', () => user(colleague)],
  ])('are all its rooms when the routers name %s', async (_, target) => {
    await newRouter(owner, [room], [target()]);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
  });

  it('are routed by a team', async () => {
    const night = await newTeam(owner, colleague);
    await newRouter(owner, [room], [team(night)]);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
    expect(await teamsOf(colleague)).toEqual([night]);
    await deleteTeamMember(database, owner, night, colleague);
    expect(await reachOfColleague()).toEqual(nothing);
    expect(await teamsOf(colleague)).toEqual([]);
  });

  it('are named one by one when a router excludes the user from others', async () => {
    const other = await newUser(owner);
    const open = await newRoom(owner);
    await newRouter(owner, [room], [user(other), team(await newTeam(owner, other))]);
    expect(await reachOfColleague()).toEqual({ organization_id: null, room_ids: [open] });
    expect(await reachOfUser(databases, owner, other, EVERYTHING)).toEqual(wholeOrganization(owner));
  });

  it('are routed by any of a room’s routers, until the last is deleted', async () => {
    const other = await newUser(owner);
    const first = await newRouter(owner, [room], [user(other)]);
    const second = await newRouter(owner, [room], [user(colleague)]);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
    await deleteRouter(database, owner, second);
    expect(await reachOfColleague()).toEqual(nothing);
    await deleteRouter(database, owner, first);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
  });

  it('do not include those of a router without targets, and follow its changes', async () => {
    const router = await newRouter(owner, [room], []);
    expect(await reachOfColleague()).toEqual(nothing);
    await updateRouter(database, owner, router, { targets: [organization(partner), ALL] }, AT);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
    await updateRouter(database, owner, router, { targets: [organization(partner)] }, AT);
    expect(await reachOfColleague()).toEqual(nothing);
    await updateRouter(database, owner, router, { room_ids: [] }, AT);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
  });

  it('are not routed by a deleted team', async () => {
    const night = await newTeam(owner, colleague);
    await newRouter(owner, [room], [team(night)]);
    await deleteTeam(database, owner, night, AT);
    expect(await reachOfColleague()).toEqual(nothing);
    expect(await teamsOf(colleague)).toEqual([]);
    await newRouter(owner, [room], [user(colleague)]);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
  });

  it('include deleted rooms', async () => {
    await newRouter(owner, [room], [user(colleague)]);
    const closed = await newRoom(owner);
    await newRouter(owner, [closed], []);
    await deleteRoom(database, owner, room, AT);
    expect(await reachOfColleague()).toEqual({ organization_id: null, room_ids: [room] });
  });
});

describe('the rooms routed to a bot', () => {
  let bot: string;

  beforeEach(async () => {
    bot = await newUser(owner, 'Bot', 1);
  });

  const reachOfBot = () => reachOfUser(databases, owner, bot, EVERYTHING, true);

  it('do not include a room without a router, or one whose router names nobody', async () => {
    expect(await reachOfBot()).toEqual(nothing);
    await newRouter(owner, [room], [ALL]);
    expect(await reachOfBot()).toEqual(nothing);
    expect(await reachOfColleague()).toEqual(wholeOrganization(owner));
  });

  it.each([
    ['the bot', () => user(bot)],
    ['all, with bots', () => withBots(ALL)],
  ])('are those of a router that names %s', async (_, target) => {
    await newRoom(owner);
    await newRouter(owner, [room], [target()]);
    expect(await reachOfBot()).toEqual({ organization_id: null, room_ids: [room] });
  });

  it('are those of a router that names a team of the bot', async () => {
    await newRouter(owner, [room], [team(await newTeam(owner, bot))]);
    expect(await reachOfBot()).toEqual({ organization_id: null, room_ids: [room] });
  });

  it('include a partner’s room only when the target includes the partner’s bots', async () => {
    await share('room', owner, room, partner);
    const foreign = await newUser(partner, 'Bot', 1);
    const reachOfForeign = () => reachOfUser(databases, partner, foreign, EVERYTHING, true);
    const router = await newRouter(owner, [room], [organization(partner)]);
    expect(await reachOfForeign()).toEqual(nothing);
    expect(await reachOfAgent()).toEqual({ organization_id: partner, room_ids: [room] });
    await updateRouter(database, owner, router, { targets: [withBots(organization(partner))] }, AT);
    expect(await reachOfForeign()).toEqual({ organization_id: null, room_ids: [room] });
    expect(await reachOfAgent()).toEqual({ organization_id: partner, room_ids: [room] });
  });
});

describe('the rooms routed to a partner’s user', () => {
  it.each([
    ['no router', () => null],
    ['a router that names all users', () => ALL],
    ['a router that names others', () => user(colleague)],
  ])('do not include a shared room with %s', async (_, target) => {
    await share('room', owner, room, partner);
    const named = target();
    if (named !== null) await newRouter(owner, [room], [named]);
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner));
  });

  it('are routed by their organization while the room is shared', async () => {
    await newRouter(owner, [room], [organization(partner)]);
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner));
    await share('room', owner, room, partner);
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner, [room]));
    const stranger = await newOrganization();
    expect(await reachOfUser(databases, stranger, await newUser(stranger), EVERYTHING)).toEqual(
      wholeOrganization(stranger),
    );
    await endShare(databases, { kind: 'room', id: room, owner_id: owner, partner_id: partner }, { now: AT });
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner));
  });

  it('are routed by a team while both the room and the team are shared', async () => {
    const theirs = await newTeam(partner, agent);
    await newRouter(owner, [room], [team(theirs)]);
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner));
    await share('room', owner, room, partner);
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner));
    await share('team', partner, theirs, owner);
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner, [room]));
    expect(await reachOfUser(databases, partner, await newUser(partner), EVERYTHING)).toEqual(
      wholeOrganization(partner),
    );
    await endShare(databases, { kind: 'team', id: theirs, owner_id: partner, partner_id: owner }, { now: AT });
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner));
  });

  it('are routed to the user by name', async () => {
    await share('room', owner, room, partner);
    await newRouter(owner, [room], [user(agent)]);
    expect(await reachOfAgent()).toEqual(wholeOrganization(partner, [room]));
    expect(await reachOfColleague()).toEqual(nothing);
  });

  it('exclude owners with private history on request', async () => {
    const secretive = await newOrganization({ private_chat_history: 1 });
    const secret = await newRoom(secretive);
    for (const [organizationId, id] of [
      [owner, room],
      [secretive, secret],
    ] as const) {
      await share('room', organizationId, id, partner);
      await newRouter(organizationId, [id], [organization(partner)]);
    }
    expect((await reachOfAgent()).room_ids.toSorted()).toEqual([room, secret].toSorted());
    expect((await reachOfAgent({ includesPrivateHistory: false })).room_ids).toEqual([room]);
  });
});

describe('the rooms routed to an organization', () => {
  const reach = (id: string, includesPrivateHistory = true) =>
    reachOfOrganization(databases, id, { includesPrivateHistory });

  it('are its own rooms and those shared with it, whatever their routers', async () => {
    expect(await reach(partner)).toEqual(wholeOrganization(partner));
    await share('room', owner, room, partner);
    await newRouter(owner, [room], []);
    expect(await reach(partner)).toEqual(wholeOrganization(partner, [room]));
    expect(await reach(owner)).toEqual(wholeOrganization(owner));
    await endShare(databases, { kind: 'room', id: room, owner_id: owner, partner_id: partner }, { now: AT });
    expect(await reach(partner)).toEqual(wholeOrganization(partner));
  });

  it('exclude owners with private history on request', async () => {
    const secretive = await newOrganization({ private_chat_history: 1 });
    const secret = await newRoom(secretive);
    await share('room', owner, room, partner);
    await share('room', secretive, secret, partner);
    expect((await reach(partner)).room_ids.toSorted()).toEqual([room, secret].toSorted());
    expect((await reach(partner, false)).room_ids).toEqual([room]);
    expect(await reach(secretive, false)).toEqual(wholeOrganization(secretive));
  });
});

describe('the rooms of a room set', () => {
  it('are found and listed by id, without deleted ones', async () => {
    const shared = await newRoom(await newOrganization());
    const others = [await newRoom(owner), await newRoom(owner)];
    const reach = wholeOrganization(owner, [shared, room]);
    const all = [room, shared, ...others].toSorted();
    const listed = async (limit: number, key: string[] | null, direction: 'next' | 'previous' = 'next') =>
      (await listReachedRooms(database, reach, page(limit, key, direction))).map(({ id }) => id);
    expect(await listed(9, null)).toEqual(all);
    expect(await listed(2, null)).toEqual(all.slice(0, 2));
    expect(await listed(9, [all[1] ?? ''])).toEqual(all.slice(2));
    expect(await listed(9, [all[2] ?? ''], 'previous')).toEqual(all.slice(0, 2).toReversed());
    expect(await listReachedRooms(database, nothing, page(9))).toEqual([]);
    expect(await findRoomInSet(database, reach, shared)).toMatchObject({ id: shared });
    expect(await findRoomInSet(database, reach, room)).toMatchObject({ id: room, visitor_chat_idle_ttl: 3600 });
    expect(await findRoomInSet(database, wholeOrganization(partner), room)).toBeNull();
    expect(await findRoomInSet(database, nothing, room)).toBeNull();
    await deleteRoom(database, owner, room, AT);
    expect(await findRoomInSet(database, reach, room)).toBeNull();
    expect(await listed(9, null)).toEqual(all.filter((id) => id !== room));
  });
});
