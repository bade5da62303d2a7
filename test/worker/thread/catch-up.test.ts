import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { insertOrganization } from '../../../src/directory/organizations.ts';
import { keepHubAwake } from '../../../src/directory/subscriptions.ts';
import { type AnswerOf, type Command, newCommandId } from '../../../src/domain/commands.ts';
import { type ThreadEvent, upcastEvent } from '../../../src/domain/events.ts';
import { transitionsOf } from '../../../src/domain/evolve.ts';
import { emptyThread } from '../../../src/domain/state.ts';
import { KINDS, notificationsOf, type ThreadUpdate, type View } from '../../../src/notifications/notifications.ts';
import { organizationHub, type PublishRequest, visitorHub } from '../../../src/rpc/live-hub.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { replayUpdates } from '../../../src/thread/live/replay-updates.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { AT, database } from '../../support/worker/directory-rows.ts';
import { accepted, type CommandBody, newVisitorChat, nextVisitorChat } from '../../support/worker/threads.ts';

const HOUR = 3_600_000;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A visitor's thread with an agent. The hubs of the agent's organization and of the visitor get its updates. */
class Conversation {
  readonly #opened: Awaited<ReturnType<typeof newVisitorChat>>;
  chatId: string;
  /** What hubs have received, by their names, and whether they can be reached. */
  readonly fed = new Map<string, PublishRequest[]>();
  isAway = false;

  private constructor(opened: Awaited<ReturnType<typeof newVisitorChat>>) {
    this.#opened = opened;
    this.chatId = opened.chat_id;
  }

  static async begin(): Promise<Conversation> {
    const conversation = new Conversation(await newVisitorChat());
    const { actor } = conversation.#opened;
    await insertOrganization(database, {
      id: actor.organization_id,
      name: 'Harbour',
      has_active_subscription: 1,
      private_chats: 0,
      private_chat_history: 0,
      message_list_days: null,
      chat_retention_days: null,
      unanswered_retention_days: 7,
      created_at: AT,
    });
    await keepHubAwake(database, actor.organization_id, Date.now() - HOUR, Date.now() + 24 * HOUR);
    await conversation.meetHubs();
    return conversation;
  }

  get thread(): string {
    return this.#opened.thread;
  }

  get object() {
    return env.THREADS.getByName(this.thread);
  }

  get hubs(): [View, string][] {
    const { actor, visitor_id } = this.#opened;
    return [
      ['organization', organizationHub(actor.organization_id)],
      ['visitor', visitorHub(visitor_id)],
    ];
  }

  /** Puts the test's hubs into the object's environment; needed for each instance. */
  async meetHubs(): Promise<void> {
    await runInDurableObject(this.object, (instance) => {
      const inside = instance as unknown as { env: Env };
      vi.spyOn(inside.env.LIVE, 'getByName').mockImplementation(((hub: string) => ({
        feed: async (feed: PublishRequest) => {
          if (this.isAway) throw new Error('the hub is away');
          this.fed.set(hub, [...(this.fed.get(hub) ?? []), structuredClone(feed)]);
          return { ok: true };
        },
        mention: async () => {},
      })) as never);
    });
  }

  /** Sends a command as a courier who loses the batch: D1 does not matter in these tests. */
  async send<C extends CommandBody>(command: C): Promise<AnswerOf<Command & C>> {
    const whole = { v: 1, command_id: newCommandId(), ...command } as Command & C;
    const { result } = await threadStub(env, this.thread).execute(whole, { acknowledged: [] });
    return accepted(result) as AnswerOf<Command & C>;
  }

  async say(count: number): Promise<string[]> {
    const { visitor_id } = this.#opened;
    const ids: string[] = [];
    for (let place = 0; place < count; place++) {
      const content = { type: 'msg', message: `text ${place}` } as const;
      const { message } = await this.send({ type: 'post_visitor_message', chat_id: this.chatId, visitor_id, content });
      ids.push(message.id);
    }
    return ids;
  }

