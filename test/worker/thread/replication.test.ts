import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { onFault } from '../../../src/platform/faults.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import {
  BATCH_BYTES,
  BATCH_ROWS,
  type Checkpoint,
  projectorStub,
  type ReplicaBatch,
} from '../../../src/rpc/projector.ts';
import { ReplicatedFlags } from '../../../src/thread/replica/chat-flags.ts';
import { readNextBatch } from '../../../src/thread/replica/next-batch.ts';
import { RecentEvents } from '../../../src/thread/replica/recent-events.ts';
import { readVersion } from '../../../src/thread/store/checkpoint.ts';
import { loadThread } from '../../../src/thread/store/load.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { writeBatches } from '../../support/worker/batches.ts';
import { passTime } from '../../support/worker/clock.ts';
import { replaceProjector } from '../../support/worker/projector.ts';
import {
  accepted,
  allRooms,
  type Channel,
  memberGrant,
  nameOf,
  newChannel,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  stubOf,
  userMessage,
  visitorMessage,
} from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** All batches of a thread's log from its beginning, as a replication that starts again would send them. */
function batchesOf(channel: Channel): Promise<ReplicaBatch[]> {
  return runInDurableObject(objectOf(channel), (_, state) => {
    const { sql } = state.storage;
    const { state: thread } = loadThread(sql, nameOf(channel));
    const latest = { seq: thread.last_seq, version: readVersion(sql) };
    const memory = { tail: new RecentEvents(), flags: new ReplicatedFlags() };
    const read = (checkpoint: Checkpoint) =>
      readNextBatch({ sql, state: thread, ...memory, latest, rebuild: null, isNarrow: false }, checkpoint);
    const batches: ReplicaBatch[] = [];
    let from = { seq: 0, version: 0 };
    for (let next = read(from); next !== null; ) {
      if (next.batch !== null) batches.push(next.batch);
      from = next.upto;
      next = read(from);
    }
    return batches;
  });
}

/** D1's rows of a chat, to be compared before and after. */
async function copyOf(chatId: string) {
  const read = async (sql: string) => (await env.DB.prepare(sql).bind(chatId).all()).results;
  return {
    chat: await read('SELECT * FROM chats WHERE id = ?'),
    members: await read('SELECT * FROM members WHERE chat_id = ? ORDER BY member_id'),
    messages: await read('SELECT * FROM messages WHERE chat_id = ? ORDER BY seq'),
    deliveries: await read('SELECT * FROM deliveries WHERE chat_id = ? ORDER BY id'),
  };
}

/** Makes the projector accept the first calls of a thread and then fail until it is restored. */
async function failProjectorAfter(channel: Channel, taken: number) {
  let calls = 0;
  let isAway = true;
  await replaceProjector(nameOf(channel), async (real, database, batches) => {
    calls += 1;
    if (calls > taken && isAway) throw new Error('fault: D1 is away');
    return await real(database, batches);
  });
  const comeBack = () => {
    isAway = false;
  };
  return { calls: () => calls, comeBack };
}

const rowCount = (batch: ReplicaBatch) => Object.values(batch.rows).reduce((sum, rows) => sum + rows.length, 0);

