import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { type ThreadEvent, upcastEvent } from '../../../src/domain/events.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { emptyThread } from '../../../src/domain/state.ts';
import { upgradeTables } from '../../../src/thread/store/checkpoint.ts';
import { SCHEMA } from '../../../src/thread/store/schema.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { TABLES_OF_VERSION_1 } from '../../support/worker/store-v1.ts';
import {
  alarmOf,
  execute,
  memberGrant,
  newUser,
  newVisitorChat,
  read,
  readMessages,
} from '../../support/worker/threads.ts';
import stored from '../../unit/domain/golden-log-v1.json' with { type: 'json' };

const events = stored as unknown as ThreadEvent[];
const chatId = events[0]?.chat_id ?? '';
const name = threadNameOfChat(chatId) ?? '';
const replayed = events.map(upcastEvent).reduce(evolve, emptyThread(name));
const AGENT = '018f0000-0000-7000-8000-0000000000a1';

const object = () => env.THREADS.getByName(name);

/**
 * An object as the first program left it: facts without the new keys, and a replica that is acknowledged to its end.
 */
beforeEach(async () => {
  await runInDurableObject(object(), (_instance, { storage }) => {
    const { sql } = storage;
    const thread = JSON.stringify(replayed.thread);
    for (const statement of TABLES_OF_VERSION_1) sql.exec(statement);
    sql.exec(`INSERT INTO thread (one, facts, acknowledged_seq) VALUES (1, ?, ?)`, thread, events.length);
    for (const event of events) {
      sql.exec('INSERT INTO events VALUES (?, ?, ?, ?)', event.seq, event.chat_id, event.type, JSON.stringify(event));
    }
    const chat = replayed.chats.get(chatId);
    if (chat === undefined) throw new Error('the log has no chat');
    const { is_private: _, lifetime: __, last_activity_at: ___, ...old } = chat.facts;
    sql.exec(`INSERT INTO chats VALUES (?, ?, ?, ?, '[]')`, chatId, chat.first_seq, chat.seq, JSON.stringify(old));
    for (const { seq, facts } of chat.members.values()) {
      const member = JSON.stringify({ ...facts, composing_status: 'typed' });
      sql.exec('INSERT INTO members VALUES (?, ?, ?, ?)', chatId, facts.member_id, seq, member);
    }
  });
  await evictDurableObject(object());
});

afterEach(async () => {
  vi.useRealTimers();
  await runInDurableObject(object(), (_, { storage }) => storage.deleteAll());
  await evictDurableObject(object());
});

const agent = { id: AGENT, organization_id: replayed.thread?.organization_id ?? '' };
const grant = memberGrant(agent);

test('an object of the first schema answers as its log says', async () => {
  const { chat } = await read(name, { v: 1, type: 'read_chat', chat_id: chatId, grant });
  expect(chat).toEqual(replayed.chats.get(chatId)?.facts);
  const { members } = await read(name, { v: 1, type: 'read_members', chat_id: chatId, grant });
  const facts = members.map(({ composing_status, ...member }) => {
    expect(composing_status).toBe('idle');
    return member;
  });
  expect(facts).toEqual([...(replayed.chats.get(chatId)?.members.values() ?? [])].map((member) => member.facts));
  const { messages } = await readMessages(name, chatId, agent);
  expect(messages.map(({ message }) => message.attachments)).toEqual(messages.map(() => []));
  expect((await read(name, { v: 1, type: 'read_tags', chat_id: chatId, grant })).tags).toEqual([]);
});

test('an object of the first schema takes commands that the first program did not know', async () => {
  const actor = newUser(replayed.thread?.organization_id ?? '', { id: AGENT });
  await execute(name, { type: 'add_tag', chat_id: chatId, grant, actor, name: 'old' });
  const { tags } = await read(name, { v: 1, type: 'read_tags', chat_id: chatId, grant });
  expect(tags.map((tag) => tag.name)).toEqual(['old']);
  const seqs = await runInDurableObject(object(), (_, { storage }) =>
    storage.sql.exec<{ seq: number }>('SELECT seq FROM events ORDER BY seq').toArray(),
  );
  expect(seqs.map(({ seq }) => seq)).toEqual(seqs.map((_, place) => place + 1));
});

