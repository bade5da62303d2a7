import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { onFault } from '../../../src/platform/faults.ts';
import type { ProjectorStub, ReplicaBatch } from '../../../src/rpc/projector.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { writeBatches } from '../../support/worker/batches.ts';
import { passTime } from '../../support/worker/clock.ts';
import { type Answer, admin, call } from '../../support/worker/requests.ts';
import { COPY_TABLES, type CopyTable, dumpCopy, liveThrough } from '../../support/worker/rich-history.ts';
import {
  execute,
  newChannel,
  newVisitorChat,
  objectOf,
  receive,
  receiveCommand,
  visitorMessage,
} from '../../support/worker/threads.ts';

let threads: string[] = [];

beforeAll(async () => {
  threads = await liveThrough();
});

/** The replica that the threads made during their changes. */
let lived: Record<CopyTable, unknown[]>;

beforeEach(async () => {
  await quiet();
  lived = await dumpCopy();
});

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

/** Waits until every thread has replicated everything: lanes change after their commands are answered. */
async function quiet(ring: Ring = (stub) => runDurableObjectAlarm(stub)): Promise<void> {
  for (const thread of threads) await ring(env.THREADS.getByName(thread));
}

async function wipe(tables: readonly CopyTable[]): Promise<void> {
  await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
}

function rebuild(body: unknown): Promise<Answer> {
  return admin('/rebuild', { method: 'POST', body });
}

async function rebuildAll(): Promise<number> {
  let rebuilt = 0;
  for (let cursor: unknown = null; ; ) {
    const { status, json } = await rebuild({ cursor });
    expect([status, json['failed']]).toEqual([200, []]);
    rebuilt += Number(json['rebuilt']);
    cursor = json['next'];
    if (cursor === null) return rebuilt;
  }
}

async function expectCopy(expected: Record<CopyTable, unknown[]>): Promise<void> {
  const dump = await dumpCopy();
  for (const table of COPY_TABLES) expect([table, dump[table]]).toEqual([table, expected[table]]);
}

const ALL_BUT_THE_REGISTER = COPY_TABLES.filter((table) => table !== 'threads');