describe('a request larger than a batch', () => {
  testAlarm(
    'reaches D1 completely although the projector fails between its batches, and late repeats change nothing',
    async (ring) => {
      const channel = newChannel();
      const user = newUser(channel.organizationId);
      const long = 'x'.repeat(9000);
      const messages = Array.from({ length: 500 }, (_, index) =>
        index % 100 === 99 ? userMessage(`${index} ${long}`, user) : visitorMessage(`${index} ${long}`, `m-${index}`),
      );
      const projector = await failProjectorAfter(channel, 1);
      const answer = await receive(receiveCommand(channel, 't', messages, { variables: { username: 'Jane' } }));
      await eventually(() => expect(projector.calls()).toBeGreaterThanOrEqual(2));
      expect((await copyOf(answer.chat_id)).messages.length).toBeGreaterThan(0);
      expect((await copyOf(answer.chat_id)).messages.length).toBeLessThan(500);
      projector.comeBack();
      passTime(301_000);
      await ring(objectOf(channel));
      const copied = await copyOf(answer.chat_id);
      expect(copied.messages.map(({ place }) => place)).toEqual(answer.message_ids);
      expect(copied.deliveries).toHaveLength(5);

      const batches = await batchesOf(channel);
      expect(batches.length).toBeGreaterThan(1);
      for (const batch of batches.toReversed()) await writeBatches([batch]);
      await writeBatches(batches);
      expect(await copyOf(answer.chat_id)).toEqual(copied);
    },
  );

  testAlarm('stays within the bounds of a batch and of a stored value, whatever its variables are', async (ring) => {
    const channel = newChannel();
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, '']));
    const large = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`long ${index}`, '\u0001'.repeat(100_000)]),
    );
    await receive(receiveCommand(channel, 't', [visitorMessage('x')], { variables: { ...many, ...large } }));
    const [longest] = await runInDurableObject(objectOf(channel), (_, state) =>
      state.storage.sql
        .exec<{ bytes: number }>('SELECT max(length(CAST(event AS BLOB))) AS bytes FROM events')
        .toArray(),
    );
    expect(longest?.bytes).toBeLessThan(2_000_000);
    for (const batch of await batchesOf(channel)) {
      expect(rowCount(batch)).toBeLessThanOrEqual(BATCH_ROWS);
      expect(batch.size).toBeLessThanOrEqual(BATCH_BYTES + 1_000_000);
    }
    const stored = await env.DB.prepare('SELECT count(*) AS count FROM visitor_variables WHERE thread = ?')
      .bind(nameOf(channel))
      .first<{ count: number }>();
    passTime(301_000);
    await ring(objectOf(channel));
    expect(stored?.count).toBeLessThanOrEqual(5020);
  });

  test('with a long user name does not grow by the number of messages that show it', async () => {
    const channel = newChannel();
    const messages = Array.from({ length: 50 }, (_, index) => visitorMessage('x', `m-${index}`));
    const username = '\u{1F600}'.repeat(100_000);
    await receive(receiveCommand(channel, 't', messages, { variables: { username } }));
    const [log] = await runInDurableObject(objectOf(channel), (_, state) =>
      state.storage.sql
        .exec<{ bytes: number }>('SELECT sum(length(CAST(event AS BLOB))) AS bytes FROM events')
        .toArray(),
    );
    expect(log?.bytes).toBeLessThan(1_500_000);
  });
});

describe('two batches of one thread', () => {
  test('that meet in one transaction in the wrong order leave the newer rows', async () => {
    const channel = newChannel();
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    const { chat_id } = await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
    const [older] = await batchesOf(channel);
    await receive(receiveCommand(channel, 't', [visitorMessage('two')], { variables: { username: 'Jane' } }));
    const [newer] = await batchesOf(channel);
    if (older === undefined || newer === undefined) throw new Error('no batches');
    onFault(null);
    await writeBatches([newer, older]);
    const { members, messages, chat } = await copyOf(chat_id);
    expect(members.map(({ facts }) => JSON.parse(String(facts)).name)).toEqual(['Jane']);
    expect(messages).toHaveLength(2);
    expect(JSON.parse(String(chat[0]?.['facts'])).visitor_message_count).toBe(2);
  });
});

