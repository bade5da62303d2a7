import { DurableObject } from 'cloudflare:workers';
import { type Cost, noCost } from '../db/cost.ts';
import type { Attempt, Claim, Lane, Pointer, Receiver, ReportAnswer, Track } from '../delivery/lane.ts';
import { fault } from '../faults.ts';
import { errorText, writeLog } from '../log.ts';
import { acceptEvents, type LaneMark } from '../projections/accept.ts';
import type { Slice, Written } from '../projections/slice.ts';
import { firstUuidAt, newUuid, parseUuidVersion7 } from '../resources/uuid.ts';
import { projectorStub, type ThreadStub } from '../stubs.ts';
import { identityText, threadNameOfChat } from './address.ts';
import type { Answer, Command } from './commands.ts';
import { CopiedFlags } from './copied-flags.ts';
import type { Decision } from './decide/outcome.ts';
import { decide } from './decide.ts';
import { EventTail } from './event-tail.ts';
import { isSameRouting, type Routing } from './events.ts';
import { HandOver } from './hand-over.ts';
import { nextAlarm } from './next-alarm.ts';
import {
  type ChatView,
  type EventPage,
  type MessagePage,
  type MessagePageRequest,
  maySee,
  membersOf,
  readEventPage,
  readMessagePage,
  type Viewer,
} from './reads.ts';
import type { Result } from './refusals.ts';
import { type ChatState, emptyThread, type ThreadState } from './state.ts';
import { writeCommit } from './store/commit.ts';
import { keepCurrentChat, loadChat, loadForCommand, loadThread } from './store/load.ts';
import {
  claimHead,
  isLaneBusy,
  type LaneClock,
  oldestFinishedDelivery,
  pruneDeliveries,
  type ReplayFilter,
  readDelivery,
  recordOutcome,
  replayDeliveries,
  waitingTracks,
} from './store/outbox.ts';
import { type Mark, readSlice } from './store/read-slice.ts';
import { hasTables } from './store/tables.ts';
import { withinTime } from './within-time.ts';

/** A commit arms the alarm this far ahead (ms), unless it rings sooner anyway. */
const ALARM_AFTER = 30_000;
/** A write waits this long (ms) for D1 and then answers all the same: the log has it. */
const WAIT_FOR_COPY = 1000;
/** A hand-over that was not answered for so long (ms) counts as failed; should it arrive after all, D1's guards make it harmless. */
const WAIT_FOR_PROJECTOR = 60_000;
/** Finished deliveries are kept for 30 days. ms. */
const KEEP_DELIVERIES = 30 * 24 * 3_600_000;
/** An object holds 10 GB; above this it refuses commands, so that deliveries and the alarm still have room. Bytes. */
const FULL_AT = 8_000_000_000;

/** What `execute` answers: the result, and what it cost for `Server-Timing`. */
export type Executed = { result: Result<Answer>; cost: Cost };

/**
 * The shell of a thread (ENGINE 2): it gives `decide` the state, the time and ids, and writes what was decided in one
 * transaction. Between reading the state and the commit nothing is awaited, so commands run one after the other.
 */
export class ThreadObject extends DurableObject<Env> implements ThreadStub {
  readonly #sql: SqlStorage;
  #state: ThreadState;
  #routing: Routing | null = null;
  /** Version of the last changed delivery or lane. */
  #version = 0;
  readonly #handOver: HandOver;
  /** Events that D1 has not acknowledged yet. */
  readonly #tail = new EventTail();
  readonly #copiedFlags = new CopiedFlags();
  /** The acknowledged mark as it is on disk. */
  #writtenMark: Mark = { seq: 0, version: 0 };
  #armedAt: number | null = null;
  /** When a track was last offered by the alarm (ms), by receiver and track. */
  readonly #offeredAt = new Map<string, number>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#state = emptyThread(ctx.id.name ?? '');
    if (hasTables(this.#sql)) this.#load();
    this.#handOver = new HandOver(
      {
        read: (from) => this.#readSlice(from),
        write: (slice) => this.#writeSlice(slice),
        now: () => Date.now(),
        failed: (retryAt) => this.#armBy(retryAt),
        crash: () => this.ctx.abort('fault'),
      },
      this.#writtenMark,
    );
    ctx.blockConcurrencyWhile(async () => {
      this.#armedAt = await ctx.storage.getAlarm();
    });
  }

