import { beforeEach, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import type { Database } from '../../../src/db/database.ts';
import { viewOrganization } from '../../../src/directory/organizations.ts';
import type { DirectoryDatabases } from '../../../src/directory/read-routed-rooms.ts';
import { viewRooms } from '../../../src/directory/room-views.ts';
import { deleteRoom, findRoom, listRooms, updateRoom } from '../../../src/directory/rooms.ts';
import { type RouterTarget, updateRouter } from '../../../src/directory/routers.ts';
import { viewTeams } from '../../../src/directory/team-views.ts';
import { deleteTeam, findInvitee, findTeam, listTeams } from '../../../src/directory/teams.ts';
import { deleteUser, findUsers, listUsers, updateUser } from '../../../src/directory/users.ts';
import {
  AT,
  bePresent,
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
import { type FirstDatabase, firstDatabase } from '../../support/worker/first-database.ts';

const NOW = AT + 60_000;
const LATER = NOW + 1;
const OFFLINE = [false, false];
const BOT_ONLINE = [true, false];
const HUMAN_ONLINE = [true, true];

let owner: string;
let partner: string;
let room: string;

beforeEach(async () => {
  owner = await newOrganization();
  partner = await newOrganization();
  room = await newRoom(owner);
});

/** A user who is present until just after NOW. */
async function presentUser(organizationId: string, is_bot: 0 | 1 = 0): Promise<string> {
  const id = await newUser(organizationId, 'Ada', is_bot);
  await bePresent(id, LATER);
  return id;
}

const viewRoom = async (id = room, organizationId = owner) => {
  const row = await findRoom(database, organizationId, id);
  return (await viewRooms(databases, row === null ? [] : [row], NOW))[0];
};
const whoIsReached = async () => {
  const view = await viewRoom();
  return [view?.reaches_online, view?.reaches_humans_online];
};
const target = (kind: RouterTarget['kind'], id: string | null = null, include_bots = false): RouterTarget => ({
  kind,
  id,
  include_bots,
});

describe('a room’s view', () => {
  it('counts all people of the organization without a router, and with a router that names all users', async () => {
    await presentUser(partner);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await presentUser(owner, 1);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await presentUser(owner);
    expect(await whoIsReached()).toEqual(HUMAN_ONLINE);
    await newRouter(owner, [room], []);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await newRouter(owner, [room], [target('all')]);
    expect(await whoIsReached()).toEqual(HUMAN_ONLINE);
  });

  it('counts bots of all users, or of all of a partner, only when the target includes them', async () => {
    await presentUser(owner, 1);
    const router = await newRouter(owner, [room], [target('all')]);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await updateRouter(database, owner, router, { targets: [target('all', null, true)] }, AT);
    expect(await whoIsReached()).toEqual(BOT_ONLINE);

    await presentUser(partner, 1);
    await share('room', owner, room, partner);
    await updateRouter(database, owner, router, { targets: [target('organization', partner)] }, AT);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await updateRouter(database, owner, router, { targets: [target('organization', partner, true)] }, AT);
    expect(await whoIsReached()).toEqual(BOT_ONLINE);
  });

  it('counts only users who are present, willing to be shown and not deleted', async () => {
    const id = await newUser(owner);
    await newRouter(owner, [room], [target('user', id)]);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await bePresent(id, NOW);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await bePresent(id, LATER);
    expect(await whoIsReached()).toEqual(HUMAN_ONLINE);
    await updateUser(database, owner, id, { is_online_enabled: 0 }, AT);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await updateUser(database, owner, id, { is_online_enabled: 1, is_bot: 1 }, AT);
    expect(await whoIsReached()).toEqual(BOT_ONLINE);
    await deleteUser(database, owner, id, AT);
    expect(await whoIsReached()).toEqual(OFFLINE);
  });

  it('counts the members of teams, but not of deleted ones', async () => {
    const team = await newTeam(owner, await newUser(owner), await presentUser(owner, 1));
    await newRouter(owner, [room], [target('team', await newTeam(owner)), target('team', team)]);
    expect(await whoIsReached()).toEqual(BOT_ONLINE);
    await deleteTeam(database, owner, team, AT);
    expect(await whoIsReached()).toEqual(OFFLINE);
  });

  it('counts partners and their teams only while they are shared', async () => {
    const member = await presentUser(partner);
    await newRouter(owner, [room], [target('organization', partner)]);
    expect(await whoIsReached()).toEqual(OFFLINE);
    await share('room', owner, room, partner);
    expect(await whoIsReached()).toEqual(HUMAN_ONLINE);
    const byTeam = await newRoom(owner);
    const team = await newTeam(partner, member);
    await newRouter(owner, [byTeam], [target('team', team)]);
    await share('room', owner, byTeam, partner);
    expect((await viewRoom(byTeam))?.reaches_online).toBe(false);
    await share('team', partner, team, owner);
    expect((await viewRoom(byTeam))?.reaches_online).toBe(true);
  });

  it('names its owner, its shares and who changed it', async () => {
    const editor = await newUser(owner, 'Eve');
    expect(await viewRoom()).toMatchObject({
      organization: { id: owner, name: 'Harbour' },
      is_shared: false,
      is_open: true,
      updated_by_user: null,
      is_deleted: false,
    });
    await share('room', owner, room, partner);
    await updateRoom(database, owner, room, { is_open: 0, updated_by_user_id: editor }, AT + 5);
    expect(await viewRoom()).toMatchObject({
      is_shared: true,
      is_open: false,
      updated_by_user: { id: editor, first_name: 'Eve' },
      updated_at: AT + 5,
    });
    await deleteRoom(database, owner, room, AT);
    const { rows } = await listRooms(database, owner, { includesDeleted: true, isShared: null }, page(5));
    expect(await viewRooms(databases, rows, NOW)).toMatchObject([{ id: room, is_deleted: true }]);
  });
});

describe('a team’s view', () => {
  const viewTeam = async (id: string) => {
    const row = await findTeam(database, owner, id);
    return (await viewTeams(databases, { id: owner, name: 'Harbour' }, row === null ? [] : [row], NOW))[0];
  };

  it('counts its members, those present and those online', async () => {
    const [absent, bot, hidden, gone] = [
      await newUser(owner),
      await presentUser(owner, 1),
      await presentUser(owner),
      await presentUser(owner),
    ];
    await updateUser(database, owner, hidden, { is_online_enabled: 0 }, AT);
    const team = await newTeam(owner, absent, bot, hidden, gone);
    await deleteUser(database, owner, gone, AT);
    const counts = { member_count: 3, present_member_count: 2, is_online: true, is_humans_online: false };
    expect(await viewTeam(team)).toMatchObject(counts);
    await bePresent(bot, NOW);
    expect(await viewTeam(team)).toMatchObject({ ...counts, present_member_count: 1, is_online: false });
    expect(await viewTeam(await newTeam(owner))).toMatchObject({
      member_count: 0,
      present_member_count: 0,
      is_online: false,
      is_humans_online: false,
    });
  });

  it('shows whether a room’s router names it', async () => {
    const team = await newTeam(owner);
    expect(await viewTeam(team)).toMatchObject({ is_connected_to_room: false });
    await newRouter(owner, [], [target('team', team)]);
    expect(await viewTeam(team)).toMatchObject({ is_connected_to_room: false });
    await newRouter(owner, [room], [target('team', team)]);
    expect(await viewTeam(team)).toMatchObject({ is_connected_to_room: true });
    await deleteRoom(database, owner, room, AT);
    expect(await viewTeam(team)).toMatchObject({ is_connected_to_room: false });
  });
});

describe('an organization’s view', () => {
  it('shows whether its users are present', async () => {
    const attendants = async () => {
      const view = await viewOrganization(database, owner, NOW);
      return [view?.is_present, view?.is_online, view?.is_humans_online];
    };
    await presentUser(partner);
    expect(await attendants()).toEqual([false, false, false]);
    const bot = await presentUser(owner, 1);
    expect(await attendants()).toEqual([true, true, false]);
    await presentUser(owner);
    expect(await attendants()).toEqual([true, true, true]);
    await updateUser(database, owner, bot, { is_online_enabled: 0 }, AT);
    expect(await attendants()).toEqual([true, true, true]);
    expect(await viewOrganization(database, 'nobody', NOW)).toBeNull();
  });
});

describe('pages', () => {
  /** The rows that D1 read, and the number of calls. */
  async function costOf(work: (counted: FirstDatabase) => Promise<unknown>): Promise<{ trips: number; read: number }> {
    const cost = noCost();
    await work(firstDatabase(cost));
    return { trips: cost.d1.trips, read: cost.d1.rowsRead };
  }

  it('of rooms and teams need the same number of calls, whatever their size', async () => {
    const member = await presentUser(owner);
    const rooms = [room];
    for (let place = 0; place < 4; place++) rooms.push(await newRoom(owner));
    await newRouter(owner, rooms, [
      target('all'),
      target('user', member),
      target('team', await newTeam(owner, member)),
    ]);
    for (let place = 0; place < 4; place++) await newTeam(owner, member);
    const rowsOf = (limit: number) =>
      listRooms(database, owner, { includesDeleted: false, isShared: null }, page(limit));
    const teamsOf = (limit: number) => listTeams(database, owner, 'created_at', page(limit));
    const harbour = { id: owner, name: 'Harbour' };
    for (const limit of [1, 5]) {
      const [{ rows }, teams] = [await rowsOf(limit), await teamsOf(limit)];
      expect([rows.length, teams.length]).toEqual([limit, limit]);
      const ofRooms = await costOf((counted) => viewRooms({ identity: counted, organization: counted }, rows, NOW));
      const ofTeams = await costOf((counted) =>
        viewTeams({ identity: counted, organization: counted }, harbour, teams, NOW),
      );
      expect([ofRooms.trips, ofTeams.trips]).toEqual([2, 2]);
    }
  });

  it('of users read only their own rows, in every order', async () => {
    for (let place = 0; place < 60; place++) {
      const id = await newUser(owner);
      await updateUser(database, owner, id, { email: `${String(place).padStart(2, '0')}@example.com` }, AT);
    }
    for (const ordering of ['created_at', '-created_at', 'email', '-email'] as const) {
      const list = (counted: FirstDatabase, key: (string | number)[] | null) =>
        listUsers(counted, owner, { ordering, includesDeleted: false }, page(3, key));
      const [, , third] = await list(database, null);
      const value = ordering.endsWith('email') ? third?.email_order : third?.created_at;
      const { read } = await costOf((counted) => list(counted, [value ?? '', third?.id ?? '']));
      expect({ ordering, read }).toEqual({ ordering, read: expect.toSatisfy((rows: number) => rows <= 8) });
    }
  });
});

describe('the directory in two databases', () => {
  const IDENTITY = ['organizations', 'users', 'teams', 'team_members', 'team_shares'];
  const ROOMS = ['rooms', 'room_shares', 'room_routers', 'routers', 'router_targets'];

  /** The database, which refuses statements that name tables of another database. */
  function holding(tables: readonly string[]): FirstDatabase {
    const check = (sql: string) => {
      const named = Array.from(sql.matchAll(/\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)/g), ([, table]) => table ?? '');
      const foreign = named.filter((table) => ![...tables, 'json_each'].includes(table));
      if (foreign.length > 0) throw new Error(`the tables ${foreign.join(', ')} are in another database`);
    };
    const checked: Database = {
      all: (sql, ...parameters) => {
        check(sql);
        return database.all(sql, ...parameters);
      },
      first: (sql, ...parameters) => {
        check(sql);
        return database.first(sql, ...parameters);
      },
      run: (sql, ...parameters) => {
        check(sql);
        return database.run(sql, ...parameters);
      },
      batch: (statements) => {
        for (const [sql] of statements) check(sql);
        return database.batch(statements);
      },
    };
    return checked as FirstDatabase;
  }

  it('compiles no query with a database that lacks its tables', async () => {
    const split: DirectoryDatabases = { identity: holding(IDENTITY), organization: holding(ROOMS) };
    // @ts-expect-error users are not in an organization's database
    expect(() => findUsers(split.organization, owner, [])).toThrow('users');
    // @ts-expect-error rooms are not with the identities
    expect(() => findRoom(split.identity, owner, room)).toThrow('rooms');
  });

  it('joins rooms only with rooms, and users only with users', async () => {
    const split = { identity: holding(IDENTITY), organization: holding(ROOMS) };
    const secretive = await newOrganization({ private_chat_history: 1 });
    const member = await presentUser(partner);
    const team = await newTeam(partner, member);
    await share('room', owner, room, partner);
    await share('team', partner, team, owner);
    await share('room', secretive, await newRoom(secretive), partner);
    await newRouter(owner, [room], [target('team', team)]);
    const options = { includesPrivateHistory: false };
    const reach = { organization_id: partner, room_ids: [room] };
    expect(await reachOfUser(split, partner, member, options)).toEqual(reach);
    expect(await reachOfOrganization(split, partner, options)).toEqual(reach);
    for (const [kind, id] of [
      ['user', await newUser(owner)],
      ['team', team],
      ['organization', partner],
    ] as const) {
      expect(await findInvitee(split.identity, split.organization, owner, { kind, id })).toMatchObject({ id });
    }
    const row = await findRoom(split.organization, owner, room);
    expect(await viewRooms(split, row === null ? [] : [row], NOW)).toMatchObject([{ reaches_online: true }]);
    const teams = await listTeams(split.identity, partner, 'created_at', page(5));
    expect(await viewTeams(split, { id: partner, name: 'x' }, teams, NOW)).toMatchObject([
      { is_connected_to_room: true, member_count: 1 },
    ]);
    expect(() => split.identity.all('SELECT * FROM rooms')).toThrow('are in another database');
  });
});