describe('the rows that a command writes', () => {
  test('do not grow with the sessions and members that it does not change', async () => {
    const channel = newChannel();
    const users = Array.from({ length: 5 }, () => newUser(channel.organizationId));
    const crowd = users.map((user) => userMessage('import', user));
    await receive(receiveCommand(channel, 't', [visitorMessage('old'), ...crowd], { close_session: true }));
    await receive(receiveCommand(channel, 't', [visitorMessage('new')]));
    const { cost } = await stubOf(channel, 't').execute(receiveCommand(channel, 't', [visitorMessage('next')]));
    expect(cost.thread.rowsWritten).toBe(3);
    expect(cost.d1.rowsWritten).toBe(2);
  });

  test('do not include the suggestion that a reply selects', async () => {
    const channel = newChannel();
    const agent = newUser(channel.organizationId);
    const opening = await receive(receiveCommand(channel, 't', [visitorMessage('q'), userMessage('a', agent)]));
    const stub = stubOf(channel, 't');
    const head = { v: 1 as const, chat_id: opening.chat_id, actor: agent, rooms: allRooms(channel.organizationId) };
    const suggested = accepted(
      (
        await stub.execute({
          ...head,
          type: 'add_reply_suggestion',
          command_id: crypto.randomUUID(),
          message_id: opening.message_ids[0] ?? '',
          grant: memberGrant(agent),
          suggestion: 's',
          relevancy_score: null,
        })
      ).result,
    ) as { suggestion: { id: string } };
    const post = async (selected: string | null) => {
      const command_id = crypto.randomUUID();
      const selected_reply_suggestion_id = selected;
      return (
        await stub.execute({
          ...head,
          type: 'post_message',
          command_id,
          message: 'm',
          selected_reply_suggestion_id,
          attachments: [],
          attachment_template: null,
        })
      ).cost.thread.rowsWritten;
    };
    expect(await post(suggested.suggestion.id)).toBe(await post(null));
  });

  test('do not include the thread and the visitor again when a variable stays as it was', async () => {
    const channel = newChannel();
    const variables = { username: 'Jane', city: 'Oulu' };
    await receive(receiveCommand(channel, 't', [visitorMessage('one')], { variables }));
    const { cost } = await stubOf(channel, 't').execute(
      receiveCommand(channel, 't', [visitorMessage('two')], { variables }),
    );
    // The event of the variables next to those of a plain message, and the two variables in D1.
    expect(cost.thread.rowsWritten).toBe(4);
    expect(cost.d1.rowsWritten).toBe(4);
  });
});

describe('a projector', () => {
  test('refuses a batch that its buffer cannot hold, and accepts it afterwards', async () => {
    const thread = nameOf(newChannel());
    const row = JSON.stringify([newUuid(Date.now()), newUuid(Date.now()), newUuid(Date.now()), 1]);
    const batch: ReplicaBatch = { v: 4, thread, rows: { visitors: [row] }, size: 5_000_000 };
    const busy = { ok: false, reason: 'busy' };
    const stub = projectorStub(env, 'DB', thread);
    const [first, ...others] = await stub.write('DB', [batch, batch, batch]);
    expect(first?.ok).toBe(true);
    expect(others).toEqual([busy, busy]);
    expect(await stub.write('DB', [batch])).toMatchObject([{ ok: true }]);
  });

  test('writes the valid batches of a transaction that fails because of a bad row', async () => {
    const thread = nameOf(newChannel());
    const stub = projectorStub(env, 'DB', thread);
    const good = (id: string): ReplicaBatch => ({
      v: 4,
      thread,
      rows: { visitors: [JSON.stringify([id, newUuid(1), newUuid(2), 1])] },
      size: 100,
    });
    const bad: ReplicaBatch = {
      v: 4,
      thread,
      rows: { visitors: [JSON.stringify([newUuid(3), null, null, 'x'])] },
      size: 100,
    };
    const ids = [newUuid(4), newUuid(5), newUuid(6)];
    const answers = await stub.write('DB', [good(ids[0] ?? ''), good(ids[1] ?? ''), bad, good(ids[2] ?? '')]);
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.reason))).toEqual(['ok', 'ok', 'rejected', 'ok']);
    const found = await env.DB.prepare('SELECT id FROM visitors WHERE id IN (?, ?, ?)')
      .bind(...ids)
      .all();
    expect(found.results).toHaveLength(3);
  });
});
