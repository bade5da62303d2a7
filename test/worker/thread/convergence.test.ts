import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { upcastEvent } from '../../../src/domain/events.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { statementsFor } from '../../../src/read-model/write-batches.ts';
import type { Checkpoint, ReplicaBatch } from '../../../src/rpc/projector.ts';
import { commandThread, threadStub } from '../../../src/rpc/thread.ts';
import { ReplicatedFlags } from '../../../src/thread/replica/chat-flags.ts';
import { readNextBatch } from '../../../src/thread/replica/next-batch.ts';
import { RecentEvents } from '../../../src/thread/replica/recent-events.ts';
import { loadThread } from '../../../src/thread/store/load.ts';
import { emptyHub } from '../../support/worker/empty-hub.ts';
import { newRandomThread, randomFrom } from '../../support/worker/random-thread.ts';
import { dumpCopy } from '../../support/worker/rich-history.ts';

beforeEach(emptyHub);
afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
});

type Sent = { batch: ReplicaBatch; upto: Checkpoint };

/**
 * Sends batches as a thread with several in flight does: each continues after what was sent, and knows what was
 * acknowledged.
 */
class Sender {
  readonly #thread: string;
  readonly #random: () => number;
  readonly #flags = new ReplicatedFlags();
  #checkpoint: Checkpoint = { seq: 0, version: 0 };
  readonly sent: Sent[] = [];
  readonly #arrived = new Set<Sent>();

  constructor(thread: string, random: () => number) {
    this.#thread = thread;
    this.#random = random;
  }

  /** Sends the next batch, which ends anywhere in the events since the last one. */
  async send(isWhole = false): Promise<void> {
    const read = await runInDurableObject(env.THREADS.getByName(this.#thread), (_, { storage: { sql } }) => {
      const { state } = loadThread(sql, this.#thread);
      const rows = sql.exec<{ event: string }>(
        'SELECT event FROM events WHERE seq > ? ORDER BY seq',
        this.#checkpoint.seq,
      );
      const events = Array.from(rows, ({ event }) => upcastEvent(JSON.parse(event) as { v: number }));
      const tail = new RecentEvents();
      tail.commit(isWhole ? events : events.slice(0, 1 + Math.floor(this.#random() * events.length)));
      const latest = { seq: state.last_seq, version: 0 };
      return readNextBatch(
        { sql, state, tail, flags: this.#flags, latest, rebuild: null, isNarrow: false },
        this.#checkpoint,
      );
    });
    if (read === null || read.batch === null) return;
    this.#checkpoint = read.upto;
    this.sent.push({ batch: read.batch, upto: read.upto });
  }

  /** A batch reaches D1. What is acknowledged is the log up to the first batch that has not arrived. */
  async arrive(sent: Sent): Promise<void> {
    const statements = statementsFor([sent.batch], 'copy');
    await env.DB.batch(statements.map(({ sql, parameters }) => env.DB.prepare(sql).bind(...parameters)));
    this.#arrived.add(sent);
    const open = this.sent.findIndex((each) => !this.#arrived.has(each));
    const last = open === -1 ? this.sent.at(-1) : this.sent[open - 1];
    if (last !== undefined) this.#flags.acknowledge(last.upto.seq);
  }
}

for (const seed of [1, 3, 4]) {
  test(`lost, doubled and reordered batches make the same copy as a rebuild, once all have arrived (${seed})`, async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    // The thread's own batches never arrive.
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    const random = randomFrom(seed);
    const { thread, chat, command, answered } = await newRandomThread(random);
    const sender = new Sender(thread, random);
    const under: Sent[] = [];
    for (let turn = 0; turn < 100; turn++) {
      const { result } = await commandThread(env, thread, command());
      if (result.ok) answered(result.answer);
      if (random() < 0.7) {
        const count = sender.sent.length;
        await sender.send();
        under.push(...sender.sent.slice(count));
      }
      // Some of the batches in flight arrive, in any order, some of them twice.
      while (under.length > 0 && random() < 0.7) {
        const place = Math.floor(random() * under.length);
        const sent = under[place] as Sent;
        if (random() < 0.8) under.splice(place, 1);
        await sender.arrive(sent);
      }
    }
    await sender.send(true);
    const rowsOf = (table: 'chats' | 'chats_with_known_flags') =>
      sender.sent.flatMap(({ batch }) => batch.rows[table] ?? []).length;
    expect(rowsOf('chats')).toBeGreaterThan(10);
    expect(rowsOf('chats_with_known_flags')).toBeGreaterThan(3);
    for (const sent of sender.sent) await sender.arrive(sent);
    const settled = await dumpCopy();
    expect(settled.chats.some((row) => (row as { id: string }).id === chat())).toBe(true);
    expect(settled.tags.some((row) => (row as { facts: unknown }).facts === null)).toBe(true);
    onFault(null);
    expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
    expect(await dumpCopy()).toEqual(settled);
  });
}
