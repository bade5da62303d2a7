import { beforeEach, describe, expect, it } from 'vitest';
import { transitionsOf } from '../../../../src/domain/evolve.ts';
import { emptyThread } from '../../../../src/domain/state.ts';
import type { Audience } from '../../../../src/notifications/audience.ts';
import { KINDS, notificationsOf, type ThreadUpdate, type View } from '../../../../src/notifications/notifications.ts';
import type { Feed } from '../../../../src/rpc/live-hub.ts';
import { HubPublisher } from '../../../../src/thread/live/hub-publisher.ts';
import { open, say, visitorsChat } from '../../domain/decide/scene.ts';
import { VISITOR } from '../../domain/sample-events.ts';
import { ORGANIZATION, type ThreadModel } from '../../domain/thread-model.ts';
import { timersInMemory } from '../../platform/timers-in-memory.ts';

const HUB = `organization/${ORGANIZATION}`;
const OWN = `visitor/${VISITOR}`;
const AWAKE: Audience = { installations: [], hubs: [{ organization_id: ORGANIZATION, since: 0 }] };
const ASLEEP: Audience = { installations: [], hubs: [] };

/** A thread whose hubs remember what they were told. */
class Telling {
  readonly model: ThreadModel;
  readonly chatId: string;
  readonly fed: Feed[] = [];
  readonly checkpoints = new Map<string, number>();
  readonly failures: unknown[] = [];
  readonly mentioned: [hub: string, told: ThreadUpdate][] = [];
  recalls = 0;
  /** Whether hubs answer. */
  isReachable = true;
  /** A promise that holds answers back. */
  held: Promise<void> = Promise.resolve();
  now = 0;
  #committed = 0;
  readonly timers = timersInMemory(() => this.now);
  feed = this.restarted();

  constructor() {
    const { model, chatId } = visitorsChat();
    this.model = model;
    this.chatId = chatId;
    this.now = model.state.last_at;
  }

  restarted(): HubPublisher {
    return new HubPublisher({
      thread: () => {
        const { name, thread, last_seq } = this.model.state;
        return thread === null ? null : { name, facts: thread, last_seq };
      },
      feed: async (feed) => {
        await this.held;
        if (!this.isReachable) throw new Error('away');
        this.fed.push(feed);
        return { ok: true };
      },
      mention: async (hub, told) => {
        this.mentioned.push([hub, told]);
      },
      readCheckpoint: (hub) => this.checkpoints.get(hub) ?? null,
      writeCheckpoint: (hub, seq) => this.checkpoints.set(hub, seq),
      lastBefore: (time) => this.model.log.findLast(({ at }) => at < time)?.seq ?? 0,
      recall: (view, after, limit) => {
        this.recalls += 1;
        const { entries } = this.#toldAfter(view, after);
        return { entries: entries.slice(0, limit), upto: this.model.state.last_seq };
      },
      timers: this.timers,
      now: () => this.now,
      background: () => {},
      failed: (error) => this.failures.push(error),
    });
  }

  #toldAfter(view: View, after: number) {
    const steps = transitionsOf(emptyThread(this.model.state.name), this.model.log);
    const told = steps.filter(({ event }) => event.seq > after).map((each) => notificationsOf(each, view, KINDS));
    return { steps, entries: told.filter(({ notifications }) => notifications.length > 0) };
  }

  /** Tells of what the model has done since the last time. */
  commit(audience = AWAKE): void {
    const before = this.#committed;
    const { steps } = this.#toldAfter('organization', 0);
    this.#committed = this.model.state.last_seq;
    this.feed.committed(
      steps.filter(({ event }) => event.seq > before),
      before,
      audience,
    );
  }

  /** The events that a hub has heard of, with repeats. */
  heard(hub: string): number[] {
    return this.fed.filter((feed) => feed.hub === hub).flatMap(({ entries }) => entries.map(({ seq }) => seq));
  }

  seqs(): number[] {
    return this.#toldAfter('organization', 0).entries.map(({ seq }) => seq);
  }
}

