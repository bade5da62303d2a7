import { beforeAll, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { listChannelThreads } from '../../../src/delivery/channel-threads.ts';
import { firstUuidAt } from '../../../src/resources/uuid.ts';
import { Gateway } from '../../support/worker/gateway.ts';
import { organizationD1, organizationDatabase } from '../../support/worker/organization-database.ts';

/** The number of threads of the channel, more than a page may read. */
const MANY = 600;

let hub: Gateway;
let channelId: string;

/**
 * A session for each of `count` threads, the first the oldest: thread n began at n seconds and was last active at
 * `activeAt(n)` ms.
 */
async function addThreads(channel: string, count: number, activeAt: (number: number) => number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, place) => place + 1);
  const rows = numbers.map((number) => ({
    name: `${number}-${channel}`,
    mapping: firstUuidAt(number * 1000),
    began: number * 1000,
    active: activeAt(number),
  }));
  const threads = `INSERT INTO threads (id, organization_id, identity, channel_id, thread_id, mapping_id, current_chat_id, created_at, seq)
    SELECT value ->> 'name', ?1, 'channel/' || (value ->> 'name'), ?2, value ->> 'name',
    value ->> 'mapping', value ->> 'name', value ->> 'began', 1 FROM json_each(?3)`;
  const chats = `INSERT INTO chats (id, thread, seq, organization_id, chat_type, is_ended, is_waiting, is_pending, updated_at, facts)
    SELECT value ->> 'name', value ->> 'name', 1, ?1, 'external', 0, 0, 0, value ->> 'active', '{}' FROM json_each(?2)`;
  const json = JSON.stringify(rows);
  await organizationD1.batch([
    organizationD1.prepare(threads).bind(hub.organizationId, channel, json),
    organizationD1.prepare(chats).bind(hub.organizationId, json),
  ]);
}

function names(answer: { json: Record<string, unknown> }): unknown[] {
  return (answer.json['results'] as Record<string, unknown>[]).map((row) => row['thread_id']);
}

const isoTime = (at: number) => new Date(at).toISOString();

beforeAll(async () => {
  hub = await Gateway.open();
  channelId = await hub.register();
  // The oldest thread was active last.
  await addThreads(channelId, MANY, (number) => (number === 1 ? 900_000 : number * 1000));
});

describe('threads that were active after a time', () => {
  it('are found among many by following next, and no page reads more than about 1,000 rows', async () => {
    const path = `/${channelId}/threads?active_after=${isoTime(800_000)}`;
    const found: unknown[] = [];
    let next: string | null = path;
    let pages = 0;
    while (next !== null) {
      const answer = await hub.get(next);
      expect(answer.status).toBe(200);
      found.push(...names(answer));
      next = answer.json['next'] as string | null;
      pages += 1;
    }
    expect(found).toEqual([`1-${channelId}`]);
    expect(pages).toBeGreaterThan(1);

    const cost = noCost();
    const keyset = { key: null, direction: 'next' as const, limit: 51 };
    const database = organizationDatabase(cost);
    await listChannelThreads(database, hub.organizationId, channelId, { active_after: 800_000 }, keyset);
    expect([cost.d1.trips, cost.d1.rowsRead <= 1000]).toEqual([1, true]);
  });

  it('do not include one that was last active at that very time', async () => {
    expect(names(await hub.get(`/${channelId}/threads?active_after=${isoTime((MANY - 1) * 1000)}`))).toEqual([
      `${MANY}-${channelId}`,
    ]);
  });

  it('are refused for an invalid time', async () => {
    for (const value of ['yesterday', '1795263738', '2026-02-30T00:00:00Z']) {
      const answer = await hub.get(`/${channelId}/threads?active_after=${value}`);
      expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['active_after']]);
    }
  });

  it('are not shown to another organization, even if its own row names the channel', async () => {
    const stranger = await Gateway.open();
    const after = `active_after=${isoTime(0)}`;
    const foreign = await stranger.get(`/${channelId}/threads?${after}`);
    expect([foreign.status, foreign.json]).toEqual([404, { detail: 'Channel configuration not found.' }]);
    const url = `https://hub.example${hub.root}/${channelId}/threads?${after}`;
    expect((await stranger.request('GET', url)).status).toBe(403);

    const database = organizationDatabase(noCost());
    const keyset = { key: null, direction: 'next' as const, limit: 51 };
    const filter = { active_after: 0 };
    expect((await listChannelThreads(database, stranger.organizationId, channelId, filter, keyset)).rows).toEqual([]);
  });
});