  /** Decides and commits a command, then waits up to 1 s until D1 has it too. */
  async execute(command: Command): Promise<Executed> {
    const cost = noCost();
    cost.thread.calls = 1;
    if (command.v !== 1) return { result: { ok: false, refusal: { reason: 'newer_version' } }, cost };
    const before = loadForCommand(this.#sql, this.#state, command);
    const decided = this.#decide(command, before);
    if (!decided.ok) return { result: decided, cost };
    if (decided.events.length > 0) {
      cost.thread.rowsWritten = this.#commit(command, before, decided);
      const reached = this.#handOver.reach({ seq: this.#state.last_seq, version: this.#version });
      cost.d1 = (await withinTime(reached, WAIT_FOR_COPY))?.d1 ?? cost.d1;
    }
    fault('before answer', () => this.ctx.abort('fault: before answer'));
    return { result: { ok: true, answer: decided.answer }, cost };
  }

  /** A chat and its members, if the viewer may see it. */
  async readChat(request: { v: 1; chat_id: string; viewer: Viewer }): Promise<Result<ChatView>> {
    const chat = this.#visibleChat(request.chat_id, request.viewer);
    if (chat === null) return { ok: false, refusal: { reason: 'chat_not_found' } };
    return { ok: true, answer: { chat: chat.facts, members: membersOf(chat) } };
  }

  /** A page of a chat's messages, if the viewer may see it. */
  async readMessages(request: {
    v: 1;
    chat_id: string;
    viewer: Viewer;
    page: MessagePageRequest;
  }): Promise<Result<MessagePage>> {
    const chat = this.#visibleChat(request.chat_id, request.viewer);
    if (chat === null) return { ok: false, refusal: { reason: 'chat_not_found' } };
    return { ok: true, answer: readMessagePage(this.#sql, chat, request.page) };
  }

  /** What was accepted for a receiver above `after`: for one that was away. `identity` must be this thread's. */
  async readEvents(request: {
    v: 1;
    identity: string;
    receiver: Receiver;
    after: number;
    limit: number;
  }): Promise<Result<EventPage>> {
    if (this.#state.thread?.identity !== request.identity) {
      return { ok: false, refusal: { reason: 'thread_not_found' } };
    }
    const roomOf = (chatId: string) => this.#roomOf(loadChat(this.#sql, this.#state, chatId), chatId);
    return { ok: true, answer: readEventPage(this.#sql, request.receiver, roomOf, request.after, request.limit) };
  }

  async claim(request: {
    v: 1;
    receiver: Receiver;
    track: Track;
    drain: boolean;
    lease_milliseconds: number;
  }): Promise<Claim> {
    if (request.v !== 1) return { kind: 'later' };
    if (this.#state.thread === null) return { kind: 'nothing' };
    const claim = this.#changeLanes((clock) => claimHead(this.#sql, request, clock));
    if (claim.kind === 'head') this.#armBy(Date.now() + request.lease_milliseconds);
    return claim;
  }

  async report(request: Parameters<Lane['report']>[0]): Promise<ReportAnswer> {
    if (this.#state.thread === null) return { is_stale: true, next: null, offer_in: null };
    const answer = this.#changeLanes((clock) => recordOutcome(this.#sql, request, clock));
    if (answer.is_stale) writeLog('warn', 'stale_lease', { thread: this.#state.name });
    return answer;
  }

  /** Puts finished deliveries back to pending beside their lane (an explicit replay) and offers them. */
  async replay(request: { v: 1; receiver: Receiver; filter: ReplayFilter }): Promise<{ replayed: number }> {
    if (this.#state.thread === null) return { replayed: 0 };
    const { receiver, filter } = request;
    const replayed = this.#changeLanes((clock) => replayDeliveries(this.#sql, receiver, filter, clock));
    if (replayed > 0) this.#offer(receiver, 'replay');
    return { replayed };
  }

  /** The frozen body and the attempts of a delivery; null when there is none. */
  async readDelivery(request: { v: 1; delivery_id: string }): Promise<{ body: string; attempts: Attempt[] } | null> {
    return this.#state.thread === null ? null : readDelivery(this.#sql, request.delivery_id);
  }

  /** A sweep over what is due; harmless if it rings twice. It never throws: the platform forgets an alarm after six failures. */
  override async alarm(): Promise<void> {
    this.#armedAt = null;
    try {
      if (this.#state.thread === null) return;
      // Lanes first: they need no D1, so they do not wait for it.
      this.#offerTracks(Date.now());
      await this.#handOver.run();
      this.#writeMark();
      this.#pruneDeliveries(Date.now());
      const next = this.#nextAlarm();
      if (next !== null) this.#armBy(next);
    } catch (error) {
      logFailure('alarm_failed', this.#state.name, error);
      this.#armBy(Date.now() + ALARM_AFTER);
    }
  }

  #load(): void {
    const name = this.#state.name;
    const loaded = loadThread(this.#sql, name);
    const thread = loaded.state.thread;
    // An object addressed by its bare id has no name; the chat id holds it too.
    const nameOfChat = thread === null ? null : threadNameOfChat(thread.current_chat_id);
    this.#state = { ...loaded.state, name: name === '' ? (nameOfChat ?? '') : name };
    this.#routing = loaded.routing;
    const row = this.#sql
      .exec<{ acknowledged_seq: number; acknowledged_version: number; version: number }>(
        `SELECT acknowledged_seq, acknowledged_version, max(
           coalesce((SELECT max(version) FROM deliveries), 0), coalesce((SELECT max(version) FROM lanes), 0),
           acknowledged_version) AS version
         FROM thread`,
      )
      .one();
    this.#writtenMark = { seq: row.acknowledged_seq, version: row.acknowledged_version };
    this.#version = row.version;
  }

  /** `before` is the state with what was loaded for the command. */
  #decide(command: Command, before: ThreadState): Decision {
    const { thread } = this.#state;
    if ('identity' in command) {
      const isOther = thread !== null && thread.identity !== identityText(command.identity);
      if (isOther) return { ok: false, refusal: { reason: 'thread_not_found' } };
    } else if (thread === null) return { ok: false, refusal: { reason: 'chat_not_found' } };
    if (this.#sql.databaseSize > FULL_AT) return { ok: false, refusal: { reason: 'thread_full' } };
    const now = Math.max(Date.now(), this.#state.last_at + 1);
    return decide(before, command, {
      command_id: command.command_id,
      now,
      newMappingId: () => newUuid(now),
      newVisitorId: () => crypto.randomUUID().replaceAll('-', ''),
    });
  }

  #readSlice(from: Mark) {
    this.#tail.forget(from.seq);
    const memory = { tail: this.#tail, flags: this.#copiedFlags };
    return readSlice(this.#sql, this.#state, memory, { seq: this.#state.last_seq, version: this.#version }, from);
  }

  async #writeSlice(slice: Slice): Promise<Written> {
    const database = this.#state.thread?.database ?? 'DB';
    const written = projectorStub(this.env, database, slice.thread).write(database, slice);
    return (await withinTime(written, WAIT_FOR_PROJECTOR)) ?? { ok: false, reason: 'failed' };
  }

  /** Writes what was decided, arms the alarm in the same turn and offers lanes that were idle. Answers the rows written. */
  #commit(command: Command, before: ThreadState, decided: Extract<Decision, { ok: true }>): number {
    const given = command.type === 'receive_messages' ? command.routing : this.#routing;
    const isRoutingNew = !isSameRouting(given, this.#routing);
    const roomOf = (chatId: string) => this.#roomOf(decided.state, chatId);
    const accepted = acceptEvents(decided.events, given, (receiver) => this.#laneMark(receiver), roomOf);
    const idle = accepted.lanes.filter(({ receiver }) => before.thread === null || !isLaneBusy(this.#sql, receiver));

    fault('before commit', () => this.ctx.abort('fault: before commit'));
    const committed = this.ctx.storage.transactionSync(() =>
      writeCommit(this.#sql, {
        before,
        after: decided.state,
        accepted,
        received: decided.received,
        routing: given,
        isRoutingNew,
        version: this.#version,
        at: decided.state.last_at,
        now: Date.now(),
      }),
    );
    this.#state = keepCurrentChat(decided.state);
    this.#tail.add(accepted.events);
    this.#routing = given;
    this.#version = committed.version;
    const isArmed = this.#armBy(Date.now() + ALARM_AFTER);
    fault('after commit', () => this.ctx.abort('fault: after commit'));
    for (const { receiver } of idle) this.#offer(receiver, 'lane');
    return committed.rowsWritten + (isArmed ? 1 : 0);
  }

  #laneMark(receiver: Receiver): LaneMark | null {
    if (this.#state.thread === null) return null;
    const sql = 'SELECT receiver, accepted, last_seq FROM lanes WHERE receiver = ?';
    return this.#sql.exec<LaneMark>(sql, receiver).toArray()[0] ?? null;
  }

  /** Changes deliveries in one transaction, arms the alarm in the same turn and lets D1's log follow. */
  #changeLanes<T>(change: (clock: LaneClock) => T): T {
    let version = this.#version;
    const clock: LaneClock = {
      now: Date.now(),
      random: Math.random(),
      organization_id: this.#state.thread?.organization_id ?? '',
      nextVersion: () => {
        version += 1;
        return version;
      },
    };
    const answer = this.ctx.storage.transactionSync(() => change(clock));
    if (version > this.#version) {
      this.#version = version;
      this.#armBy(clock.now + ALARM_AFTER);
      this.ctx.waitUntil(this.#handOver.reach({ seq: this.#state.last_seq, version }));
    }
    return answer;
  }

  #visibleChat(chatId: string, viewer: Viewer): ChatState | null {
    if (this.#state.thread === null) return null;
    const chat = loadChat(this.#sql, this.#state, chatId).chats.get(chatId);
    return chat === undefined || !maySee(chat, viewer) ? null : chat;
  }

  #roomOf(state: ThreadState, chatId: string): string | null {
    return state.chats.get(chatId)?.facts.room?.id ?? null;
  }

  #offer(receiver: Receiver, track: Track): void {
    const pointer: Pointer = { v: 1, thread: this.#state.name, receiver, track, drain: false };
    const sent = this.env.WEBHOOKS.send(pointer).catch((error) => logFailure('offer_failed', this.#state.name, error));
    this.ctx.waitUntil(sent);
  }

  #offerTracks(now: number): void {
    for (const { receiver, track, offer_at } of this.#tracks()) {
      if (offer_at > now) continue;
      this.#offeredAt.set(`${track} ${receiver}`, now);
      this.#offer(receiver, track);
    }
  }

  #tracks() {
    const tracks = this.#hasDeliveries() ? waitingTracks(this.#sql) : [];
    return tracks.map(({ receiver, track, offer_at }) => {
      const offered = this.#offeredAt.get(`${track} ${receiver}`);
      return { receiver, track, offer_at: Math.max(offer_at, offered === undefined ? 0 : offered + ALARM_AFTER) };
    });
  }

  #nextAlarm(): number | null {
    if (this.#state.thread === null) return null;
    const now = Date.now();
    const { acknowledged, retryAt } = this.#handOver;
    const isBehind = acknowledged.seq < this.#state.last_seq || acknowledged.version < this.#version;
    const isMarkOld = acknowledged.seq > this.#writtenMark.seq || acknowledged.version > this.#writtenMark.version;
    const oldest = this.#hasDeliveries() ? oldestFinishedDelivery(this.#sql, this.#writtenMark.version) : null;
    const expiresAt = oldest === null ? null : (parseUuidVersion7(oldest)?.at ?? now) + KEEP_DELIVERIES;
    return nextAlarm(
      {
        projection: isBehind ? (retryAt ?? now + ALARM_AFTER) : isMarkOld ? now + ALARM_AFTER : null,
        lanes: this.#tracks().map(({ offer_at }) => offer_at),
        expiry: expiresAt,
      },
      now,
    );
  }

  /** Whether anything was ever accepted for a receiver here: most alarms ring in threads where nothing was. */
  #hasDeliveries(): boolean {
    return this.#version > 0;
  }

  #pruneDeliveries(now: number): void {
    if (!this.#hasDeliveries()) return;
    const bound = firstUuidAt(now - KEEP_DELIVERIES);
    this.ctx.storage.transactionSync(() => pruneDeliveries(this.#sql, bound, this.#writtenMark.version));
  }

  #writeMark(): void {
    const { seq, version } = this.#handOver.acknowledged;
    if (seq === this.#writtenMark.seq && version === this.#writtenMark.version) return;
    this.#sql.exec('UPDATE thread SET acknowledged_seq = ?, acknowledged_version = ?', seq, version);
    this.#writtenMark = { seq, version };
  }

  /** Makes the alarm ring at `at` (ms) at the latest. Must run in the turn of the commit it belongs to. */
  #armBy(at: number): boolean {
    if (this.#armedAt !== null && this.#armedAt <= at) return false;
    this.#armedAt = at;
    const armed = this.ctx.storage.setAlarm(at).catch((error) => {
      if (this.#armedAt === at) this.#armedAt = null;
      logFailure('arm_failed', this.#state.name, error);
    });
    this.ctx.waitUntil(armed);
    return true;
  }
}

function logFailure(event: string, thread: string, error: unknown): void {
  writeLog('error', event, { thread, error: errorText(error) });
}
