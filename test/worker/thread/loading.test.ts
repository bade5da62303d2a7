import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ThreadIdentity, threadName } from '../../../src/domain/address.ts';
import type { Command, OpenVisitorChat } from '../../../src/domain/commands.ts';
import { type ThreadEvent, upcastEvent } from '../../../src/domain/events.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { rewriteEvents } from '../../../src/thread/store/purges.ts';
import { replayLog } from '../../../src/thread/store/replay.ts';
import { IDENTITY, ThreadModel } from '../../support/thread-model.ts';
import { USERS_IDENTITY, VISITOR_IDENTITY } from '../../support/thread-people.ts';
import { commandOf, openingStep, step } from '../../support/thread-steps.ts';
import { setClock } from '../../support/worker/clock.ts';
import { accepted, execute, memberGrant, newVisitorChat } from '../../support/worker/threads.ts';

/** A day ahead, so that no alarm rings by itself. */
const STARTS_AT = Date.now() + 86_400_000;
const FOLDED = ['chats', 'members', 'tags', 'invitations', 'suggestions'];

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const objectOf = (name: string) => env.THREADS.getByName(name);
const inStore = <T>(name: string, work: (storage: DurableObjectStorage) => T | Promise<T>) =>
  runInDurableObject(objectOf(name), (_, { storage }) => work(storage));

async function restart(name: string): Promise<void> {
  await evictDurableObject(objectOf(name));
  vi.restoreAllMocks();
  await runInDurableObject(objectOf(name), (instance) => {
    const inside = instance as unknown as { env: Env };
    const watch = async ({ is_present }: { is_present: boolean }) => ({ is_present });
    vi.spyOn(inside.env.USERS, 'getByName').mockReturnValue({ watch, unwatch: async () => {} } as never);
  });
}

async function restartEmpty(name: string): Promise<void> {
  await inStore(name, async (storage) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
  });
  await restart(name);
}

function derivedTables(name: string): Promise<unknown[]> {
  return inStore(name, ({ sql }) => {
    const made = new Set(
      sql
        .exec('SELECT name FROM sqlite_master')
        .toArray()
        .map((row) => row['name']),
    );
    return FOLDED.map((table) => (made.has(table) ? sql.exec(`SELECT * FROM ${table} ORDER BY 1, 2`).toArray() : []));
  });
}

/** What an object does after each command `purge`: it rewrites the log before it, and the rows of suggestions. */
function rewriteLog(name: string, log: readonly ThreadEvent[]): Promise<void> {
  return inStore(name, ({ sql }) => {
    for (const event of log) {
      if (event.type !== 'purged') continue;
      for (let after: number | null = 0; after !== null; ) after = rewriteEvents(sql, event, after).upto;
    }
  });
}

async function eventsAfter(name: string, seq: number): Promise<ThreadEvent[]> {
  const rows = await inStore(name, ({ sql }) =>
    sql.exec<{ event: string }>('SELECT event FROM events WHERE seq > ? ORDER BY seq', seq).toArray(),
  );
  return rows.map(({ event }) => upcastEvent(JSON.parse(event) as { v: number }));
}

const IS_RANDOM = new Set(['attachments', 'encrypted_message', 'encrypted_symmetric_key']);

/** Ids of attachments and ciphertexts are random. All other ids follow from the time and the position in the log. */
function withoutRandom(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (key, value: unknown) => (IS_RANDOM.has(key) ? value !== null : value)));
}

/**
 * Sends the command to the object, which must decide as the rules do with the whole state. The model then takes over
 * its log.
 */
