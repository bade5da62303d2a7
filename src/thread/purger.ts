import { type Command, newCommandId } from '../domain/commands.ts';
import { isMessageChange } from '../domain/message-changes.ts';
import type { Result, ThreadRefusal } from '../domain/refusals.ts';
import type { ThreadFacts, ThreadState } from '../domain/state.ts';
import { fault } from '../platform/faults.ts';
import { RetriedRun } from '../platform/retried-run.ts';
import { withinTime } from '../platform/timeout.ts';
import type { Timers } from '../platform/timers.ts';
import { firstUuidAt, parseUuidVersion7 } from '../resources/uuid.ts';
import type { Checkpoint } from '../rpc/projector.ts';
import type { Executed, PurgeOrder, PurgeState } from '../rpc/thread.ts';
import type { Broadcast } from './live/broadcast.ts';
import type { Replica } from './replica/replica.ts';
import { loadChat } from './store/load.ts';
import {
  ABOVE_ALL,
  acceptKeyOrders,
  acceptOrder,
  type ChatProgress,
  deleteFingerprints,
  deleteSnapshots,
  findOrder,
  finishOrder,
  isCoveredChange,
  newestPurge,
  nextChat,
  nextKeyEnd,
  nextOrder,
  type PurgeProgress,
  rewriteEvents,
  writeProgress,
} from './store/purges.ts';
import type { Lanes } from './webhooks/lanes.ts';

/** The timer of the next attempt after a step of a purge has failed. */
export const PURGE_TIMER = 'purge';

export type PurgerDeps = {
  sql: SqlStorage;
  transaction: (change: () => void) => void;
  state: () => ThreadState;
  /** Makes the alarm go on soon with what a call leaves. */
  armAlarm: () => void;
  /** How long (ms) a call works. */
  patience: number;
  /** How far the replica should be. */
  latest: () => Checkpoint;
  replica: Replica;
  lanes: Lanes;
  broadcast: Broadcast;
  timers: Timers;
  execute: (command: Command) => Promise<Executed>;
  /** Deletes drafts in a chat, and notes about it, from before a time (ms; null: all). */
  purgeOwnTexts: (chatId: string, before: number | null) => Promise<void>;
  /** Whether the thread's channel wants webhooks of purges. */
  tellsChannel: () => Promise<boolean>;
  failed: (error: unknown) => void;
  crash: () => void;
};

type Purging = ChatProgress & { purged: NonNullable<ChatProgress['purged']> };

/**
 * The purges of a thread. An order goes from chat to chat: the command `purge`, then the earlier events in the log,
 * fingerprints and webhooks, in portions, so that other commands are answered meanwhile. Then D1 and the live hubs follow. A
 * row says how far it is, so it goes on after a crash; each step can be repeated.
 */
export class Purger {
  readonly #deps: PurgerDeps;
  readonly #run: RetriedRun;
  #until = 0;
  /** Whether an order is left; null when unknown. */
  #isLeft: boolean | null = null;

  constructor(deps: PurgerDeps) {
    this.#deps = deps;
    this.#run = new RetriedRun({ timers: deps.timers, timer: PURGE_TIMER, failed: deps.failed });
  }

  /** Whether no order is left. */
  get isIdle(): boolean {
    this.#isLeft ??= nextOrder(this.#deps.sql) !== null;
    return !this.#isLeft;
  }

  /** When the alarm must ring for an order, or for the key of an ended chat (ms); null when none is left. */
  dueAt(now: number): number | null {
    const { sql, timers } = this.#deps;
    return this.isIdle ? nextKeyEnd(sql) : (timers.dueAt(PURGE_TIMER) ?? now);
  }

  /** Takes an order for each ended chat whose key is to be forgotten by now. */
  takeDueKeys(): void {
    const { sql, state, transaction } = this.#deps;
    const { thread } = state();
    const now = Date.now();
    if (thread === null || (nextKeyEnd(sql) ?? Number.POSITIVE_INFINITY) > now) return;
    transaction(() => acceptKeyOrders(sql, thread, now));
    this.#isLeft = null;
  }

