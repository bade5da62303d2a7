import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openOrganizationDatabase } from '../../../src/db/database.ts';
import { deletePassingVisitors, KEEP_PASSING } from '../../../src/directory/passing-visitors.ts';
import { visitorHub } from '../../../src/rpc/live-hub.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { emptyHub } from '../../support/worker/empty-hub.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { LiveClient, said } from '../../support/worker/live-client.ts';
import { ask, resultsOf } from '../../support/worker/organization.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { testEnv } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

/** Visitors who have neither chat nor variable. */

let site: Site;

const database = (cost = noCost()) => openOrganizationDatabase(testEnv, { database: 'DB' }, cost);

beforeEach(async () => {
  await emptyHub();
  site = await Site.open();
});

afterEach(() => {
  vi.useRealTimers();
});

const come = (visitor: Visitor, room = site.room, more = {}) =>
  visit(visitor.token, 'POST', `${room}/visitors`, { id: visitor.id, ...more });
const stay = (visitor: Visitor, seconds: number) =>
  visit(visitor.token, 'PATCH', `${site.room}/visitors/${visitor.id}`, { presence_expires_in: seconds });

async function rowsOf(visitor: { id: string }): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare('SELECT * FROM visitors WHERE id = ?').bind(visitor.id).all();
  return results;
}

/** How many objects there are: of users and visitors, of threads, live hubs. */
async function objects(): Promise<number[]> {
  const namespaces = [env.USERS, env.THREADS, env.LIVE] as unknown as DurableObjectNamespace[];
  return await Promise.all(namespaces.map(async (each) => (await listDurableObjectIds(each)).length));
}

/** How many rows each table has. */
async function allRows(): Promise<Record<string, number>> {
  const tables = await env.DB.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
  ).all<{ name: string }>();
  const counts = await env.DB.batch<{ count: number }>(
    tables.results.map(({ name }) => env.DB.prepare(`SELECT count(*) AS count FROM ${name}`)),
  );
  return Object.fromEntries(tables.results.map(({ name }, place) => [name, counts[place]?.results[0]?.count ?? 0]));
}