async function compare(model: ThreadModel, command: Command, pause: number): Promise<void> {
  const { state, log } = model;
  const { length } = log;
  const expected = model.execute(command, pause);
  const { received } = model.state;
  const { result } = await threadStub(env, state.name).execute(command);
  if (!expected.ok) {
    expect(result).toEqual({ ok: false, refusal: expected.refusal });
    return;
  }
  const events = await eventsAfter(state.name, length);
  expect(events.map(({ type }) => type)).toEqual(expected.events.map(({ type }) => type));
  log.splice(length, log.length, ...events);
  model.state = { ...events.reduce(evolve, state), received, messages: new Map(), answered: null };
  const answer = withoutRandom(accepted(result));
  // The first command to a channel's thread makes random ids.
  if (length > 0) expect(answer).toEqual(withoutRandom(expected.answer));
  const again = await threadStub(env, state.name).execute(command);
  expect(withoutRandom(accepted(again.result))).toEqual(answer);
}

describe.each<ThreadIdentity>([IDENTITY, VISITOR_IDENTITY, USERS_IDENTITY])('an object of kind $kind', (identity) => {
  test('decides from what it loads as from the whole state, and its tables equal the replay of its log', async () => {
    const name = threadName(identity);
    const pause = fc.oneof(fc.constant(3), fc.nat({ max: 90_000 }));
    const turn = fc.record({ of: step, pause, restarts: fc.nat({ max: 5 }).map((chance) => chance === 0) });
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 60, size: 'max' }), async (turns) => {
        await restartEmpty(name);
        const model = new ThreadModel(STARTS_AT, name);
        const sent: Command[] = [];
        let now = STARTS_AT;
        for (const each of [{ of: openingStep(identity), pause: 1, restarts: false }, ...turns]) {
          const command = commandOf(each.of, model, identity, sent, STARTS_AT);
          if (command === null) continue;
          now += each.pause;
          setClock(now);
          if (each.restarts) await restart(name);
          await compare(model, command, each.pause);
          sent.push(command);
        }
        // Once, with what is in memory. The restarts between the commands already show what another instance loads.
        await runDurableObjectAlarm(objectOf(name));
        await rewriteLog(name, model.log);
        const lived = await derivedTables(name);
        await inStore(name, (storage) => storage.transactionSync(() => replayLog(storage.sql, name)));
        expect(await derivedTables(name)).toEqual(lived);
      }),
      { numRuns: 8 },
    );
  });
});

test('the retry of a visitor’s chat that was opened two sessions ago is answered with that chat', async () => {
  setClock(Date.now());
  const first = await newVisitorChat();
  const { thread, visitor_id, room, actor } = first;
  const end = (chat_id: string) => {
    const grant = memberGrant(actor);
    return execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
  };
  const open = (command_id: string): OpenVisitorChat => {
    const place = { visitor_id, room, organization_id: room.organization_id, database: 'DB' };
    const head = { v: 1 as const, type: 'open_visitor_chat' as const, command_id, chat_id: first.chat_id };
    const rest = { visitor_name: null, is_private: false, lifetime: { idle: null, total: null }, is_kept_out: false };
    return { ...head, ...place, ...rest, identity: null, chat_type: 'visitor', actor, is_present: true };
  };
  await end(first.chat_id);
  const second = await execute(thread, open('the command'));
  await end(second.chat.id);
  const third = await execute(thread, open('another'));
  const retried = await execute(thread, open('the command'));
  expect(retried.chat.id).toBe(second.chat.id);
  expect(retried.is_new).toBe(true);
  expect(third.chat.id).not.toBe(second.chat.id);
});

test('a log of long messages is replayed a few megabytes at a time', async () => {
  const { thread, chat_id, visitor_id } = await newVisitorChat();
  const content = { type: 'msg' as const, message: 'x'.repeat(100_000) };
  for (let place = 0; place < 90; place++) {
    await execute(thread, { type: 'post_visitor_message', chat_id, visitor_id, content });
  }
  const lived = await derivedTables(thread);
  const written = await inStore(thread, ({ sql }) => {
    let chats = 0;
    const exec = (statement: string, ...parameters: SqlStorageValue[]) => {
      if (statement.startsWith('INSERT INTO chats')) chats += 1;
      return sql.exec(statement, ...parameters);
    };
    replayLog({ exec } as unknown as SqlStorage, thread);
    return chats;
  });
  expect(written).toBe(3);
  expect(await derivedTables(thread)).toEqual(lived);
});
