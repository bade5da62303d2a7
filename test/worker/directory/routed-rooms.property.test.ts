import { expect, it } from 'vitest';
import type { Statement } from '../../../src/db/database.ts';
import { readRoutedRooms } from '../../../src/directory/read-routed-rooms.ts';
import { countReached } from '../../../src/directory/router-reach.ts';
import type { RouterTarget } from '../../../src/directory/routers.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { AT, database, databases, newOrganization, newUser } from '../../support/worker/directory-rows.ts';

/**
 * The rule of routed rooms a second time, as one query for each room (Chats API, Routed chats). It is slow, and
 * independent of the tested code. ?1 is the user's organization, ?2 the user, ?3 whether they are a bot.
 */
const REACHED = `
  SELECT rooms.id FROM rooms WHERE
    (?3 = 0 AND rooms.organization_id = ?1 AND NOT EXISTS (SELECT 1 FROM room_routers WHERE room_id = rooms.id))
    OR ((rooms.organization_id = ?1 OR EXISTS (SELECT 1 FROM room_shares WHERE room_id = rooms.id AND organization_id = ?1))
      AND EXISTS (
        SELECT 1 FROM room_routers JOIN router_targets AS target ON target.router_id = room_routers.router_id
        WHERE room_routers.room_id = rooms.id AND (
          (target.kind = 'all' AND rooms.organization_id = ?1 AND ?3 <= target.include_bots)
          OR (target.kind = 'organization' AND target.target_id = ?1 AND ?3 <= target.include_bots)
          OR (target.kind = 'user' AND target.target_id = ?2)
          OR (target.kind = 'team' AND EXISTS (
            SELECT 1 FROM teams JOIN team_members ON team_members.team_id = teams.id
            WHERE teams.id = target.target_id AND teams.deleted_at IS NULL AND teams.organization_id = ?1
              AND team_members.user_id = ?2
              AND (rooms.organization_id = ?1 OR EXISTS (SELECT 1 FROM team_shares
                WHERE team_shares.team_id = teams.id AND team_shares.organization_id = rooms.organization_id)))))))`;

const OWNED = 'SELECT id FROM rooms WHERE organization_id = ?1';
const SHARED = `SELECT rooms.id FROM room_shares JOIN rooms ON rooms.id = room_shares.room_id
  WHERE room_shares.organization_id = ?1`;
const OF_PRIVATE_OWNERS = `SELECT rooms.id FROM rooms JOIN organizations ON organizations.id = rooms.organization_id
  WHERE organizations.private_chat_history = 1 AND rooms.organization_id <> ?1`;

/** Numbers that look random and are the same in each run (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Directory = { organizations: string[]; users: Map<string, { id: string; is_bot: boolean }[]> };

/** Three organizations with random rooms, users, teams, routers and shares. */
async function randomDirectory(random: () => number): Promise<Directory> {
  const some = <Item>(items: readonly Item[], share: number) => items.filter(() => random() < share);
  const times = (most: number) => Array.from({ length: Math.floor(random() * (most + 1)) });
  const statements: Statement[] = [];
  const organizations: string[] = [];
  const users: Directory['users'] = new Map();
  const rooms = new Map<string, string[]>();
  const teams: { id: string; organization: string; isDeleted: boolean }[] = [];
  for (const private_chat_history of [0, 1, random() < 0.5 ? 1 : 0] as const) {
    const id = await newOrganization({ private_chat_history });
    organizations.push(id);
    const people = await Promise.all([newUser(id), newUser(id), newUser(id, 'Bot', 1)]);
    users.set(
      id,
      people.map((user, place) => ({ id: user, is_bot: place === 2 })),
    );
    rooms.set(
      id,
      times(5).map(() => newUuid(AT)),
    );
    for (const room of rooms.get(id) ?? []) {
      const deletedAt = random() < 0.2 ? AT : null;
      statements.push([
        `INSERT INTO rooms (id, organization_id, name, display_name, deleted_at, created_at, updated_at) VALUES (?, ?, '', '', ?, 0, 0)`,
        room,
        id,
        deletedAt,
      ]);
    }
    for (const _ of times(3)) teams.push({ id: newUuid(AT), organization: id, isDeleted: random() < 0.2 });
  }
  for (const { id, organization, isDeleted } of teams) {
    statements.push([
      `INSERT INTO teams (id, organization_id, name, display_name, deleted_at, created_at, updated_at) VALUES (?, ?, '', '', ?, 0, 0)`,
      id,
      organization,
      isDeleted ? AT : null,
    ]);
    for (const { id: user } of some(users.get(organization) ?? [], 0.5)) {
      statements.push(['INSERT INTO team_members (team_id, user_id, created_at) VALUES (?, ?, 0)', id, user]);
    }
    for (const partner of some(organizations, 0.4)) {
      if (partner === organization) continue;
      statements.push(['INSERT INTO team_shares (team_id, organization_id, created_at) VALUES (?, ?, 0)', id, partner]);
    }
  }
  const everybody = [...users.values()].flat().map(({ id }) => id);
  for (const organization of organizations) {
    const own = rooms.get(organization) ?? [];
    for (const room of own) {
      for (const partner of some(organizations, 0.5)) {
        if (partner === organization) continue;
        statements.push([
          'INSERT INTO room_shares (room_id, organization_id, created_at) VALUES (?, ?, 0)',
          room,
          partner,
        ]);
      }
    }
    for (const _ of times(3)) {
      const router = newUuid(AT);
      statements.push([
        'INSERT INTO routers (id, organization_id, name, created_at, updated_at) VALUES (?, ?, ?, 0, 0)',
        router,
        organization,
        '',
      ]);
      const targets: [string, string | null][] = [
        ...some([['all', null] as [string, string | null]], 0.2),
        ...some(everybody, 0.15).map((id): [string, string] => ['user', id]),
        ...some(teams, 0.3).map(({ id }): [string, string] => ['team', id]),
        ...some(organizations, 0.2).map((id): [string, string] => ['organization', id]),
      ];
      for (const [position, [kind, target]] of targets.entries()) {
        statements.push([
          'INSERT INTO router_targets (router_id, position, kind, target_id, include_bots) VALUES (?, ?, ?, ?, ?)',
          router,
          position,
          kind,
          target,
          random() < 0.5 ? 1 : 0,
        ]);
      }
      for (const room of some(own, 0.5)) {
        statements.push(['INSERT INTO room_routers (room_id, router_id) VALUES (?, ?)', room, router]);
      }
    }
  }
  await database.batch(statements);
  return { organizations, users };
}