  /** Stores an order of the thread, unless it is known. */
  #accept(order: PurgeOrder, thread: ThreadFacts): void {
    const { sql, transaction } = this.#deps;
    if (findOrder(sql, order.id) !== null) return;
    transaction(() => acceptOrder(sql, order, thread, Date.now()));
    this.#isLeft = null;
  }

  /** Takes an order, and works on it for a while. The alarm goes on. The same order again is only asked for. */
  async take(order: PurgeOrder): Promise<Result<PurgeState>> {
    const { sql, state, armAlarm, patience } = this.#deps;
    const { thread } = state();
    const { chat_id, organization_id } = order;
    if (thread?.organization_id !== organization_id) return refused({ reason: 'thread_not_found' });
    if (chat_id !== null && !loadChat(sql, state(), chat_id).chats.has(chat_id)) {
      return refused({ reason: 'chat_not_found' });
    }
    this.#accept(order, thread);
    armAlarm();
    await withinTime(this.run(Date.now() + patience), patience);
    return { ok: true, answer: this.stateOf(order.id) };
  }

  /** Whether an order was accepted and is done: nothing of what it covers is left. */
  stateOf(id: string): PurgeState {
    return findOrder(this.#deps.sql, id) ?? { is_done: false, visitor_ids: [] };
  }

  /** Works on the orders until `until` (ms) at the latest, unless it backs off. Never rejects. */
  run(until: number): Promise<void> {
    this.#until = Math.max(this.#until, until);
    return this.isIdle ? Promise.resolve() : this.#run.begin(() => this.#work());
  }

  async #work(): Promise<void> {
    const { sql, timers } = this.#deps;
    for (let next = nextOrder(sql); next !== null && Date.now() < this.#until; next = nextOrder(sql)) {
      fault('before a step of a purge', this.#deps.crash);
      if (!(await this.#step(next))) break;
      // Lets other commands in.
      await scheduler.wait(0);
    }
    this.#isLeft = null;
    timers.clear(PURGE_TIMER);
  }

  /** Takes the next step of an order. False when it must wait for others. */
  async #step(progress: PurgeProgress): Promise<boolean> {
    const { sql } = this.#deps;
    const { chat } = progress;
    if (chat === null) {
      const next = nextChat(sql, progress);
      if (next === null) return this.#end(progress);
      return this.#write({ ...progress, chat: beginning(next) });
    }
    const { purged } = chat;
    if (purged === null) return this.#command(progress, chat);
    const purging = { ...chat, purged };
    switch (chat.step) {
      case 'log':
        return this.#rewriteLog(progress, purging);
      case 'fingerprints':
        return this.#deleteFingerprints(progress, purging);
      case 'webhooks':
        return this.#purgeWebhooks(progress, purging);
    }
  }

  async #command(progress: PurgeProgress, chat: ChatProgress): Promise<true> {
    const { sql, execute, tellsChannel } = this.#deps;
    const { organization_id, covers, before } = progress.order;
    const { id: chat_id, command_id } = chat;
    const tells_channel = covers !== 'key' && (await tellsChannel());
    const what = { chat_id, organization_id, covers, before, tells_channel };
    const { result } = await execute({ v: 1, type: 'purge', command_id, ...what });
    if (!result.ok) throw new Error(`refused: ${result.refusal.reason}`);
    const purged = newestPurge(sql, chat_id);
    if (purged === null) throw new Error('a purge that was accepted has an event');
    return this.#write({ ...progress, upto_seq: Math.max(progress.upto_seq, purged.seq), chat: { ...chat, purged } });
  }

  #rewriteLog(progress: PurgeProgress, chat: Purging): true {
    const { sql, transaction } = this.#deps;
    transaction(() => {
      deleteSnapshots(sql, chat.purged);
      const { upto, rewritten, first_kept } = rewriteEvents(sql, chat.purged, chat.after_seq);
      const first = rewritten[0]?.seq ?? Number.POSITIVE_INFINITY;
      const from = Math.min(progress.rewritten_from ?? Number.POSITIVE_INFINITY, first);
      const end = chat.is_over === true ? 0 : (first_kept ?? Number.POSITIVE_INFINITY);
      const messages = rewritten.filter(({ type, seq }) => type === 'message_added' && seq < end);
      const changes = rewritten.filter(isMessageChange);
      writeProgress(sql, {
        ...progress,
        rewritten_from: Number.isFinite(from) ? from : null,
        chat: {
          ...chat,
          step: upto === null ? 'fingerprints' : 'log',
          after_seq: upto ?? chat.after_seq,
          covered_seq: messages.at(-1)?.seq ?? chat.covered_seq,
          late_seq: changes.at(-1)?.seq ?? chat.late_seq ?? 0,
          is_over: chat.is_over === true || first_kept !== null,
        },
      });
    });
    return true;
  }

  #deleteFingerprints(progress: PurgeProgress, chat: Purging): true {
    const { sql, transaction } = this.#deps;
    transaction(() => {
      const after_key = deleteFingerprints(sql, chat.id, coveredUpto(chat), chat.after_key ?? null);
      const next = after_key === null ? { step: 'webhooks' as const } : { after_key };
      writeProgress(sql, { ...progress, chat: { ...chat, ...next } });
    });
    return true;
  }

  /** The last step of a chat. */
  #purgeWebhooks(progress: PurgeProgress, chat: Purging): boolean {
    const { lanes } = this.#deps;
    // Webhooks that a commit has left tell what was before the purge. They are made first, and end as skipped.
    if (!lanes.makeRest().isDone) return false;
    const { sql } = this.#deps;
    const upto = coveredUpto(chat);
    const after = lanes.purge({
      chat_id: chat.id,
      upto,
      late: { upto: Math.max(upto, chat.late_seq ?? 0), isCovered: (seq) => isCoveredChange(sql, seq, chat.purged) },
      after: chat.after_delivery,
    });
    if (after !== null) return this.#write({ ...progress, chat: { ...chat, after_delivery: after } });
    return this.#write({ ...progress, chat: null, chats_before: chat.id });
  }

  /** D1 gets what was rewritten, and live hubs forget it. Drafts and notes go. Then the order is done. */
  async #end(progress: PurgeProgress): Promise<boolean> {
    const { sql, transaction, replica, broadcast, latest } = this.#deps;
    const { order, rewritten_from, upto_seq: upto, copied_at } = progress;
    if (copied_at === null) {
      if (rewritten_from !== null) replica.rewind(rewritten_from - 1);
      return this.#write({ ...progress, copied_at: latest() });
    }
    const { chat_id, before } = order;
    if (upto > 0) await broadcast.purge({ chat_id, upto, before });
    if (!replica.has(copied_at)) await replica.run(this.#until);
    if (!replica.has(copied_at)) return false;
    if (!(await this.#purgeOwnTexts(progress))) return true;
    transaction(() => finishOrder(sql, progress, Date.now()));
    return true;
  }

  /**
   * Deletes drafts and notes, chat by chat. D1 has the purge of the chats by now and refuses new ones, so none comes later.
   * False when the time is over.
   */
  async #purgeOwnTexts(progress: PurgeProgress): Promise<boolean> {
    const { sql, purgeOwnTexts } = this.#deps;
    const nextBefore = (id: string) => nextChat(sql, { ...progress, chats_before: id });
    for (let next = nextBefore(progress.texts_before ?? ABOVE_ALL); next !== null; next = nextBefore(next.id)) {
      if (Date.now() >= this.#until) return false;
      await purgeOwnTexts(next.id, progress.order.before);
      this.#write({ ...progress, texts_before: next.id });
    }
    return true;
  }

  #write(progress: PurgeProgress): true {
    const { sql, transaction } = this.#deps;
    transaction(() => writeProgress(sql, progress));
    return true;
  }
}

function refused(refusal: ThreadRefusal): { ok: false; refusal: ThreadRefusal } {
  return { ok: false, refusal };
}

function beginning({ id, first_seq }: { id: string; first_seq: number }): ChatProgress {
  return {
    id,
    command_id: newCommandId(),
    purged: null,
    step: 'log',
    // The event that opens a thread comes before the start of its chat.
    after_seq: Math.max(0, first_seq - 2),
    covered_seq: 0,
    after_delivery: firstUuidAt(parseUuidVersion7(id)?.at ?? 0),
  };
}

/** Up to which `seq` the chat is purged: all before the purge, or up to the last message from before its time. */
function coveredUpto({ purged, covered_seq }: Purging): number {
  return purged.before === null ? purged.seq - 1 : covered_seq;
}