describe('a rebuild', () => {
  test('is tested with rows in every table of the replica', () => {
    expect(COPY_TABLES.filter((table) => lived[table].length === 0)).toEqual([]);
    const statuses = lived.deliveries.map((row) => (row as { status: string }).status);
    expect(new Set(statuses)).toEqual(new Set(['delivered', 'skipped', 'pending']));
  });

  test('of an empty replica gives the same rows as the changes did', async () => {
    await wipe(ALL_BUT_THE_REGISTER);
    expect(await rebuildAll()).toBe(lived.threads.length);
    await expectCopy(lived);
  });

  test('of a wrong replica gives the same rows as the changes did', async () => {
    for (const sql of [
      `UPDATE chats SET seq = 99999, is_ended = 1 - is_ended, facts = '{}', overdue_after = 1`,
      `UPDATE members SET seq = 99999, is_participating = 1 - is_participating, facts = '{}'`,
      `INSERT INTO members (chat_id, member_id, seq, facts) SELECT id, 'nobody', 99999, '{}' FROM chats`,
      `INSERT INTO involvements SELECT 'somebody else', id, 1, 0 FROM chats`,
      'UPDATE involvements SET is_ended = 1 - is_ended',
      `UPDATE messages SET facts = '{}', type = 'x', chat_id = room_id`,
      `INSERT INTO tags SELECT id, 'ghost', 99999, '{}' FROM chats`,
      'UPDATE invitations SET seq = 99999, invitee_id = id',
      'UPDATE lanes SET accepted = 0',
      `UPDATE deliveries SET status = 'pending', last_error = 'x'`,
      'UPDATE threads SET seq = 99999, mapping_id = id, current_chat_id = id',
    ]) {
      await env.DB.prepare(sql).run();
    }
    await rebuildAll();
    await expectCopy(lived);
  });

  test('finds the objects by their ids when the register is lost too', async () => {
    await wipe(COPY_TABLES);
    const ids = threads.map((thread) => env.THREADS.idFromName(thread).toString());
    expect((await rebuild({ ids })).json).toEqual({ rebuilt: 3, failed: [], next: null });
    await expectCopy(lived);
  });

  test('of the object does not change its tables', async () => {
    const tablesOf = (thread: string) =>
      runInDurableObject(env.THREADS.getByName(thread), (_, { storage }) =>
        Object.fromEntries(
          ['chats', 'members', 'tags', 'invitations', 'suggestions', 'events', 'received', 'deliveries']
            .filter(
              (table) => storage.sql.exec('SELECT 1 FROM sqlite_master WHERE name = ?', table).toArray().length > 0,
            )
            .map((table) => [table, storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1, 2`).toArray()]),
        ),
      );
    const factsOf = (thread: string) =>
      runInDurableObject(env.THREADS.getByName(thread), (_, { storage }) =>
        storage.sql.exec('SELECT facts, routing FROM thread').one(),
      );
    for (const thread of threads) {
      const before = { ...(await tablesOf(thread)), thread: await factsOf(thread) };
      expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
      expect({ ...(await tablesOf(thread)), thread: await factsOf(thread) }).toEqual(before);
    }
    await expectCopy(lived);
  });

  testAlarm('continues after a crash between its batches, and after D1 was away', async (ring) => {
    await wipe(ALL_BUT_THE_REGISTER);
    let passed = 0;
    onFault((step, crash) => {
      if (step !== 'before acknowledgement') return;
      passed += 1;
      if (passed === 1) crash();
      throw new Error('fault: D1 is away');
    });
    for (const thread of threads)
      await threadStub(env, thread)
        .rebuild({ v: 1 })
        .catch(() => null);
    expect(passed).toBeGreaterThanOrEqual(threads.length);
    onFault(null);
    for (let rings = 0; rings < 3; rings++) {
      passTime(301_000);
      await quiet(ring);
    }
    await expectCopy(lived);
  });
});

describe('the batches of a rebuild', () => {
  /** Rebuilds the thread and returns the batches that it sends. */
  async function batchesOfRebuild(thread: string): Promise<ReplicaBatch[]> {
    const batches: ReplicaBatch[] = [];
    await runInDurableObject(env.THREADS.getByName(thread), (instance) => {
      const projectors = (instance as unknown as { env: Env }).env.PROJECTORS;
      const getByName = projectors.getByName.bind(projectors) as unknown as (name: string) => ProjectorStub;
      vi.spyOn(projectors, 'getByName').mockImplementation(((name: string) => ({
        write: (database: string, given: ReplicaBatch[]) => {
          batches.push(...structuredClone(given));
          return getByName(name).write(database, given);
        },
      })) as never);
    });
    expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
    vi.restoreAllMocks();
    return batches;
  }

  test('change nothing when they arrive late, not even the one that deletes', async () => {
    const { thread, chat_id, actor, grant } = await newVisitorChat();
    await execute(thread, { type: 'add_tag', chat_id, grant, actor, name: 'gone' });
    const batches = await batchesOfRebuild(thread);
    expect(batches[0]?.rebuild?.chat_ids).toEqual([chat_id]);
    await execute(thread, { type: 'remove_tag', chat_id, grant, actor, name: 'gone' });
    const newer = await batchesOfRebuild(thread);
    const copy = await dumpCopy();
    for (const batch of [...batches, ...newer, ...batches]) await writeBatches([batch]);
    await expectCopy(copy);
    expect(copy.tags.filter((row) => (row as { chat_id: string }).chat_id === chat_id)).toMatchObject([
      { name: 'gone', facts: null },
    ]);
  });

  test('lead to the same rows when an older batch arrives between them, in any order', async () => {
    const channel = newChannel();
    const long = 'x'.repeat(9000);
    const messages = Array.from({ length: 1000 }, (_, index) => visitorMessage(`${index} ${long}`));
    const { chat_id } = await receive(receiveCommand(channel, 't', messages));
    const thread = objectOf(channel).name ?? '';
    await eventually(async () => expect(await count(chat_id)).toBe(1000));
    const copy = await dumpCopy();
    const [first, ...rest] = await batchesOfRebuild(thread);
    if (first?.rebuild === undefined) throw new Error('not a batch of a rebuild');
    expect(rest.length).toBeGreaterThan(1);
    expect(rest.filter(({ rebuild }) => rebuild !== undefined)).toEqual([]);
    const again = { ...first, rebuild: { ...first.rebuild, number: first.rebuild.number + 1 } };
    for (const batch of [again, ...rest.toReversed(), again]) await writeBatches([batch]);
    await expectCopy(copy);
  });

  async function count(chatId: string): Promise<number> {
    const sql = 'SELECT count(*) AS count FROM messages WHERE chat_id = ?';
    return (await env.DB.prepare(sql).bind(chatId).first<{ count: number }>())?.count ?? 0;
  }
});

describe('commands and evictions during a rebuild', () => {
  test('commands are answered and reach the replica', async () => {
    const channel = newChannel();
    const messages = Array.from({ length: 500 }, (_, index) => visitorMessage(`${index}`));
    const { chat_id } = await receive(receiveCommand(channel, 't', messages));
    const thread = objectOf(channel).name ?? '';
    const rebuilding = threadStub(env, thread).rebuild({ v: 1 });
    const sent = await Promise.all(
      [1, 2, 3].map((n) => receive(receiveCommand(channel, 't', [visitorMessage(`${n}`)]))),
    );
    expect(await rebuilding).toEqual({ ok: true });
    expect(new Set(sent.map((answer) => answer.chat_id))).toEqual(new Set([chat_id]));
    await eventually(async () => {
      const { results } = await env.DB.prepare('SELECT seq FROM messages WHERE chat_id = ?').bind(chat_id).all();
      expect(results).toHaveLength(503);
    });
  });

  testAlarm('an evicted object continues the rebuild', async (ring) => {
    const channel = newChannel();
    const { chat_id } = await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    await env.DB.prepare(`INSERT INTO tags VALUES (?, 'ghost', 99, '{}')`).bind(chat_id).run();
    const thread = objectOf(channel).name ?? '';
    expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: false, reason: 'not_copied_yet' });
    await evictDurableObject(objectOf(channel));
    onFault(null);
    passTime(31_000);
    await ring(objectOf(channel));
    const { results } = await env.DB.prepare('SELECT name FROM tags WHERE chat_id = ?').bind(chat_id).all();
    expect(results).toEqual([]);
  });
});

describe('POST /admin/v1/rebuild', () => {
  test('refuses an invalid cursor, an invalid id, and callers other than the operator', async () => {
    expect((await rebuild({ cursor: 'x' })).json).toEqual({ cursor: ['Invalid cursor.'] });
    expect((await rebuild({ ids: ['x'] })).status).toBe(400);
    const stranger = await call('/admin/v1/rebuild', { method: 'POST', body: {}, authorization: 'Bearer x' });
    expect(stranger.status).toBe(401);
  });

  test('names the threads that it could not rebuild and continues with the rest', async () => {
    const nobody = env.THREADS.idFromName('nobody').toString();
    const foreign = env.USERS.idFromName('somebody').toString();
    const known = env.THREADS.idFromName(threads[0] ?? '').toString();
    const { json } = await rebuild({ ids: [nobody, foreign, known] });
    const unknown = (thread: string) => ({ thread, error: 'thread_not_found' });
    expect(json).toEqual({ rebuilt: 1, failed: [unknown(nobody), unknown(foreign)], next: null });
    const left = await runInDurableObject(env.THREADS.get(env.THREADS.idFromString(nobody)), (_, state) =>
      state.storage.sql.exec(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'`).toArray(),
    );
    expect(left).toEqual([]);
  });

  test('walks a register that is longer than one request allows, each thread once', async () => {
    const channels = Array.from({ length: 25 }, () => newChannel());
    for (const channel of channels) await receive(receiveCommand(channel, 't', [visitorMessage('hi')]));
    // A thread that an earlier test has made may come to the register meanwhile.
    const known = async () => (await env.DB.prepare('SELECT id FROM threads').all()).results.map(({ id }) => id);
    const ids = await known();
    const first = await rebuild({});
    expect(first.json['rebuilt']).toBe(20);
    const numbers = async () => {
      const { results } = await env.DB.prepare('SELECT thread, number FROM rebuilds').all();
      return new Map(results.map(({ thread, number }) => [thread, number]));
    };
    await rebuildAll();
    const before = await numbers();
    expect([...before.keys()]).toEqual(expect.arrayContaining(ids));
    expect(await rebuildAll()).toBe((await known()).length);
    const after = await numbers();
    expect([...before].filter(([thread, number]) => after.get(thread) === number)).toEqual([]);
  });

  test('reports separately a thread whose rows D1 refuses', async () => {
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    const ids = [env.THREADS.idFromName(threads[2] ?? '').toString()];
    const failed = [{ thread: ids[0], error: 'not_copied_yet' }];
    expect((await rebuild({ ids })).json).toEqual({ rebuilt: 0, failed, next: null });
    onFault(null);
  });
});
