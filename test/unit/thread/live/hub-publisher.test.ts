import { beforeEach, describe, expect, it } from 'vitest';
import { transitionsOf } from '../../../../src/domain/evolve.ts';
import { emptyThread } from '../../../../src/domain/state.ts';
import type { Audience } from '../../../../src/notifications/audience.ts';
import { KINDS, notificationsOf, type ThreadUpdate, type View } from '../../../../src/notifications/notifications.ts';
import type { PublishRequest } from '../../../../src/rpc/live-hub.ts';
import { HubPublisher } from '../../../../src/thread/live/hub-publisher.ts';
import { open, say, visitorsChat } from '../../../support/sample-commands.ts';
import { VISITOR } from '../../../support/sample-events.ts';
import { ORGANIZATION, type ThreadModel } from '../../../support/thread-model.ts';
import { timersInMemory } from '../../../support/timers-in-memory.ts';

const HUB = `organization/${ORGANIZATION}`;
const OWN = `visitor/${VISITOR}`;
const AWAKE: Audience = { installations: [], hubs: [{ organization_id: ORGANIZATION, since: 0 }] };
const ASLEEP: Audience = { installations: [], hubs: [] };

/** A thread whose hubs record what was published. */
class PublishingThread {
  readonly model: ThreadModel;
  readonly chatId: string;
  readonly published: PublishRequest[] = [];
  readonly checkpoints = new Map<string, number>();
  readonly failures: unknown[] = [];
  readonly ephemeral: [hub: string, told: ThreadUpdate][] = [];
  recalls = 0;
  /** Whether hubs answer. */
  isReachable = true;
  /** A promise that holds answers back. */
  held: Promise<void> = Promise.resolve();
  now = 0;
  #committed = 0;
  readonly timers = timersInMemory(() => this.now);
  publisher = this.restarted();

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
      publish: async (feed) => {
        await this.held;
        if (!this.isReachable) throw new Error('away');
        this.published.push(feed);
        return { ok: true };
      },
      sendEphemeral: async (hub, told) => {
        this.ephemeral.push([hub, told]);
      },
      readCheckpoint: (hub) => this.checkpoints.get(hub) ?? null,
      writeCheckpoint: (hub, seq) => this.checkpoints.set(hub, seq),
      lastBefore: (time) => this.model.log.findLast(({ at }) => at < time)?.seq ?? 0,
      replay: (view, after, limit) => {
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
    const updates = steps.filter(({ event }) => event.seq > after).map((each) => notificationsOf(each, view, KINDS));
    return { steps, entries: updates.filter(({ notifications }) => notifications.length > 0) };
  }

  /** Publishes what the model has done since the last time. */
  commit(audience = AWAKE): void {
    const before = this.#committed;
    const { steps } = this.#toldAfter('organization', 0);
    this.#committed = this.model.state.last_seq;
    this.publisher.committed(
      steps.filter(({ event }) => event.seq > before),
      before,
      audience,
    );
  }

  /** The events that a hub has received, with repeats. */
  receivedBy(hub: string): number[] {
    return this.published.filter((feed) => feed.hub === hub).flatMap(({ entries }) => entries.map(({ seq }) => seq));
  }

  seqs(): number[] {
    return this.#toldAfter('organization', 0).entries.map(({ seq }) => seq);
  }
}

