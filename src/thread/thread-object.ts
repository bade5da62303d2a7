import { DurableObject } from 'cloudflare:workers';
import { type Cost, noCost } from '../db/cost.ts';
import { threadNameOfChat } from '../domain/address.ts';
import type { Command } from '../domain/commands.ts';
import type { Decision } from '../domain/decide/recorder.ts';
import { type ChannelTarget, isSameTarget } from '../domain/events.ts';
import { withSalt } from '../domain/fingerprints.ts';
import { grantRefusal } from '../domain/grants.ts';
import type { Query, Reading } from '../domain/queries.ts';
import type { Result, ThreadRefusal } from '../domain/refusals.ts';
import { emptyThread, type ThreadState } from '../domain/state.ts';
import type { Audience } from '../notifications/audience.ts';
import { AlarmClock } from '../platform/alarm-clock.ts';
import { fault } from '../platform/faults.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { withinTime } from '../platform/timeout.ts';
import { Timers } from '../platform/timers.ts';
import type { ClaimResult, Lane, LeasedDelivery, ReportAnswer } from '../rpc/lane.ts';
import type { BatchRange, BatchResult, Checkpoint, HandedBatch, ReplicaBatch } from '../rpc/projector.ts';
import { projectorStub } from '../rpc/projector.ts';
import type { Courier, EventPage, Executed, LogPage, Rebuilt, Removal, ThreadStub } from '../rpc/thread.ts';
import { ALARM_AFTER, ALARM_WORK, Sweep } from './alarm.ts';
import { answerQuery, readEventPage, readLogPage, readSource } from './answer-query.ts';
import { type Committed, targetAfter, toldOf, writeCommit } from './commit.ts';
import { decideCommand } from './decide-command.ts';
import { isKeptFromApps } from './live/audience-scope.ts';
import type { Broadcast } from './live/broadcast.ts';
import { Typing } from './live/typing.ts';
import { makeBroadcast, makeLanes, makePurger, makeReplica, makeWatch, type ThreadObjectContext } from './parts.ts';
import { followedChat, type PresenceWatch } from './presence-watch.ts';
import type { Purger } from './purger.ts';
import { Remover } from './remover.ts';
import type { Replica } from './replica/replica.ts';
import { StorageSize } from './storage-size.ts';
import { readVersion, upgradeTables } from './store/checkpoint.ts';
import { readCounted } from './store/counted.ts';
import { keepCurrentChat, loadChat, loadForCommand, loadThread, nameChat } from './store/load.ts';
import { RecentCommands } from './store/recent-commands.ts';
import { readRemoved } from './store/removed.ts';
import { SCHEMA, schemaOf } from './store/schema.ts';
import { fanOutWebhooks } from './webhooks/fan-out.ts';
import type { Lanes } from './webhooks/lanes.ts';

/** Longest wait for D1 (ms) after a commit without a courier. */
const WAIT_FOR_COPY = 1000;
/** Longest wait (ms) for a rebuild, and for an answer of the projector. Both may go on by themselves. */
const WAIT_FOR_REBUILD = 60_000;
const WAIT_FOR_PROJECTOR = 60_000;

/**
 * The object of a thread: it gives the state, the time and ids to `decide` and writes the decision in one transaction.
 * Nothing is awaited between reading the state and the commit, so commands run one after the other.
 */