testAlarm('an object of the first schema is upgraded once, and updates its replica by itself', async (ring) => {
  await env.DB.prepare('INSERT OR REPLACE INTO members (chat_id, member_id, seq, facts) VALUES (?, ?, 11, ?)')
    .bind(chatId, AGENT, '{}')
    .run();
  await read(name, { v: 1, type: 'read_chat', chat_id: chatId, grant });
  passTime(31_000);
  expect(await ring(object())).toBe(true);
  const { results } = await env.DB.prepare('SELECT member_id, seq, is_ended FROM members WHERE chat_id = ?')
    .bind(chatId)
    .all();
  // The last event ended the chat, which changes its members.
  expect(results).toHaveLength(2);
  expect(results.map(({ seq, is_ended }) => [seq, is_ended])).toEqual([
    [events.length, 1],
    [events.length, 1],
  ]);
  const upkeep = () => runInDurableObject(object(), (_, { storage }) => storage.sql.exec('SELECT * FROM upkeep').one());
  const before = await upkeep();
  expect(before).toMatchObject({ schema: SCHEMA, rebuild_seq: null });
  await evictDurableObject(object());
  expect(await upkeep()).toEqual(before);
});

test('an object that was lost right after its upgrade still updates its replica', async () => {
  await runInDurableObject(object(), (_, { storage }) => storage.deleteAlarm());
  await evictDurableObject(object());
  const alarm = await alarmOf(object());
  expect(alarm).not.toBeNull();
});

/** The columns of each table, and the indexes, of an object. */
function tablesOf(thread: string): Promise<Map<unknown, unknown>> {
  return runInDurableObject(env.THREADS.getByName(thread), (_, { storage: { sql } }) => {
    const made = sql.exec(`SELECT name, type FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'`).toArray();
    return new Map(
      made.map(({ name: table, type }) => [
        table,
        type === 'table'
          ? sql.exec(`SELECT name, type FROM pragma_table_info(?) ORDER BY name`, table).toArray()
          : type,
      ]),
    );
  });
}

test('an upgraded object has the columns of a new one', async () => {
  await read(name, { v: 1, type: 'read_chat', chat_id: chatId, grant });
  const upgraded = await tablesOf(name);
  const { thread, chat_id, actor } = await newVisitorChat();
  const member = memberGrant(actor);
  await execute(thread, { type: 'add_tag', chat_id, grant: member, actor, name: 'new' });
  const fresh = await tablesOf(thread);
  expect([...fresh.keys()]).toEqual(
    expect.arrayContaining(['thread', 'events', 'chats', 'members', 'received', 'tags']),
  );
  for (const [table, columns] of upgraded)
    if (fresh.has(table)) expect([table, columns]).toEqual([table, fresh.get(table)]);
});

test('an object of the second schema gets what is missing, and its replica is not rebuilt', async () => {
  const { thread, chat_id, actor } = await newVisitorChat();
  const young = env.THREADS.getByName(thread);
  await runInDurableObject(young, (_, { storage: { sql } }) => {
    for (const statement of TABLES_OF_VERSION_1) {
      if (/TABLE (lanes|deliveries|suggestions|attempts)|INDEX/.test(statement)) sql.exec(statement);
    }
    sql.exec('CREATE INDEX suggestions_by_chat ON suggestions (chat_id, id)');
    sql.exec(`ALTER TABLE chats ADD COLUMN recent_commands TEXT NOT NULL DEFAULT '[]'`);
    sql.exec('ALTER TABLE thread DROP COLUMN audience');
    sql.exec('ALTER TABLE thread DROP COLUMN salt');
    sql.exec('UPDATE upkeep SET schema = 2');
  });
  await evictDurableObject(young);
  const grant = memberGrant(actor);
  await execute(thread, { type: 'add_tag', chat_id, grant, actor, name: 'new' });
  const tables = await tablesOf(thread);
  const columns = (table: string) => (tables.get(table) as { name: string }[]).map((column) => column.name);
  expect(columns('lanes')).toEqual(expect.arrayContaining(['organization_id', 'skipped_uninstalled']));
  expect(columns('deliveries')).toEqual(expect.arrayContaining(['webhook_id', 'channel', 'resource_id']));
  expect(columns('thread')).toEqual(expect.arrayContaining(['audience', 'salt']));
  expect(columns('chats')).not.toContain('recent_commands');
  const upkeep = await runInDurableObject(young, (_, { storage }) => storage.sql.exec('SELECT * FROM upkeep').one());
  expect(upkeep).toMatchObject({ schema: SCHEMA, rebuild_number: 0, rebuild_seq: null });
});

test('the tables of a later schema are not changed', async () => {
  await runInDurableObject(object(), (_, { storage }) => {
    expect(() => upgradeTables(storage.sql, SCHEMA + 1, Date.now())).toThrow('newer than this program');
  });
});