describe('the hub publisher', () => {
  let thread: PublishingThread;
  beforeEach(() => {
    thread = new PublishingThread();
  });

  it('publishes to the organization’s hub and the visitor’s, each in its view', async () => {
    thread.commit();
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(thread.seqs());
    const [forHub] = thread.published.filter(({ hub }) => hub === HUB);
    const [forVisitor] = thread.published.filter(({ hub }) => hub === OWN);
    expect(JSON.stringify(forHub)).toContain('room_name');
    expect(JSON.stringify(forVisitor)).not.toContain('room_name');
    expect(thread.recalls).toBe(0);
  });

  it('publishes to no hub that sleeps, but always to the visitor’s', async () => {
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual([]);
    expect(thread.receivedBy(OWN)).not.toEqual([]);
  });

  it('has one call in flight, and sends later updates in the next', async () => {
    let release = () => {};
    thread.held = new Promise((resolve) => {
      release = resolve;
    });
    thread.commit();
    for (let count = 0; count < 5; count += 1) {
      thread.model.answer(say(thread.model, thread.chatId));
      thread.commit();
    }
    release();
    await thread.publisher.settled();
    expect(thread.published.filter(({ hub }) => hub === HUB)).toHaveLength(2);
    expect(thread.receivedBy(HUB)).toEqual(thread.seqs());
  });

  it('repeats after a while what a hub has not acknowledged, and nothing else', async () => {
    thread.isReachable = false;
    thread.commit();
    await thread.publisher.settled();
    expect(thread.failures).toHaveLength(2);
    expect(thread.timers.next()).toBe(thread.now + 1000);
    expect(thread.publisher.isSettled(AWAKE)).toBe(false);
    thread.isReachable = true;
    thread.publisher.catchUp(AWAKE);
    await thread.publisher.settled();
    expect(thread.published).toEqual([]);
    thread.now += 1000;
    thread.publisher.catchUp(AWAKE);
    thread.publisher.catchUp(AWAKE);
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(thread.seqs());
  });

  it('repeats to a hub that has left the audience since, and then forgets it', async () => {
    thread.isReachable = false;
    thread.commit();
    await thread.publisher.settled();
    thread.isReachable = true;
    thread.now += 1000;
    const told = thread.seqs();
    thread.publisher.catchUp(ASLEEP);
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(told);
    thread.model.answer(say(thread.model, thread.chatId));
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(told);
    expect(thread.receivedBy(OWN)).toEqual(thread.seqs());
  });

  it('waits longer each time, at most five minutes', async () => {
    thread.isReachable = false;
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    const waits: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      waits.push((thread.timers.next() ?? 0) - thread.now);
      thread.now = thread.timers.next() ?? 0;
      // Nothing of it is in memory only.
      thread.publisher = thread.restarted();
      thread.publisher.catchUp(ASLEEP);
      await thread.publisher.settled();
    }
    expect(waits.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(waits.at(-1)).toBe(300_000);
  });

  it('continues from the stored checkpoint after a crash, from the log', async () => {
    thread.commit();
    await thread.publisher.settled();
    expect(thread.publisher.isSettled(AWAKE)).toBe(false);
    thread.publisher.writeCheckpoints();
    expect(thread.publisher.isSettled(AWAKE)).toBe(true);
    expect(thread.restarted().isSettled(AWAKE)).toBe(true);
    expect(thread.checkpoints.get(HUB)).toBe(thread.model.state.last_seq);
    thread.model.answer(say(thread.model, thread.chatId));
    thread.published.length = 0;
    thread.publisher = thread.restarted();
    thread.publisher.catchUp(AWAKE);
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(thread.seqs().filter((seq) => seq > (thread.checkpoints.get(HUB) ?? 0)));
    expect(thread.receivedBy(HUB)).not.toEqual([]);
    expect(thread.recalls).toBeGreaterThan(0);
  });

  it('sends a hub that wakes up everything since, even if the thread learns of it late', async () => {
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    const since = thread.model.state.last_at + 6000;
    thread.model.answer(say(thread.model, thread.chatId), 10_000);
    thread.commit(ASLEEP);
    thread.publisher.catchUp({ installations: [], hubs: [{ organization_id: ORGANIZATION, since }] });
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(
      thread.seqs().filter((seq) => (thread.model.log[seq - 1]?.at ?? 0) >= since),
    );
    expect(thread.receivedBy(HUB)).not.toEqual([]);
  });

  it('sends a hub also what happened shortly before, because clocks differ', async () => {
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    const since = thread.model.state.last_at + 4000;
    thread.publisher.catchUp({ installations: [], hubs: [{ organization_id: ORGANIZATION, since }] });
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(thread.seqs());
  });

  it('finds a hub that has woken up since the last commit', async () => {
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    thread.publisher.writeCheckpoints();
    expect(thread.publisher.isSettled(ASLEEP)).toBe(true);
    thread.publisher.catchUp(AWAKE);
    await thread.publisher.settled();
    expect(thread.receivedBy(HUB)).toEqual(thread.seqs());
  });

  it('makes no second call to a hub while one is in flight', async () => {
    thread.isReachable = false;
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    let release = () => {};
    thread.held = new Promise((resolve) => {
      release = resolve;
    });
    thread.isReachable = true;
    thread.now += 1000;
    thread.publisher.catchUp(ASLEEP);
    thread.publisher.catchUp(ASLEEP);
    release();
    await thread.publisher.settled();
    expect(thread.published).toHaveLength(1);
    expect(thread.timers.next()).toBeNull();
  });

  it('gives up what is older than a day after failures', async () => {
    thread.isReachable = false;
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    thread.isReachable = true;
    thread.now += 25 * 3_600_000;
    thread.publisher.catchUp(ASLEEP);
    await thread.publisher.settled();
    thread.publisher.writeCheckpoints();
    expect(thread.published).toEqual([]);
    expect(thread.timers.next()).toBeNull();
    expect(thread.publisher.isSettled(ASLEEP)).toBe(true);
  });

  it('does not publish what is older than a day', async () => {
    thread.commit();
    await thread.publisher.settled();
    thread.model.answer(open({ chat_id: thread.chatId, identity: null, actor: null }), 26 * 3_600_000);
    thread.model.answer(say(thread.model, thread.chatId));
    thread.published.length = 0;
    thread.publisher = thread.restarted();
    thread.now = thread.model.state.last_at;
    thread.publisher.catchUp(AWAKE);
    await thread.publisher.settled();
    const day = thread.now - 24 * 3_600_000;
    expect(thread.receivedBy(HUB)).toEqual(thread.seqs().filter((seq) => (thread.model.log[seq - 1]?.at ?? 0) >= day));
  });

  it('does not disturb a thread whose checkpoint cannot move: a refusal counts as a failure', async () => {
    thread.held = Promise.reject(new Error('older'));
    thread.held.catch(() => {});
    thread.commit(ASLEEP);
    await thread.publisher.settled();
    expect(thread.failures).toHaveLength(1);
    expect(thread.receivedBy(OWN)).toEqual([]);
  });
});