async function ids(sql: string, ...parameters: (string | number)[]): Promise<string[]> {
  return (await database.all<{ id: string }>(sql, ...parameters)).map(({ id }) => id);
}

it('the result for all users at once is that of a query for each user', async () => {
  let single = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const { organizations, users } = await randomDirectory(numbersFrom(seed));
    for (const organization of organizations) {
      const reaches = await readRoutedRooms(databases, organization);
      const own = await ids(OWNED, organization);
      const secret = new Set(await ids(OF_PRIVATE_OWNERS, organization));
      const expectRooms = (reach: ReturnType<typeof reaches.ofOrganization>, expected: string[]) => {
        const whole = reach.organization_id === organization ? own : [];
        expect([reach.organization_id ?? organization, [...whole, ...reach.room_ids].toSorted()]).toEqual([
          organization,
          expected.toSorted(),
        ]);
      };
      for (const user of users.get(organization) ?? []) {
        const reached = await ids(REACHED, organization, user.id, user.is_bot ? 1 : 0);
        const all = reaches.ofUser(user, { includesPrivateHistory: true });
        if (all.organization_id === null) single += 1;
        expectRooms(all, reached);
        const open = reached.filter((id) => !secret.has(id));
        expectRooms(reaches.ofUser(user, { includesPrivateHistory: false }), open);
      }
      const shared = await ids(SHARED, organization);
      expectRooms(reaches.ofOrganization({ includesPrivateHistory: true }), [...own, ...shared]);
      const open = shared.filter((id) => !secret.has(id));
      expectRooms(reaches.ofOrganization({ includesPrivateHistory: false }), [...own, ...open]);
    }
  }
  // Some of the directories required naming rooms one by one, and some did not.
  expect(single).toBeGreaterThan(20);
  expect(single).toBeLessThan(90);
});

/** No router may name a user of another organization, so it is not said whom that would reach. */
const NAMED_OF_OTHERS = `DELETE FROM router_targets WHERE kind = 'user' AND NOT EXISTS (
  SELECT 1 FROM users JOIN routers USING (organization_id)
  WHERE users.id = router_targets.target_id AND routers.id = router_targets.router_id)`;

it('whom targets would reach in a room is whom a query for each user finds', async () => {
  let [reached, partners] = [0, 0];
  for (let seed = 21; seed <= 26; seed++) {
    const { organizations, users } = await randomDirectory(numbersFrom(seed));
    await database.run(NAMED_OF_OTHERS);
    for (const owner of organizations) {
      for (const room of await ids(`${OWNED} AND id IN (SELECT room_id FROM room_routers)`, owner)) {
        const targets = await database.all<{ kind: RouterTarget['kind']; id: string | null; include_bots: number }>(
          `SELECT kind, target_id AS id, include_bots FROM router_targets JOIN room_routers USING (router_id) WHERE room_id = ?`,
          room,
        );
        const expected = { users: 0, bots: 0 };
        for (const [organization, members] of users) {
          for (const { id, is_bot } of members) {
            if (!(await ids(REACHED, organization, id, is_bot ? 1 : 0)).includes(room)) continue;
            expected[is_bot ? 'bots' : 'users'] += 1;
            if (organization !== owner) partners += 1;
          }
        }
        const asked = targets.map((target) => ({ ...target, include_bots: target.include_bots === 1 }));
        expect(await countReached(databases, owner, asked, [room])).toEqual(expected);
        reached += expected.users + expected.bots;
      }
    }
  }
  expect(reached).toBeGreaterThan(40);
  expect(partners).toBeGreaterThan(5);
});
