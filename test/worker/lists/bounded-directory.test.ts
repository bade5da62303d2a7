import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Cost, noCost } from '../../../src/db/cost.ts';
import { openIdentityDatabase, openOrganizationDatabase } from '../../../src/db/database.ts';
import type { Keyset } from '../../../src/db/keyset.ts';
import { listRoomVisitors } from '../../../src/directory/room-visitors.ts';
import { listRooms } from '../../../src/directory/rooms.ts';
import { listTeams } from '../../../src/directory/teams.ts';
import { listUsers } from '../../../src/directory/users.ts';
import { AT } from '../../support/worker/directory-rows.ts';
import { call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

/** Lists of the directory whose filter matches few rows of many. */

const MANY = 3_000;
const ID = `printf('%08x', n) || '-0000-7000-8000-000000000000'`;
const FIRST: Keyset = { key: null, direction: 'next', limit: 51 };

let person: Person;

const organizationDatabase = (cost: Cost) => openOrganizationDatabase(testEnv, { database: 'DB' }, cost);

/** Inserts MANY rows; `values` is SQL over the number `n`. */
async function insertMany(table: string, values: Record<string, string>): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${MANY})
     INSERT INTO ${table} (${Object.keys(values).join(', ')}) SELECT ${Object.values(values).join(', ')} FROM numbers`,
  ).run();
}

/** All pages of a list over HTTP: the ids, and the number of results of each page. */
async function readAll(url: string) {
  const ids: unknown[] = [];
  const sizes: number[] = [];
  for (let next: string | null = url; next !== null; ) {
    const answer = await call(next, { authorization: `Bearer ${person.token}` });
    expect([next, answer.status]).toEqual([next, 200]);
    const results = answer.json['results'] as { id: string }[];
    ids.push(...results.map(({ id }) => id));
    sizes.push(results.length);
    next = answer.json['next'] as string | null;
  }
  return { ids, sizes };
}

/** The most rows that D1 reads for a page of the list, from the first to the last. */
async function mostRead(
  list: (cost: Cost, keyset: Keyset) => Promise<{ rows: { id: string }[]; cut_at: string | null }>,
): Promise<number> {
  let most = 0;
  for (let key: readonly string[] | null = null; ; ) {
    const cost = noCost();
    const { rows, cut_at }: { rows: { id: string }[]; cut_at: string | null } = await list(cost, { ...FIRST, key });
    most = Math.max(most, cost.d1.rowsRead);
    const next: string | null = rows.length > 50 ? (rows[49]?.id ?? null) : cut_at;
    if (next === null) return most;
    key = [next];
  }
}

describe('rooms', () => {
  const shared = [7, 2_990].map((n) => `${n.toString(16).padStart(8, '0')}-0000-7000-8000-000000000000`);

  beforeAll(async () => {
    person = await enroll({ scopes: ['settings'] });
    // Of a hundred rooms two are not deleted.
    await insertMany('rooms', {
      id: ID,
      organization_id: `'${person.organization_id}'`,
      name: "'r'",
      display_name: "'r'",
      deleted_at: `iif(n % 100 IN (7, 90), NULL, ${AT})`,
      created_at: `${AT}`,
      updated_at: `${AT}`,
    });
    for (const id of shared) {
      await env.DB.prepare('INSERT INTO room_shares VALUES (?, ?, ?)').bind(id, 'partner', AT).run();
    }
  });

  it('are read page by page over deleted ones', async () => {
    const options = { includesDeleted: false, isShared: null };
    const read = await mostRead((cost, keyset) =>
      listRooms(organizationDatabase(cost), person.organization_id, options, keyset),
    );
    expect(read).toBeLessThanOrEqual(110);
    const { ids } = await readAll(`/api/v5/orgs/${person.organization_id}/rooms`);
    expect(ids).toHaveLength(2 * (MANY / 100));
  });

  it.each([
    [true, 2],
    [false, MANY - 2],
  ])(
    'with is_shared=%s cost about a thousand rows a page, and all pages together have them all',
    async (isShared, count) => {
      const read = await mostRead((cost, keyset) =>
        listRooms(organizationDatabase(cost), person.organization_id, { includesDeleted: true, isShared }, keyset),
      );
      expect(read).toBeLessThanOrEqual(1_000);
      const url = `/api/v5/orgs/${person.organization_id}/rooms?is_shared=${isShared}&include_deleted=true&page_size=200`;
      const { ids, sizes } = await readAll(url);
      expect([ids.length, new Set(ids).size, ids]).toEqual([count, count, ids.toSorted()]);
      if (isShared) expect([ids, sizes.length > 2]).toEqual([shared, true]);
    },
  );
});

describe('visitors of a room', () => {
  const ROOM = '0190a000-0000-7000-8000-0000000000aa';
  const list = (isPresent: boolean | null) => (cost: Cost, keyset: Keyset) =>
    listRoomVisitors(organizationDatabase(cost), person.organization_id, ROOM, isPresent, AT, keyset);

  async function allOf(isPresent: boolean): Promise<string[]> {
    const ids: string[] = [];
    for (let key: readonly string[] | null = null; ; ) {
      const { rows, cut_at }: { rows: { id: string }[]; cut_at: string | null } = await list(isPresent)(noCost(), {
        ...FIRST,
        key,
      });
      const shown = rows.slice(0, 50).map(({ id }) => id);
      ids.push(...shown);
      const next: string | null = rows.length > 50 ? (shown.at(-1) ?? null) : cut_at;
      if (next === null) return ids;
      key = [next];
    }
  }

  beforeAll(async () => {
    person = await enroll({ scopes: ['settings'] });
    await insertMany('visitors', {
      id: "printf('%032x', n)",
      organization_id: `'${person.organization_id}'`,
      room_id: `'${ROOM}'`,
      present_until: `iif(n % 2 = 0, NULL, ${AT} - 1)`,
      created_at: `${AT}`,
    });
  });

  it.each([
    ['few', (n: number) => n % 1500 === 3],
    ['a thousand', (n: number) => n % 3 === 0],
    ['more than a thousand', (n: number) => n % 3 < 2],
  ])('cost about a thousand rows a page when %s are present', async (_, isPresent) => {
    const numbers = Array.from({ length: MANY }, (__, n) => n);
    const present = numbers.filter(isPresent).map((n) => n.toString(16).padStart(32, '0'));
    await env.DB.prepare(
      `UPDATE visitors SET present_until = iif(id IN (SELECT value FROM json_each(?3)), ?1 + 1000, ?1 - 1) WHERE room_id = ?2`,
    )
      .bind(AT, ROOM, JSON.stringify(present))
      .run();
    expect(await allOf(true)).toEqual(present);
    const absent = await allOf(false);
    expect([absent.length, new Set([...absent, ...present]).size]).toEqual([MANY - present.length, MANY]);
    expect(await mostRead(list(true))).toBeLessThanOrEqual(2_100);
    expect(await mostRead(list(false))).toBeLessThanOrEqual(1_000);
  });

  it('of another organization are not listed', async () => {
    for (const isPresent of [true, false, null]) {
      const found = await listRoomVisitors(organizationDatabase(noCost()), 'another', ROOM, isPresent, AT, FIRST);
      expect(found.rows).toEqual([]);
    }
  });
});

it('pages of users and teams do not read deleted ones', async () => {
  const owner = await enroll({ scopes: ['settings'] });
  const row = {
    id: ID,
    organization_id: `'${owner.organization_id}'`,
    deleted_at: `${AT}`,
    created_at: '1',
    updated_at: '1',
  };
  await insertMany('users', { ...row, first_name: "'Bot'", last_name: "''" });
  await insertMany('teams', { ...row, name: "'t'", display_name: "'t'" });
  const identity = (cost: Cost) => openIdentityDatabase(testEnv, cost);
  for (const ordering of ['created_at', '-created_at', 'email', '-email'] as const) {
    const cost = noCost();
    const options = { ordering, includesDeleted: false };
    const users = await listUsers(identity(cost), owner.organization_id, options, FIRST);
    expect([ordering, users.map(({ id }) => id), cost.d1.rowsRead <= 2]).toEqual([ordering, [owner.user_id], true]);
    const all = await listUsers(
      identity(noCost()),
      owner.organization_id,
      { ...options, includesDeleted: true },
      FIRST,
    );
    expect(all).toHaveLength(51);
  }
  const cost = noCost();
  expect(await listTeams(identity(cost), owner.organization_id, '-created_at', FIRST)).toEqual([]);
  expect(cost.d1.rowsRead).toBeLessThanOrEqual(1);
});
