import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { onFault } from '../../../src/faults.ts';
import type { Slice } from '../../../src/projections/slice.ts';
import { sliceStatements } from '../../../src/projections/write-slices.ts';
import { threadStub } from '../../../src/stubs.ts';
import { type Answer, admin, call } from '../http/hub.ts';
import { execute, newChannel, newVisitorChat, objectOf, receive, receiveCommand, visitorMessage } from './fixtures.ts';
import { COPY_TABLES, type CopyTable, dumpCopy, liveThrough } from './rich-history.ts';

let threads: string[] = [];

beforeAll(async () => {
  threads = await liveThrough();
});

/** The copy as the threads made it by living. */
let lived: Record<CopyTable, unknown[]>;

beforeEach(async () => {
  await quiet();
  lived = await dumpCopy();
});

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

/** Waits until every thread has handed over what it has: lanes change after their commands are answered. */
async function quiet(): Promise<void> {
  for (const thread of threads) await runDurableObjectAlarm(env.THREADS.getByName(thread));
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
  test('has something to do: no table of the copy is empty', () => {
    expect(COPY_TABLES.filter((table) => lived[table].length === 0)).toEqual([]);
    const statuses = lived.deliveries.map((row) => (row as { status: string }).status);
    expect(new Set(statuses)).toEqual(new Set(['delivered', 'skipped', 'pending']));
  });

  test('of an empty copy gives the same rows as living did', async () => {
    await wipe(ALL_BUT_THE_REGISTER);
    expect(await rebuildAll()).toBe(lived.threads.length);
    await expectCopy(lived);
  });

  test('of a wrong copy gives the same rows as living did', async () => {
    for (const sql of [
      `UPDATE chats SET seq = 99999, is_ended = 1 - is_ended, facts = '{}', overdue_after = 1`,
      `UPDATE members SET seq = 99999, is_participating = 1 - is_participating, facts = '{}'`,
      `INSERT INTO members (chat_id, member_id, seq, facts) SELECT id, 'nobody', 99999, '{}' FROM chats`,
      `INSERT INTO involvements SELECT 'somebody else', id, 1, 0 FROM chats`,
      'UPDATE involvements SET is_ended = 1 - is_ended',
      `UPDATE messages SET facts = '{}', id = 'x'`,
      `INSERT INTO messages SELECT id, 99999, 'm', '{}' FROM chats`,
      `INSERT INTO tags SELECT id, 'ghost', 99999, '{}' FROM chats`,
      'UPDATE invitations SET seq = 99999, invitee_id = id',
      `UPDATE reply_suggestions SET seq = 99999, facts = '{}'`,
      'UPDATE lanes SET version = 99999, accepted = 0',
      `UPDATE deliveries SET version = 99999, status = 'pending'`,
      'UPDATE threads SET seq = 99999, mapping_id = id, current_chat_id = id',
      'UPDATE rebuilds SET seq = 99999',
    ]) {
      await env.DB.prepare(sql).run();
    }
    await rebuildAll();
    await expectCopy(lived);
  });

  test('goes by the ids of the objects when the register is lost too', async () => {
    await wipe(COPY_TABLES);
    const ids = threads.map((thread) => env.THREADS.idFromName(thread).toString());
    expect((await rebuild({ ids })).json).toEqual({ rebuilt: 3, failed: [], next: null });
    await expectCopy(lived);
  });

  test('of the object is that of its log: its tables are as they were', async () => {
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

  test('goes on after a crash between its slices, and after D1 was away', async () => {
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
    for (let ring = 0; ring < 3; ring++) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 });
      await quiet();
    }
    await expectCopy(lived);
  });
});

