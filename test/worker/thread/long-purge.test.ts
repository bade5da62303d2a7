import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type FaultStep, onFault } from '../../../src/platform/faults.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import type { PurgeProgress } from '../../../src/thread/store/purges.ts';
import { eventually } from '../../support/eventually.ts';
import { passTime } from '../../support/worker/clock.ts';
import {
  type Channel,
  nameOf,
  newChannel,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  rowsOf,
  userMessage,
  visitorMessage,
} from '../../support/worker/threads.ts';

const SESSIONS = 3;
const MESSAGES = 2000;
const WEBHOOKS = 700;
/** More than a turn needs, and fewer than a look at all fingerprints would read. */
const ROWS_OF_A_TURN = { read: 5000, written: 2500 };

let channel: Channel;
/** The ids of the chats, oldest first. */
let chats: string[];

/** A thread of a channel with some thousand imported messages in several sessions, and webhooks in the first one. */
beforeAll(async () => {
  channel = newChannel();
  const agent = newUser(channel.organizationId);
  const variables = { username: 'canary Jane' };
  const replies = Array.from({ length: WEBHOOKS }, (_, index) => userMessage(`canary reply ${index}`, agent));
  const first = await receive(receiveCommand(channel, 't', replies, { variables }));
  chats = [first.chat_id];
  for (let session = 0; session < SESSIONS; session++) {
    const created_at = Date.now();
    const messages = Array.from({ length: MESSAGES }, (_, index) => ({
      ...visitorMessage(`canary ${session} ${index}`),
      created_at,
    }));
    const { chat_id } = await receive(receiveCommand(channel, 't', messages, { variables, close_session: true }));
    if (chat_id !== first.chat_id) chats.push(chat_id);
  }
});

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Where a purge is before each of its steps, and the rows that each transaction reads and writes. */
type Life = { steps: PurgeProgress[]; turns: { read: number; written: number }[] };

/** Between two lives the purge must not go on unwatched: the object's alarm may ring by itself. */
const stop = (place: FaultStep): void => {
  if (place === 'before a step of a purge') throw new Error('fault');
};

/** Watches the present life of the object, and calls `crash` before one of the steps. */
async function watchLife(crashBefore: number): Promise<Life> {
  const life: Life = { steps: [], turns: [] };
  await runInDurableObject(objectOf(channel), (_, { storage }) => {
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    const transactionSync = storage.transactionSync.bind(storage);
    let cursors: Pick<SqlStorageCursor<Record<string, SqlStorageValue>>, 'rowsRead' | 'rowsWritten'>[] = [];
    sql.exec = ((...parameters: Parameters<typeof exec>) => {
      const cursor = exec(...parameters);
      cursors.push(cursor);
      return cursor;
    }) as typeof exec;
    storage.transactionSync = (change) => {
      cursors = [];
      const answer = transactionSync(change);
      const sum = (count: 'rowsRead' | 'rowsWritten') => cursors.reduce((total, cursor) => total + cursor[count], 0);
      life.turns.push({ read: sum('rowsRead'), written: sum('rowsWritten') });
      return answer;
    };
    onFault((place, crash) => {
      if (place !== 'before a step of a purge') return;
      const { progress } = exec<{ progress: string }>('SELECT progress FROM purges WHERE finished_at IS NULL').one();
      life.steps.push(JSON.parse(progress) as PurgeProgress);
      if (life.steps.length < crashBefore) return;
      onFault(stop);
      crash();
    });
  });
  return life;
}

/** How far the purge of a chat is. */
function placeOf({ chat }: PurgeProgress): unknown[] {
  return [chat?.id, chat?.step, chat?.after_seq, chat?.after_key, chat?.after_delivery];
}

test('a purge of thousands of messages does little in a turn, goes on where it crashed, and leaves nothing', async () => {
  const { organizationId: organization_id } = channel;
  const order = { id: newUuid(Date.now()), organization_id, chat_id: null, covers: 'visitor', before: null } as const;
  const isDone = async () => {
    const answer = await threadStub(env, nameOf(channel))
      .purge({ v: 1, order })
      .catch(() => null);
    return answer?.ok === true && answer.answer.is_done;
  };
  // In the log, among the fingerprints and among the webhooks. The last life does the rest.
  const crashes = [5, 12, 25, Number.POSITIVE_INFINITY];
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const kept = receiveCommand(channel, 't', [visitorMessage('kept')]);
  const lives: Life[] = [];
  for (const crashBefore of crashes) {
    await evictDurableObject(objectOf(channel)).catch(() => null);
    const life = await watchLife(crashBefore);
    lives.push(life);
    for (let rings = 0; !(await isDone()) && life.steps.length < crashBefore; rings++) {
      if (rings > 60) throw new Error('the purge does not come to an end');
      passTime(301_000);
      await runDurableObjectAlarm(objectOf(channel)).catch(() => null);
    }
    // Other commands are answered meanwhile. The source's next message begins with another visitor.
    if (lives.length === 1) await eventually(async () => expect(await receive(kept)).toBeTruthy());
  }
  expect(lives.map(({ steps }) => steps.length)).toEqual([...crashes.slice(0, -1), expect.any(Number)]);
  const turns = lives.flatMap((life) => life.turns);
  expect(Math.max(...turns.map(({ read }) => read))).toBeLessThan(ROWS_OF_A_TURN.read);
  expect(Math.max(...turns.map(({ written }) => written))).toBeLessThan(ROWS_OF_A_TURN.written);
  // A command, and the copy at the end, may be tried again when D1 is slow.
  const inChats = lives.flatMap(({ steps }) => steps.filter(({ chat }) => chat !== null && chat.purged !== null));
  const places = inChats.map((progress) => JSON.stringify(placeOf(progress)));
  // Only the step before which it crashed comes again.
  expect(places.length - new Set(places).size).toBe(crashes.length - 1);
  expect(await rowsOf(channel, `SELECT seq FROM events WHERE type = 'purged'`)).toHaveLength(chats.length);

  const count = async (sql: string) =>
    (await rowsOf<{ count: number }>(channel, `SELECT count(*) AS count FROM ${sql}`))[0]?.count;
  expect(await count(`events WHERE event LIKE '%canary%'`)).toBe(0);
  expect(await count(`chats WHERE facts ->> '$.purged_at' IS NULL`)).toBe(1);
  expect(await count('received')).toBe(1);
  expect(await count(`deliveries WHERE body <> '' OR status <> 'skipped'`)).toBe(0);
  expect(await count('webhook_contents')).toBe(0);
  expect(await count(`events WHERE event ->> '$.message.message' = 'kept'`)).toBe(1);
  const copy = await env.DB.prepare(
    `SELECT count(*) AS messages, sum(facts ->> '$.message' IS NULL) AS purged FROM messages
     WHERE chat_id IN (SELECT value FROM json_each(?))`,
  )
    .bind(JSON.stringify(chats))
    .first();
  const messages = WEBHOOKS + SESSIONS * MESSAGES;
  expect(copy).toEqual({ messages, purged: messages });
});