describe('the live feed of a thread', () => {
  let telling: Telling;
  beforeEach(() => {
    telling = new Telling();
  });

  it('tells the organization’s hub and the visitor’s own, each in its view', async () => {
    telling.commit();
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(telling.seqs());
    const [forHub] = telling.fed.filter(({ hub }) => hub === HUB);
    const [forVisitor] = telling.fed.filter(({ hub }) => hub === OWN);
    expect(JSON.stringify(forHub)).toContain('room_name');
    expect(JSON.stringify(forVisitor)).not.toContain('room_name');
    expect(telling.recalls).toBe(0);
  });

  it('tells nobody who sleeps, but always the visitor', async () => {
    telling.commit(ASLEEP);
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual([]);
    expect(telling.heard(OWN)).not.toEqual([]);
  });

  it('has one call in flight; what comes meanwhile goes in the next', async () => {
    let release = () => {};
    telling.held = new Promise((resolve) => {
      release = resolve;
    });
    telling.commit();
    for (let count = 0; count < 5; count += 1) {
      telling.model.answer(say(telling.model, telling.chatId));
      telling.commit();
    }
    release();
    await telling.feed.settled();
    expect(telling.fed.filter(({ hub }) => hub === HUB)).toHaveLength(2);
    expect(telling.heard(HUB)).toEqual(telling.seqs());
  });

  it('tells again what a hub did not hear, after a while, and nothing twice that it did', async () => {
    telling.isReachable = false;
    telling.commit();
    await telling.feed.settled();
    expect(telling.failures).toHaveLength(2);
    expect(telling.timers.next()).toBe(telling.now + 1000);
    expect(telling.feed.isSettled(AWAKE)).toBe(false);
    telling.isReachable = true;
    telling.feed.catchUp(AWAKE);
    await telling.feed.settled();
    expect(telling.fed).toEqual([]);
    telling.now += 1000;
    telling.feed.catchUp(AWAKE);
    telling.feed.catchUp(AWAKE);
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(telling.seqs());
  });

  it('tells a hub that did not hear also when the audience is another by then, and then forgets it', async () => {
    telling.isReachable = false;
    telling.commit();
    await telling.feed.settled();
    telling.isReachable = true;
    telling.now += 1000;
    const told = telling.seqs();
    telling.feed.catchUp(ASLEEP);
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(told);
    telling.model.answer(say(telling.model, telling.chatId));
    telling.commit(ASLEEP);
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(told);
    expect(telling.heard(OWN)).toEqual(telling.seqs());
  });

  it('waits longer each time, at most five minutes', async () => {
    telling.isReachable = false;
    telling.commit(ASLEEP);
    await telling.feed.settled();
    const waits: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      waits.push((telling.timers.next() ?? 0) - telling.now);
      telling.now = telling.timers.next() ?? 0;
      // Nothing of it is only in memory.
      telling.feed = telling.restarted();
      telling.feed.catchUp(ASLEEP);
      await telling.feed.settled();
    }
    expect(waits.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(waits.at(-1)).toBe(300_000);
  });

  it('after a crash goes on from the checkpoint on disk, from the log', async () => {
    telling.commit();
    await telling.feed.settled();
    expect(telling.feed.isSettled(AWAKE)).toBe(false);
    telling.feed.writeCheckpoints();
    expect(telling.feed.isSettled(AWAKE)).toBe(true);
    expect(telling.restarted().isSettled(AWAKE)).toBe(true);
    expect(telling.checkpoints.get(HUB)).toBe(telling.model.state.last_seq);
    telling.model.answer(say(telling.model, telling.chatId));
    telling.fed.length = 0;
    telling.feed = telling.restarted();
    telling.feed.catchUp(AWAKE);
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(telling.seqs().filter((seq) => seq > (telling.checkpoints.get(HUB) ?? 0)));
    expect(telling.heard(HUB)).not.toEqual([]);
    expect(telling.recalls).toBeGreaterThan(0);
  });

  it('tells a hub that awakes of what has happened since, also if the thread learns of it late', async () => {
    telling.commit(ASLEEP);
    await telling.feed.settled();
    const since = telling.model.state.last_at + 6000;
    telling.model.answer(say(telling.model, telling.chatId), 10_000);
    telling.commit(ASLEEP);
    telling.feed.catchUp({ installations: [], hubs: [{ organization_id: ORGANIZATION, since }] });
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(telling.seqs().filter((seq) => (telling.model.log[seq - 1]?.at ?? 0) >= since));
    expect(telling.heard(HUB)).not.toEqual([]);
  });

  it('tells a hub also of what has happened shortly before: clocks differ', async () => {
    telling.commit(ASLEEP);
    await telling.feed.settled();
    const since = telling.model.state.last_at + 4000;
    telling.feed.catchUp({ installations: [], hubs: [{ organization_id: ORGANIZATION, since }] });
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(telling.seqs());
  });

  it('finds a hub that has awoken since the last commit', async () => {
    telling.commit(ASLEEP);
    await telling.feed.settled();
    telling.feed.writeCheckpoints();
    expect(telling.feed.isSettled(ASLEEP)).toBe(true);
    telling.feed.catchUp(AWAKE);
    await telling.feed.settled();
    expect(telling.heard(HUB)).toEqual(telling.seqs());
  });

  it('makes no second call to a hub while one is under way', async () => {
    telling.isReachable = false;
    telling.commit(ASLEEP);
    await telling.feed.settled();
    let release = () => {};
    telling.held = new Promise((resolve) => {
      release = resolve;
    });
    telling.isReachable = true;
    telling.now += 1000;
    telling.feed.catchUp(ASLEEP);
    telling.feed.catchUp(ASLEEP);
    release();
    await telling.feed.settled();
    expect(telling.fed).toHaveLength(1);
    expect(telling.timers.next()).toBeNull();
  });

  it('gives up telling what is older than a day', async () => {
    telling.isReachable = false;
    telling.commit(ASLEEP);
    await telling.feed.settled();
    telling.isReachable = true;
    telling.now += 25 * 3_600_000;
    telling.feed.catchUp(ASLEEP);
    await telling.feed.settled();
    telling.feed.writeCheckpoints();
    expect(telling.fed).toEqual([]);
    expect(telling.timers.next()).toBeNull();
    expect(telling.feed.isSettled(ASLEEP)).toBe(true);
  });

  it('does not tell of what is older than a day', async () => {
    telling.commit();
    await telling.feed.settled();
    telling.model.answer(open({ chat_id: telling.chatId, identity: null, actor: null }), 26 * 3_600_000);
    telling.model.answer(say(telling.model, telling.chatId));
    telling.fed.length = 0;
    telling.feed = telling.restarted();
    telling.now = telling.model.state.last_at;
    telling.feed.catchUp(AWAKE);
    await telling.feed.settled();
    const day = telling.now - 24 * 3_600_000;
    expect(telling.heard(HUB)).toEqual(telling.seqs().filter((seq) => (telling.model.log[seq - 1]?.at ?? 0) >= day));
  });

  it('does not disturb a thread whose checkpoint cannot move: a refusal counts as a failure', async () => {
    telling.held = Promise.reject(new Error('older'));
    telling.held.catch(() => {});
    telling.commit(ASLEEP);
    await telling.feed.settled();
    expect(telling.failures).toHaveLength(1);
    expect(telling.heard(OWN)).toEqual([]);
  });
});