  async suggest(message_id: string): Promise<(score: number) => Promise<unknown>> {
    const { actor, grant } = this.#opened;
    const of = { chat_id: this.chatId, message_id, grant, actor };
    const { suggestion } = await this.send({
      type: 'add_reply_suggestion',
      ...of,
      suggestion: 'It is on its way.',
      relevancy_score: null,
    });
    return (relevancy_score) =>
      this.send({ type: 'update_reply_suggestion', ...of, suggestion_id: suggestion.id, relevancy_score });
  }

  /** Ends the session and begins another. */
  async rotate(): Promise<void> {
    const { grant } = this.#opened;
    await this.send({ type: 'update_chat', chat_id: this.chatId, grant, is_ended: true, is_waiting: null });
    const { chat } = await this.send(nextVisitorChat(this.#opened, this.chatId));
    expect(chat.id).not.toBe(this.chatId);
    this.chatId = chat.id;
  }

  async tag(name: string): Promise<void> {
    const { actor, grant } = this.#opened;
    await this.send({ type: 'add_tag', chat_id: this.chatId, grant, actor, name });
  }

  async rename(name: string): Promise<void> {
    const { visitor_id } = this.#opened;
    await this.send({ type: 'rename_visitor', chat_id: this.chatId, visitor_id, name });
  }

  /** The whole log, and the updates that it gives for a kind of hub. */
  async log(): Promise<{ events: ThreadEvent[]; updates: (view: View) => ThreadUpdate[] }> {
    const rows = await runInDurableObject(this.object, (_, { storage: { sql } }) =>
      sql.exec<{ event: string }>('SELECT event FROM events ORDER BY seq').toArray(),
    );
    const events = rows.map(({ event }) => upcastEvent(JSON.parse(event) as { v: number }));
    const updates = (view: View) =>
      transitionsOf(emptyThread(this.thread), events)
        .map((step) => notificationsOf(step, view, KINDS))
        .filter(({ notifications }) => notifications.length > 0);
    return { events, updates };
  }

  /** The hub's checkpoint. */
  checkpointOf(hub: string): number {
    return this.fed.get(hub)?.at(-1)?.upto ?? 0;
  }
}

describe('a hub that was away', () => {
  testAlarm('gets the updates of the whole log after hundreds of events and several sessions', async (ring) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const conversation = await Conversation.begin();
    const early = await conversation.say(240);
    const rate = await conversation.suggest(early[0] ?? '');
    // The hubs' checkpoints are stored.
    passTime(8000);
    await ring(conversation.object, () => conversation.meetHubs());
    const heard = (await conversation.log()).events.length;
    for (const [, hub] of conversation.hubs) expect(conversation.checkpointOf(hub)).toBe(heard);
    const checkpoints = conversation.hubs.map(([, hub]) => conversation.checkpointOf(hub));
    conversation.isAway = true;
    const [asked = ''] = await conversation.say(110);
    await rate(0.5);
    await conversation.suggest(asked);
    await conversation.rename('Jane');
    await conversation.rotate();
    await rate(0.1);
    const [question = ''] = await conversation.say(110);
    await conversation.tag('vip');
    await (await conversation.suggest(question))(0.9);
    await conversation.rotate();
    await conversation.rename('Jane Doe');
    await conversation.say(10);
    conversation.fed.clear();
    const comeBack = async () => {
      conversation.isAway = false;
      await conversation.meetHubs();
    };
    // Before the object's next instance, which must not use what this one has in memory.
    passTime(301_000);
    await ring(conversation.object, comeBack);
    await comeBack();
    passTime(301_000);
    await ring(conversation.object, comeBack);

    const { events, updates } = await conversation.log();
    const snapshots = await runInDurableObject(conversation.object, (_, { storage: { sql } }) =>
      sql.exec<{ seq: number }>('SELECT seq FROM snapshots WHERE chat IS NOT NULL').toArray(),
    );
    for (const [place, [view, hub]] of conversation.hubs.entries()) {
      const checkpoint = checkpoints[place] ?? 0;
      expect(events.length - checkpoint).toBeGreaterThan(200);
      expect(snapshots.some(({ seq }) => seq <= checkpoint)).toBe(true);
      const missed = updates(view).filter(({ seq }) => seq > checkpoint);
      const fed = conversation.fed.get(hub) ?? [];
      expect(fed.flatMap(({ entries }) => entries)).toEqual(structuredClone(missed));
      expect(conversation.checkpointOf(hub)).toBe(events.length);
    }
    const kinds = updates('organization').flatMap(({ seq, notifications }) =>
      seq > (checkpoints[0] ?? 0) ? notifications.map(({ kind, action }) => `${kind} ${action}`) : [],
    );
    expect(kinds).toEqual(
      expect.arrayContaining(['chat added', 'chat changed', 'reply_suggestion added', 'reply_suggestion changed']),
    );
  });
});

/** The rows that are read to replay `count` events after a checkpoint. */
function rowsReadFor({ object }: Conversation, after: number, count: number): Promise<number> {
  return runInDurableObject(object, (_, { storage: { sql } }) => {
    const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
    const exec: SqlStorage['exec'] = (query, ...values) => {
      const cursor = sql.exec(query, ...values);
      cursors.push(cursor);
      return cursor as never;
    };
    const { upto } = replayUpdates({ exec } as unknown as SqlStorage, 'organization', after, count);
    expect(upto).toBe(after + count);
    return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
  });
}

describe('the replay for a hub that missed something', () => {
  test('gives the updates of the whole log, wherever it starts and however many sessions it covers', async () => {
    const conversation = await Conversation.begin();
    conversation.isAway = true;
    vi.spyOn(console, 'error').mockImplementation(() => {});
    for (const count of [230, 20, 210]) {
      const [question = ''] = await conversation.say(count);
      await (await conversation.suggest(question))(0.5);
      await conversation.rename(`Jane ${count}`);
      await conversation.rotate();
      await conversation.tag('vip');
    }
    const { events, updates } = await conversation.log();
    await runInDurableObject(conversation.object, (_, { storage: { sql } }) => {
      for (const [view] of conversation.hubs) {
        const all = updates(view);
        for (let after = 0; after < events.length; after += 7) {
          const { entries, upto } = replayUpdates(sql, view, after, 100);
          expect(upto).toBe(Math.min(after + 100, events.length));
          expect(entries).toEqual(all.filter(({ seq }) => seq > after && seq <= upto));
        }
      }
    });
  });

  test('costs reads by the number of new events, not by the length of the log', async () => {
    const conversation = await Conversation.begin();
    await conversation.say(300);
    await conversation.rotate();
    await conversation.say(600);
    // At the log's beginning, in its first session, across to the next one, within that, and after 500 and 800 events.
    for (const after of [0, 100, 250, 280, 400, 500, 800]) {
      const ofFifty = await rowsReadFor(conversation, after, 50);
      const ofHundred = await rowsReadFor(conversation, after, 100);
      // Each event is found and then read; a further session has snapshots of its own.
      expect(ofHundred - ofFifty).toBeGreaterThanOrEqual(100);
      expect(ofHundred - ofFifty).toBeLessThan(100 + 20);
      // From the last snapshot on, which is at most 200 events before.
      expect(ofFifty).toBeLessThan(2 * 50 + 200 + 30);
    }
  });

  test('reads the log once for all changed suggestions of earlier times', async () => {
    const conversation = await Conversation.begin();
    const rates = [];
    for (const message of await conversation.say(40)) rates.push(await conversation.suggest(message));
    await conversation.say(500);
    const checkpoint = (await conversation.log()).events.length;
    for (const rate of rates) await rate(0.5);
    const ofTwenty = await rowsReadFor(conversation, checkpoint, 20);
    const ofForty = await rowsReadFor(conversation, checkpoint, 40);
    // Each suggestion is found, looked up in the log and read.
    expect(ofForty - ofTwenty).toBeLessThan(4 * 20);
  });
});