describe('a visitor without a chat', () => {
  it('costs one row and no object, however long they stay', async () => {
    const [before, made] = [await allRows(), await objects()];
    const visitor = await authenticate(site.organizationId);
    expect((await come(visitor)).status).toBe(201);
    expect((await come(visitor)).status).toBe(200);
    expect((await stay(visitor, 600)).status).toBe(200);
    expect((await visit(visitor.token, 'GET', site.room)).status).toBe(200);
    expect((await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats`)).status).toBe(200);
    expect((await ask(site.agent, 'GET', site.orgRoom(`/visitors/${visitor.id}`))).json).toMatchObject({
      is_present: true,
    });
    expect(await allRows()).toEqual({ ...before, visitors: (before['visitors'] ?? 0) + 1 });
    expect(await objects()).toEqual(made);
  });

  it('costs no object either when a chat is refused', async () => {
    await site.setRoom({ require_online: true });
    const visitor = await site.visitor();
    const made = await objects();
    expect((await site.openChat(visitor)).status).toBe(409);
    expect([await objects(), (await rowsOf(visitor)).map((row) => row['is_passing'])]).toEqual([made, [1]]);
  });
});

describe('the first chat', () => {
  const presentIn = async (chatId: string) => (await site.ownedChat(chatId))['present_visitor_participant_count'];

  it.each(['the visitor', 'an agent'])(
    'that %s opens shows the visitor as present, in whichever room they are',
    async (who) => {
      const elsewhere = `/orgs/${site.organizationId}/rooms/${await newRoom(site.organizationId)}`;
      const visitor = await site.visitor({ presence_expires_in: 60 });
      await come(visitor, elsewhere, { presence_expires_in: 3600 });
      const path = `/users/${site.agent.user_id}/rooms/${site.roomId}/visitors/${visitor.id}/chats`;
      const opened = who === 'an agent' ? await ask(site.agent, 'POST', path) : await site.openChat(visitor);
      expect(opened.status).toBe(201);
      const chatId = String(opened.json['id']);
      await eventually(async () => expect(await presentIn(chatId)).toBe(1));
      expect((await rowsOf(visitor)).map((row) => row['is_passing'])).toEqual([0, 0]);
      const clients = await env.USERS.getByName(`visitor/${visitor.id}`).listClients({ v: 1 });
      expect(clients).toHaveLength(2);
      // A room to which they come later is kept as well.
      const third = `/orgs/${site.organizationId}/rooms/${await newRoom(site.organizationId)}`;
      await come(visitor, third);
      expect((await rowsOf(visitor)).map((row) => row['is_passing'])).toEqual([0, 0, 0]);
    },
  );

  it('with an absent visitor shows them as absent', async () => {
    const visitor = await site.visitor({ presence_expires_in: 60 });
    passTime(61_000);
    const path = `/users/${site.agent.user_id}/rooms/${site.roomId}/visitors/${visitor.id}/chats`;
    const opened = await ask(site.agent, 'POST', path);
    expect([opened.status, await presentIn(String(opened.json['id']))]).toEqual([201, 0]);
    expect((await rowsOf(visitor)).map((row) => row['is_passing'])).toEqual([0]);
  });
});

describe('a day after the visit', () => {
  const DAY = KEEP_PASSING;

  it('visitors without chat and variable are gone, and the others are not', async () => {
    const [passing, chatting, noted, staying] = [
      await site.visitor(),
      await site.visitor(),
      await site.visitor(),
      await site.visitor({ presence_expires_in: 86_400 }),
    ];
    const chatId = await site.chat(chatting);
    await site.setVariable(noted, 'plan', 'gold');
    passTime(121_000);
    expect(await deletePassingVisitors(database(), Date.now())).toBe(0);
    passTime(DAY);
    expect(await deletePassingVisitors(database(), Date.now())).toBe(1);
    expect(await rowsOf(passing)).toEqual([]);
    for (const visitor of [chatting, noted]) {
      expect(await rowsOf(visitor)).toMatchObject([{ is_passing: 0, present_until: null }]);
    }
    expect(await rowsOf(staying)).toMatchObject([{ is_passing: 1 }]);
    const shown = await ask(site.agent, 'GET', site.orgRoom('/visitors?is_present=false'));
    expect(resultsOf(shown).map(({ id }) => id)).toEqual([chatting.id, noted.id, staying.id].sort());
    const variables = await ask(site.agent, 'GET', site.orgRoom(`/visitors/${noted.id}/variables`));
    expect(resultsOf(variables)).toMatchObject([{ key: 'plan', value: 'gold' }]);
    // The same visitor may come back, and is new.
    const again = await authenticate(site.organizationId, passing.secret);
    expect([again.id, (await come(again)).status]).toEqual([passing.id, 201]);
    const back = await authenticate(site.organizationId, chatting.secret);
    expect((await come(back)).status).toBe(200);
    expect((await ask(site.agent, 'GET', site.orgRoom(`/visitors/${chatting.id}`))).json).toMatchObject({
      visit_count: 2,
    });
    expect((await ask(site.integrator, 'GET', `/orgs/${site.organizationId}/owned_chats/${chatId}`)).status).toBe(200);
  });

  it('a variable that comes too late is not stored', async () => {
    const visitor = await site.visitor();
    passTime(121_000 + DAY);
    const path = site.orgRoom(`/visitors/${visitor.id}/variables`);
    // The sweep runs after the request has found the visitor.
    const prepare = env.DB.prepare.bind(env.DB);
    const raced = vi.spyOn(env.DB, 'prepare').mockImplementation((sql) => {
      if (sql.includes('UPDATE visitors SET is_passing = 0')) {
        return prepare("DELETE FROM visitors WHERE ?1 <> '' AND ?2 <> '' RETURNING *");
      }
      return prepare(sql);
    });
    const answer = await ask(site.integrator, 'POST', path, { key: 'plan', value: 'gold' });
    raced.mockRestore();
    expect([answer.status, answer.json]).toEqual([404, { detail: 'Visitor not found.' }]);
    expect(await allRows()).toMatchObject({ visitors: 0, visitor_variables: 0 });
  });
});

describe('the sweep', () => {
  const ROOMS = 3;
  const AT = 10 * KEEP_PASSING;

  beforeAll(emptyHub);

  async function fill(count: number, passing: string, presentUntil: number): Promise<void> {
    await env.DB.prepare(
      `WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1)
       INSERT INTO visitors (id, organization_id, room_id, created_at, present_until, is_passing)
       SELECT printf('%032x', n), 'o', 'room-' || (n % ${ROOMS}), 0, ?2, ${passing} FROM numbers`,
    )
      .bind(count, presentUntil)
      .run();
  }

  it('goes through old rows in portions, and reads each of them once or twice', async () => {
    await fill(12_000, 'n % 2', 1);
    const cost = noCost();
    expect(await deletePassingVisitors(database(cost), AT)).toBe(6_000);
    expect(cost.d1.rowsRead).toBeLessThan(12_000 * 6);
    const left = await env.DB.prepare('SELECT count(*) AS count, count(present_until) AS timed FROM visitors').first();
    expect(left).toEqual({ count: 6_000, timed: 0 });
    const idle = noCost();
    expect(await deletePassingVisitors(database(idle), AT)).toBe(0);
    expect(idle.d1.rowsRead).toBeLessThan(20);
  });

  it('does not read those who were here within a day, but for two rows of each room', async () => {
    await fill(3_000, '1', AT - KEEP_PASSING + 1);
    const cost = noCost();
    expect(await deletePassingVisitors(database(cost), AT)).toBe(0);
    expect(cost.d1.rowsRead).toBeLessThan(40);
  });
});

describe('the hub of a passing visitor', () => {
  testAlarm(
    'is forgotten ten minutes after the last socket if it never had an event, and a day after it if it had',
    async (ring) => {
      const visitor = await authenticate(site.organizationId);
      const channel = `/api/v5/public/visitors/${visitor.id}/chats/*/messages`;
      const hub = env.LIVE.getByName(visitorHub(visitor.id));
      const tables = () => runInDurableObject(hub, (_, { storage }) => storage.sql.exec('PRAGMA table_list').toArray());
      const first = await LiveClient.ofVisitor(visitor);
      const { number } = await first.subscribe([channel]);
      first.close();
      await first.closed;
      passTime(9 * 60_000);
      await ring(hub);
      expect(JSON.stringify(await tables())).toContain('subscriptions');
      passTime(61_000);
      await ring(hub);
      expect(JSON.stringify(await tables())).not.toContain('subscriptions');
      const thread = PublishingThread.ofVisitor(visitor.id, site.organizationId);
      await thread.say('heard by nobody');
      const second = await LiveClient.ofVisitor(visitor);
      const again = await second.subscribe([channel], Number(number));
      expect(await second.next('reset')).toEqual({ type: 'reset', number: again['number'] });
      const id = await thread.say('heard');
      expect(said(await second.next('notifications'))).toMatchObject([[expect.any(String), 'added', id]]);
      second.close();
      await second.closed;
      // With an event there is something to resume: for a day.
      passTime(11 * 60_000);
      await ring(hub);
      expect(JSON.stringify(await tables())).toContain('subscriptions');
    },
  );
});