export class ThreadObject extends DurableObject<Env> implements ThreadStub {
  readonly #sql: SqlStorage;
  #state: ThreadState;
  #channelTarget: ChannelTarget | null = null;
  /** Replaced by the stored one. A new thread stores it with its first commit. */
  #salt: string | null = crypto.randomUUID();
  readonly #timers: Timers;
  readonly #commands: RecentCommands;
  readonly #replica: Replica;
  readonly #lanes: Lanes;
  readonly #alarmClock: AlarmClock;
  readonly #watch: PresenceWatch;
  readonly #broadcast: Broadcast;
  readonly #purger: Purger;
  readonly #remover: Remover;
  readonly #sweep: Sweep;
  readonly #typing = new Typing();
  readonly #size: StorageSize;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#size = new StorageSize(this.#sql);
    this.#state = emptyThread(ctx.id.name ?? '');
    this.#alarmClock = new AlarmClock(ctx, (error) => this.#logFailure('arm_failed', error));
    this.#timers = new Timers({ sql: this.#sql, armBy: (at) => this.#alarmClock.armBy(at) });
    this.#commands = new RecentCommands(this.#sql);
    const context: ThreadObjectContext = {
      ctx,
      env,
      state: () => this.#state,
      timers: this.#timers,
      alarmClock: this.#alarmClock,
      execute: (command) => this.execute(command),
      failed: (event, error) => this.#logFailure(event, error),
    };
    this.#lanes = makeLanes(context);
    this.#watch = makeWatch(context);
    this.#broadcast = makeBroadcast(context);
    const schema = schemaOf(this.#sql);
    if (schema > 0 && schema !== SCHEMA)
      ctx.storage.transactionSync(() => upgradeTables(this.#sql, schema, Date.now()));
    if (schema > 0) this.#load();
    else this.#beginAgain();
    const copy = { latest: () => this.#latest(), write: (batch: ReplicaBatch) => this.#writeBatch(batch) };
    this.#replica = makeReplica(context, copy, schema > 0 ? null : this.#latest());
    this.#purger = makePurger(context, this.#replica, this.#lanes, this.#broadcast);
    this.#remover = new Remover({ ...context, replica: this.#replica, lanes: this.#lanes, purger: this.#purger });
    this.#sweep = new Sweep({
      ...context,
      replica: this.#replica,
      lanes: this.#lanes,
      broadcast: this.#broadcast,
      watch: this.#watch,
      purger: this.#purger,
    });
    ctx.blockConcurrencyWhile(async () => {
      await this.#alarmClock.start();
      if (this.#state.thread !== null) this.#sweep.start();
    });
  }

  /**
   * Decides and commits a command. A courier gets, with the answer, the commit's batch to bring to D1 and webhooks to
   * deliver. Without one the object sends the batch itself, and answers when D1 has it, after a second at the latest.
   */
  async execute(command: Command, courier?: Courier): Promise<Executed> {
    const cost = noCost();
    cost.thread.calls = 1;
    this.#replica.acknowledge(courier?.acknowledged);
    const { decided, leased } = await this.#execute(command, courier?.heads === true, cost);
    if (!decided.ok) return { result: decided, cost };
    const handed = decided.events.length > 0 ? await this.#handOut(courier, cost) : null;
    fault('before answer', () => this.ctx.abort('fault: before answer'));
    const { answer, is_repeat } = decided;
    return { result: { ok: true, answer, is_repeat }, cost, handed, heads: leased };
  }

  /** The batch for the courier; null when the object sends it itself. */
  async #handOut(courier?: Courier, cost = noCost()): Promise<HandedBatch | null> {
    const isTaken = courier?.acknowledged !== undefined;
    const batch = isTaken ? this.#replica.handOut() : null;
    const handed = batch === null ? null : { ...batch, database: this.#database };
    if (handed !== null && this.#replica.isAllSent) return handed;
    // A commit may need several batches. The object sends the others.
    const copied = this.#replica.run(Date.now() + ALARM_WORK, cost);
    this.ctx.waitUntil(copied);
    if (!isTaken || handed !== null) await withinTime(copied, WAIT_FOR_COPY);
    return handed;
  }

  /** Sends batches in the background. */
  #copyLater(): void {
    this.ctx.waitUntil(this.#replica.run(Date.now() + ALARM_WORK));
  }

  /**
   * Notes that D1 has these ranges. Sent by a courier without a further command: the thread is idle, so the checkpoints
   * are stored.
   */
  async acknowledge({ ranges }: { v: 1; ranges: readonly BatchRange[] }): Promise<void> {
    this.#replica.acknowledge(ranges);
    if (this.#replica.isUpToDate) this.#sweep.writeCheckpoints();
  }

  async #execute(sent: Command, isCourier: boolean, cost: Cost): Promise<Execution> {
    if (sent.v !== 1) return { decided: refused({ reason: 'newer_version' }), leased: [] };
    const command = sent.type === 'receive_messages' ? withSalt(sent, this.#salt) : nameChat(this.#sql, sent);
    let loaded = await this.#broadcast.loadAudience(command, cost);
    while (!this.#broadcast.covers(command, loaded)) loaded = await this.#broadcast.loadAudience(command, cost);
    if (loaded === null) return { decided: refused({ reason: 'listeners_unknown' }), leased: [] };
    // From here to the commit nothing is awaited.
    const known = this.#commands.find(command, Date.now());
    const loadedState = loadForCommand(this.#sql, this.#state, command, known?.seq ?? null);
    const counted = readCounted(this.#sql, this.#commands, this.#state, command, Date.now());
    const before = { ...loadedState, counted };
    const decided = decideCommand(command, before, known, this.#size);
    if (!decided.ok) return { decided, leased: [] };
    let leased: LeasedDelivery[] = [];
    if (decided.events.length > 0) {
      const committed = this.#commit(command, loaded.audience, before, decided, isCourier);
      ({ leased, rowsWritten: cost.thread.rowsWritten } = committed);
    }
    if (!decided.is_repeat) this.#noteInMemory(command, before, decided.state);
    return { decided, leased };
  }

  /** Answers a query about a chat, if its grant covers the chat. */
  async read(query: Query): Promise<Result<Reading>> {
    if (query.v !== 1) return refused({ reason: 'newer_version' });
    if (this.#state.thread === null) return refused({ reason: 'chat_not_found' });
    const chat = loadChat(this.#sql, this.#state, query.chat_id).chats.get(query.chat_id);
    if (chat === undefined) return refused({ reason: 'chat_not_found' });
    if (query.type === 'read_source') return readSource(this.#sql, this.#state, query);
    const refusal = grantRefusal(chat, query.grant);
    if (refusal !== null) return refused(refusal);
    if (query.type === 'view_chat') return { ok: true, answer: this.#broadcast.view(chat, query, Date.now()) };
    if (query.type === 'tell_note') return { ok: true, answer: this.#broadcast.tellNote(chat, query) };
    return answerQuery(this.#sql, chat, this.#typing, query, Date.now());
  }

  /** The webhooks that a receiver has missed, above `after`. `identity` must be this thread's. */
  async readEvents(request: Parameters<ThreadStub['readEvents']>[0]): Promise<Result<EventPage>> {
    return readEventPage(this.#sql, this.#state, request);
  }

  /** Messages (`msg`) of all sessions below `before`, for the thread's organization. */
  async readLog(request: Parameters<ThreadStub['readLog']>[0]): Promise<Result<LogPage>> {
    return request.v === 1 ? readLogPage(this.#sql, this.#state, request) : refused({ reason: 'newer_version' });
  }

  /** Leases the head of a track. */
  async claim(request: Parameters<Lane['claim']>[0]): Promise<ClaimResult> {
    if (request.v !== 1) return { kind: 'later' };
    const claim = this.#lanes.claim(request);
    if (claim.kind === 'head') this.#alarmClock.armBy(Date.now() + request.lease_milliseconds);
    return claim;
  }

  /** Records the outcome of a leased delivery, and leases the next one if the caller wants it. */
  async report(request: Parameters<Lane['report']>[0]): Promise<ReportAnswer> {
    this.#replica.acknowledge(request.acknowledged);
    const answer = this.#lanes.report(request);
    if (answer.is_stale) writeLog('warn', 'stale_lease', { thread: this.#state.name });
    if (request.acknowledged !== undefined) return { ...answer, handed: await this.#handOut(request) };
    this.#copyLater();
    return answer;
  }

  /** Puts finished deliveries back beside their lane (an explicit replay) and wakes the track. */
  async replay(request: Parameters<ThreadStub['replay']>[0]): Promise<{ replayed: number }> {
    const replayed = this.#lanes.replay(request.receiver, request.filter);
    this.#copyLater();
    return { replayed };
  }

  /** The frozen body and the attempts of a delivery; null when there is none. */
  async readDelivery(request: Parameters<ThreadStub['readDelivery']>[0]): ReturnType<ThreadStub['readDelivery']> {
    return this.#lanes.readDelivery(request.delivery_id);
  }

  /**
   * Makes the alarm ring soon. The watchdog calls it when something is overdue because the platform has dropped an
   * alarm, and a live hub when it has woken up and may lack updates.
   */
  async wake(_request: { v: 1 }): Promise<void> {
    if (this.#state.thread === null) return;
    this.#sweep.checkHubs();
    this.#alarmClock.arm(Date.now());
  }

  /**
   * Replays the log and sends all of it to D1, which first deletes its rows of the thread (docs/architecture.md,
   * invariant 6).
   */
  async rebuild(request: { v: 1 }): Promise<Rebuilt> {
    if (request.v !== 1) return { ok: false, reason: 'newer_version' };
    const { thread, last_seq } = this.#state;
    // A removed thread has nothing to copy.
    if (thread === null) return last_seq > 0 ? { ok: true } : { ok: false, reason: 'thread_not_found' };
    this.#replica.beginRebuild();
    this.#load();
    this.#alarmClock.armBy(Date.now() + ALARM_AFTER);
    const until = this.#latest();
    await withinTime(this.#replica.run(Date.now() + WAIT_FOR_REBUILD), WAIT_FOR_REBUILD);
    if (!this.#replica.has(until)) return { ok: false, reason: 'not_copied_yet' };
    this.#replica.writeCheckpoint();
    return { ok: true };
  }

  /** Takes a purge, and works on it for a while. The alarm goes on. The same order again is only asked for. */
  async purge({ v, order }: Parameters<ThreadStub['purge']>[0]): ReturnType<ThreadStub['purge']> {
    return v === 1 ? this.#purger.take(order) : refused({ reason: 'newer_version' });
  }

  /** Removes a visitor's thread that no user has answered. The object of a removed one starts again: ask once more. */
  async removeUnanswered(request: Parameters<ThreadStub['removeUnanswered']>[0]): Promise<Result<Removal>> {
    return request.v === 1 ? this.#remover.run(request) : refused({ reason: 'newer_version' });
  }

  /** The places in D1 of the next removed messages above `after`. With null the object forgets them. */
  async removedMessages({ after }: Parameters<ThreadStub['removedMessages']>[0]) {
    return this.#remover.nextMessages(after);
  }

  /** Does what is due. Never rejects. */
  override async alarm(): Promise<void> {
    this.#alarmClock.ring();
    if (this.#state.thread !== null) await this.#sweep.run();
  }

  #load(): void {
    const name = this.#state.name;
    const loaded = loadThread(this.#sql, name);
    const thread = loaded.state.thread;
    // An object that is addressed by its id has no name, but the ids of its chats contain it.
    const nameOfChat = thread === null ? null : threadNameOfChat(thread.current_chat_id);
    this.#state = { ...loaded.state, name: name === '' ? (nameOfChat ?? '') : name };
    this.#channelTarget = loaded.channelTarget;
    this.#salt = loaded.salt;
    this.#broadcast.restore(loaded.audience, this.#state);
    this.#lanes.version = Math.max(this.#lanes.version, readVersion(this.#sql));
  }

  /** Goes on above what was removed from this object, if anything was. */
  #beginAgain(): void {
    const removed = readRemoved(this.#sql);
    if (removed === null) return;
    this.#state = { ...this.#state, last_seq: removed.seq, last_at: removed.at };
    this.#lanes.version = removed.version;
  }

  /** Name of the D1 binding that holds the replica. */
  get #database(): string {
    return this.#state.thread?.database ?? 'DB';
  }

  /** How far the replica should be. */
  #latest(): Checkpoint {
    return { seq: this.#state.last_seq, version: this.#lanes.version };
  }

  async #writeBatch(batch: ReplicaBatch): Promise<BatchResult> {
    const database = this.#database;
    const written = projectorStub(this.env, database, batch.thread).write(database, [batch]);
    return (await withinTime(written, WAIT_FOR_PROJECTOR))?.[0] ?? { ok: false, reason: 'failed' };
  }

  /**
   * Writes a decision, arms the alarm in the same turn and wakes the lanes that were idle, except those whose first
   * delivery the courier takes.
   */
  #commit(command: Command, audience: Audience, before: ThreadState, decided: Decided, isCourier: boolean): Committed {
    const target = targetAfter(command, this.#channelTarget, before.thread);
    const isTargetNew = !isSameTarget(target, this.#channelTarget);
    const accepted = fanOutWebhooks(decided.events, decided.transitions, {
      target: toldOf(command, target),
      audience,
      isSilent: isKeptFromApps(command),
      checkpointOf: (receiver) => this.#lanes.checkpoint(receiver),
      room: this.#lanes.room,
    });
    const stored = this.#broadcast.toStore(audience);
    const { leases, toWake } = this.#lanes.startsOf(accepted, isCourier);
    const now = Date.now();

    fault('before commit', () => this.ctx.abort('fault: before commit'));
    const committed = this.ctx.storage.transactionSync(() => {
      const keyRows = this.#commands.writeKey(command, decided.events);
      const written = writeCommit(this.#sql, {
        before,
        after: decided.state,
        accepted,
        leases,
        received: decided.received,
        channelTarget: target,
        isTargetNew,
        salt: this.#salt,
        audience: stored,
        version: this.#lanes.version,
        at: decided.state.last_at,
        now,
      });
      return { ...written, rowsWritten: written.rowsWritten + keyRows };
    });
    this.#state = keepCurrentChat(decided.state);
    this.#sweep.committed(now);
    this.#commands.add(accepted.events);
    this.#replica.add(accepted.events);
    this.#channelTarget = target;
    this.#lanes.committed(committed.version, accepted);
    const soon = now + (accepted.rest === null ? Math.min(ALARM_AFTER, ...leases.values()) : 0);
    const isArmed = this.#alarmClock.armBy(Math.min(soon, this.#sweep.chatEndsAt() ?? soon));
    fault('after commit', () => this.ctx.abort('fault: after commit'));
    for (const receiver of toWake) this.#lanes.wake(receiver, 'lane');
    this.#lanes.wakeOverdue(now);
    this.#broadcast.committed(decided.transitions, before.last_seq, audience, stored);
    return { ...committed, rowsWritten: committed.rowsWritten + (isArmed ? 1 : 0) };
  }

  /** Applies what an accepted command changes beside the log: who types, and whose presence is watched. */
  #noteInMemory(command: Command, before: ThreadState, after: ThreadState): void {
    const current = after.thread?.current_chat_id ?? '';
    const namedId = 'chat_id' in command ? command.chat_id : null;
    const named = after.chats.get(namedId ?? current);
    if (named !== undefined) this.#broadcast.noteTyping(this.#typing, command, named);
    if (command.type === 'change_presence') this.#watch.noteReport(command.user_id);
    const chat = after.chats.get(current);
    const old = before.chats.get(current);
    const isChanged = chat?.members !== old?.members || chat?.facts.ended_at !== old?.facts.ended_at;
    if (isChanged) this.#watch.follow(followedChat(this.#state), followedChat(before));
  }

  #logFailure(event: string, error: unknown): void {
    writeLog('error', event, { thread: this.#state.name, error: errorText(error) });
  }
}

type Decided = Extract<Decision, { ok: true }>;
type Execution = { decided: Decision; leased: LeasedDelivery[] };

function refused(refusal: ThreadRefusal): { ok: false; refusal: ThreadRefusal } {
  return { ok: false, refusal };
}