describe('the slices of a rebuild', () => {
  /** Makes the thread's rebuild and catches the slices that it sends. */
  async function slicesOfRebuild(thread: string): Promise<Slice[]> {
    const slices: Slice[] = [];
    await runInDurableObject(env.THREADS.getByName(thread), (instance) => {
      const inside = instance as unknown as { env: Env };
      const write = async (_database: string, sent: Slice[]) => {
        slices.push(...structuredClone(sent));
        for (const slice of sent) await writeSlice(slice);
        return sent.map(() => ({ ok: true, share: { trips: 1, rowsRead: 0, rowsWritten: 0, milliseconds: 0 } }));
      };
      vi.spyOn(inside.env.PROJECTORS, 'getByName').mockReturnValue({ write } as never);
    });
    expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
    vi.restoreAllMocks();
    return slices;
  }

  async function writeSlice(slice: Slice): Promise<void> {
    const statements = sliceStatements([slice]);
    await env.DB.batch(statements.map(({ sql, parameters }) => env.DB.prepare(sql).bind(...parameters)));
  }

  test('that come late change nothing, not even the one that deletes', async () => {
    const { thread, chat_id, actor, grant } = await newVisitorChat();
    await execute(thread, { type: 'add_tag', chat_id, grant, actor, name: 'gone' });
    const slices = await slicesOfRebuild(thread);
    expect(slices[0]?.rebuild?.empties?.chat_ids).toEqual([chat_id]);
    await execute(thread, { type: 'remove_tag', chat_id, grant, actor, name: 'gone' });
    const newer = await slicesOfRebuild(thread);
    const copy = await dumpCopy();
    for (const slice of [...slices, ...newer, ...slices]) await writeSlice(slice);
    await expectCopy(copy);
    expect(copy.tags.filter((row) => (row as { chat_id: string }).chat_id === chat_id)).toEqual([]);
  });

  test('are not hidden by an older slice that comes between them', async () => {
    const channel = newChannel();
    const long = 'x'.repeat(9000);
    const messages = Array.from({ length: 1000 }, (_, index) => visitorMessage(`${index} ${long}`));
    const { chat_id } = await receive(receiveCommand(channel, 't', messages));
    const thread = objectOf(channel).name ?? '';
    await vi.waitFor(async () => expect(await count(chat_id)).toBe(1000));
    const copy = await dumpCopy();
    const slices = await slicesOfRebuild(thread);
    expect(slices.length).toBeGreaterThan(2);
    const [first, ...rest] = slices.map((slice) => ({ ...slice, rebuild: again(slice) }));
    const last = slices.at(-1);
    if (first === undefined || last === undefined) throw new Error('no slices');
    const { rebuild: _, ...older } = last;
    // The older slice, of the log's end, moves the chat's mark above all rows that the rebuild still has to bring.
    for (const slice of [first, older, ...rest]) await writeSlice(slice);
    await expectCopy(copy);
  });

  test('find what they delete by indexes', async () => {
    const [only] = await slicesOfRebuild(threads[0] ?? '');
    if (only === undefined) throw new Error('no slice');
    const deletes = sliceStatements([only]).filter(({ sql }) => sql.startsWith('DELETE'));
    expect(deletes).toHaveLength(10);
    for (const { sql, parameters } of deletes) {
      const plan = env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...parameters);
      const steps = (await plan.all<{ detail: string }>()).results.map(({ detail }) => detail);
      const table = /^DELETE FROM (\w+)/.exec(sql)?.[1];
      const own = steps.filter((detail) => detail.includes(` ${table} `));
      expect([table, own.map((detail) => detail.split(' ')[0])]).toEqual([table, own.map(() => 'SEARCH')]);
      expect(own.length).toBeGreaterThan(0);
    }
  });

  test('mend what an older program wrote between them', async () => {
    const { thread, chat_id } = await newVisitorChat();
    await quiet();
    const [only] = await slicesOfRebuild(thread);
    const copy = await dumpCopy();
    if (only?.rebuild === undefined) throw new Error('no slice');
    const rebuild = again(only);
    await writeSlice({ ...only, rows: {}, rebuild: { ...rebuild, seq: 0 } });
    // The rows of its last slice, with the same seq, but without the columns and facts that it did not know.
    const late = copy.chats.find((row) => (row as { id: string }).id === chat_id) as Record<string, unknown>;
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO chats (id, thread, seq, organization_id, chat_type, is_ended, is_waiting, is_pending, updated_at, facts)
         VALUES (?, ?, ?, 'o', 'visitor', 0, 0, 1, 1, '{}')`,
      ).bind(chat_id, thread, late['seq']),
      env.DB.prepare(
        `INSERT INTO members (chat_id, member_id, seq, facts)
         SELECT value ->> 0, value ->> 1, value ->> 2, '{}' FROM json_each(?)`,
      ).bind(`[${only.rows.members?.join()}]`),
    ]);
    await writeSlice({ ...only, rebuild: { ...rebuild, empties: null } });
    const rowsOf = (rows: unknown[]) => rows.filter((row) => Object.values(row as object).includes(chat_id));
    const mended = await dumpCopy();
    expect(rowsOf(mended.members)).toEqual(rowsOf(copy.members));
    const [chat] = rowsOf(mended.chats) as Record<string, unknown>[];
    expect(chat).toEqual({ ...late, organization_id: 'o', room_id: null, visitor_id: null });
  });

  /** The same slice, of a rebuild that comes after. */
  function again({ rebuild }: Slice) {
    if (rebuild === undefined) throw new Error('not a slice of a rebuild');
    return { ...rebuild, number: rebuild.number + 1 };
  }

  async function count(chatId: string): Promise<number> {
    const sql = 'SELECT count(*) AS count FROM messages WHERE chat_id = ?';
    return (await env.DB.prepare(sql).bind(chatId).first<{ count: number }>())?.count ?? 0;
  }
});

describe('commands during a rebuild', () => {
  test('are answered and reach the copy', async () => {
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
    await vi.waitFor(async () => {
      const { results } = await env.DB.prepare('SELECT seq FROM messages WHERE chat_id = ?').bind(chat_id).all();
      expect(results).toHaveLength(503);
    });
  });

  test('of an object that was evicted in its midst goes on as a rebuild', async () => {
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
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    await runDurableObjectAlarm(objectOf(channel));
    const { results } = await env.DB.prepare('SELECT name FROM tags WHERE chat_id = ?').bind(chat_id).all();
    expect(results).toEqual([]);
  });
});

describe('POST /admin/v1/rebuild', () => {
  test('refuses what is no cursor and no id, and who is no operator', async () => {
    expect((await rebuild({ cursor: 'x' })).json).toEqual({ cursor: ['Invalid cursor.'] });
    expect((await rebuild({ ids: ['x'] })).status).toBe(400);
    const stranger = await call('/admin/v1/rebuild', { method: 'POST', body: {}, authorization: 'Bearer x' });
    expect(stranger.status).toBe(401);
  });

  test('names what it could not rebuild and goes on with the rest', async () => {
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

  test('walks a register that is longer than a request, each thread once', async () => {
    const channels = Array.from({ length: 25 }, () => newChannel());
    for (const channel of channels) await receive(receiveCommand(channel, 't', [visitorMessage('hi')]));
    const { results } = await env.DB.prepare('SELECT id FROM threads').all();
    const first = await rebuild({});
    expect(first.json['rebuilt']).toBe(20);
    const numbers = () => env.DB.prepare('SELECT thread, number FROM rebuilds ORDER BY thread').all();
    await rebuildAll();
    const before = (await numbers()).results;
    expect(before.map(({ thread }) => thread)).toEqual(expect.arrayContaining(results.map(({ id }) => id)));
    expect(await rebuildAll()).toBe(results.length);
    const after = (await numbers()).results;
    expect(after.filter(({ number }, place) => number === before[place]?.['number'])).toEqual([]);
  });

  test('tells apart a thread whose rows D1 does not take', async () => {
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    const ids = [env.THREADS.idFromName(threads[2] ?? '').toString()];
    const failed = [{ thread: ids[0], error: 'not_copied_yet' }];
    expect((await rebuild({ ids })).json).toEqual({ rebuilt: 0, failed, next: null });
    onFault(null);
  });
});
