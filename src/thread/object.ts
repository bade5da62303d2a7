import { DurableObject } from 'cloudflare:workers';
import { AlarmClock } from '../alarm-clock.ts';
import { addCost, type Cost, noCost } from '../db/cost.ts';
import type { Attempt, Claim, Head, Lane, Receiver, ReportAnswer, Takes } from '../delivery/lane.ts';
import { fault } from '../faults.ts';
import { errorText, writeLog } from '../log.ts';
import { acceptEvents } from '../projections/accept.ts';
import type { Audience } from '../projections/audience.ts';
import type { Slice, Written } from '../projections/slice.ts';
import { endsAt } from '../resources/chat.ts';
import { newUuid } from '../resources/uuid.ts';
import { memberStub, projectorStub, type Rebuilt, type ThreadStub } from '../stubs.ts';
import { withinTime } from '../within-time.ts';
import { threadNameOfChat } from './address.ts';
import { addressRefusal } from './address-refusal.ts';
import { type Answer, type Command, newCommandId } from './commands.ts';
import { isKeptFromApps } from './concerned.ts';
import { Copy } from './copy.ts';
import type { Decision } from './decide/outcome.ts';
import { decide } from './decide.ts';
import { isSameRouting, type Routing } from './events.ts';
import { isTooFullFor } from './full.ts';
import { grantRefusal } from './grants.ts';
import { Lanes } from './lanes.ts';
import { Listeners } from './listeners.ts';
import { nextAlarm } from './next-alarm.ts';
import { followedChat, PresenceWatch, type Watched } from './presence-watch.ts';
import type { Query, Reading } from './queries.ts';
import { answerQuery, type EventPage, readEventPage } from './reads.ts';
import type { Result, ThreadRefusal } from './refusals.ts';
import { emptyThread, openChat, type ThreadState } from './state.ts';
import { type Committed, writeCommit } from './store/commit.ts';
import { keepCurrentChat, loadChat, loadForCommand, loadThread } from './store/load.ts';
import type { ReplayFilter } from './store/outbox.ts';
import type { Mark } from './store/read-slice.ts';
import { SCHEMA, schemaOf } from './store/tables.ts';
import { readVersion, upgradeTables } from './store/upkeep.ts';
import { Typing } from './typing.ts';

/** A commit arms the alarm this far ahead (ms), unless it rings sooner anyway. */
const ALARM_AFTER = 30_000;
/** A write waits this long (ms) for D1 and then answers all the same: the log has it. */
const WAIT_FOR_COPY = 1000;
/** A rebuild is answered after this long (ms) at the latest; it goes on by itself. */
const WAIT_FOR_REBUILD = 60_000;
/** The alarm waits this long (ms) for users' objects and live hubs, so that it need not ring again for those that answer. */
const WAIT_FOR_OTHERS = 1000;
/** A hand-over that was not answered for so long (ms) counts as failed; should it arrive after all, D1's guards make it harmless. */
const WAIT_FOR_PROJECTOR = 60_000;

/** What `execute` answers: the result, what it cost for `Server-Timing`, and the deliveries that the caller is to make. */
export type Executed = { result: Result<Answer>; cost: Cost; heads?: Head[] };

/**
 * The shell of a thread (ENGINE 2): it gives `decide` the state, the time and ids, and writes what was decided in one
 * transaction. Between reading the state and the commit nothing is awaited, so commands run one after the other.
 */
export class ThreadObject extends DurableObject<Env> implements ThreadStub {
  readonly #sql: SqlStorage;
  #state: ThreadState;
  #routing: Routing | null = null;
  /** After an end that failed: when to try again (ms). */
  #endAgainAt = 0;
  readonly #copy: Copy;
  readonly #lanes: Lanes;
  readonly #alarmClock: AlarmClock;
  readonly #watch: PresenceWatch;
  readonly #listeners: Listeners;
  readonly #typing = new Typing();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#state = emptyThread(ctx.id.name ?? '');
    this.#alarmClock = new AlarmClock(ctx, (error) => this.#logFailure('arm_failed', error));
    this.#lanes = this.#makeLanes();
    this.#watch = this.#makeWatch();
    this.#listeners = this.#makeListeners();
    const schema = schemaOf(this.#sql);
    if (schema > 0 && schema !== SCHEMA)
      ctx.storage.transactionSync(() => upgradeTables(this.#sql, schema, Date.now()));
    if (schema > 0) this.#load();
    this.#copy = this.#makeCopy(schema > 0);
    ctx.blockConcurrencyWhile(async () => {
      await this.#alarmClock.start();
      // An upgrade begins one, and a crash may have come before its alarm was armed.
      if (this.#copy.isRebuilding) this.#alarmClock.armBy(Date.now() + ALARM_AFTER);
    });
  }

  /** Decides and commits a command, then waits up to 1 s until D1 has it too. `takes`: what the caller does of what follows. */
  async execute(command: Command, takes?: Takes): Promise<Executed> {
    const cost = noCost();
    cost.thread.calls = 1;
    if (command.v !== 1) return { result: refused({ reason: 'newer_version' }), cost };
    let listening = await this.#listeners.listeningTo(command, cost);
    while (!this.#listeners.isFor(command, listening)) listening = await this.#listeners.listeningTo(command, cost);
    if (listening === null) return { result: refused({ reason: 'listeners_unknown' }), cost };
    // From here to the commit nothing is awaited.
    const before = loadForCommand(this.#sql, this.#state, command);
    const decided = this.#decide(command, before);
    if (!decided.ok) return { result: decided, cost };
    let heads: Head[] = [];
    if (decided.events.length > 0) {
      const committed = this.#commit(command, listening.audience, before, decided, takes?.heads === true);
      ({ heads, rowsWritten: cost.thread.rowsWritten } = committed);
      const reached = this.#copy.catchUp();
      this.#noteInMemory(command, before, decided.state);
      const copied = await withinTime(reached, WAIT_FOR_COPY);
      if (copied !== null) addCost(cost, copied);
    } else this.#noteInMemory(command, before, decided.state);
    fault('before answer', () => this.ctx.abort('fault: before answer'));
    return { result: { ok: true, answer: decided.answer }, cost, heads };
  }

  /** Answers a query about a chat, if its grant covers the chat. */
  async read(query: Query): Promise<Result<Reading>> {
    if (query.v !== 1) return refused({ reason: 'newer_version' });
    if (this.#state.thread === null) return refused({ reason: 'chat_not_found' });
    const chat = loadChat(this.#sql, this.#state, query.chat_id).chats.get(query.chat_id);
    if (chat === undefined) return refused({ reason: 'chat_not_found' });
    const refusal = grantRefusal(chat, query.grant);
    return refusal === null ? answerQuery(this.#sql, chat, this.#typing, query, Date.now()) : refused(refusal);
  }

  /** What was accepted for a receiver above `after`: for one that was away. `identity` must be this thread's. */
  async readEvents(request: Parameters<ThreadStub['readEvents']>[0]): Promise<Result<EventPage>> {
    if (this.#state.thread?.identity !== request.identity) return refused({ reason: 'thread_not_found' });
    return { ok: true, answer: readEventPage(this.#sql, this.#state, request) };
  }

  async claim(request: Parameters<Lane['claim']>[0]): Promise<Claim> {
    if (request.v !== 1) return { kind: 'later' };
    const claim = this.#lanes.claim(request);
    if (claim.kind === 'head') this.#alarmClock.armBy(Date.now() + request.lease_milliseconds);
    return claim;
  }

  async report(request: Parameters<Lane['report']>[0]): Promise<ReportAnswer> {
    const answer = this.#lanes.report(request);
    if (answer.is_stale) writeLog('warn', 'stale_lease', { thread: this.#state.name });
    return answer;
  }

  /** Puts finished deliveries back to pending beside their lane (an explicit replay) and offers them. */
  async replay(request: { v: 1; receiver: Receiver; filter: ReplayFilter }): Promise<{ replayed: number }> {
    return { replayed: this.#lanes.replay(request.receiver, request.filter) };
  }

  /** The frozen body and the attempts of a delivery; null when there is none. */
  async readDelivery(request: { v: 1; delivery_id: string }): Promise<{ body: string; attempts: Attempt[] } | null> {
    return this.#lanes.readDelivery(request.delivery_id);
  }

  /** Rings the alarm soon, in case the platform has forgotten it: the watchdog found something overdue (ENGINE 2). */
  async wake(_request: { v: 1 }): Promise<void> {
    if (this.#state.thread !== null) this.#alarmClock.arm(Date.now());
  }

  /** Folds the log anew and hands all of it over to D1, whose rows of the thread go first (invariant 6). */
  async rebuild(request: { v: 1 }): Promise<Rebuilt> {
    if (request.v !== 1) return { ok: false, reason: 'newer_version' };
    if (this.#state.thread === null) return { ok: false, reason: 'thread_not_found' };
    this.#copy.beginRebuild();
    this.#load();
    this.#alarmClock.armBy(Date.now() + ALARM_AFTER);
    const until = this.#latest();
    await withinTime(this.#copy.catchUp(), WAIT_FOR_REBUILD);
    if (!this.#copy.has(until)) return { ok: false, reason: 'not_copied_yet' };
    this.#copy.writeMark();
    return { ok: true };
  }

  /** A sweep over what is due; harmless if it rings twice. It never throws: the platform forgets an alarm after six failures. */
  override async alarm(): Promise<void> {
    this.#alarmClock.ring();
    try {
      if (this.#state.thread === null) return;
      // Lanes and ends first: they need no D1, so they do not wait for it.
      this.#lanes.makeRest();
      this.#lanes.offerDue(Date.now());
      await this.#endOverdueChat();
      this.#watch.follow(followedChat(this.#state));
      this.#listeners.showFallen(this.#typing);
      const others = Promise.all([this.#watch.settled(), this.#listeners.catchUp()]);
      await Promise.all([this.#copy.run(), withinTime(others, WAIT_FOR_OTHERS)]);
      this.#copy.writeMark();
      this.#listeners.writeMarks();
      this.#lanes.prune(Date.now(), this.#copy.writtenVersion);
      const next = this.#nextAlarm();
      if (next !== null) this.#alarmClock.armBy(next);
    } catch (error) {
      this.#logFailure('alarm_failed', error);
      this.#alarmClock.armBy(Date.now() + ALARM_AFTER);
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
    this.#listeners.restore(loaded.audience);
    this.#lanes.version = Math.max(this.#lanes.version, readVersion(this.#sql));
  }

  /** `before` is the state with what was loaded for the command. */
  #decide(command: Command, before: ThreadState): Decision {
    const refusal = addressRefusal(command, before);
    if (refusal !== null) return refused(refusal);
    if (isTooFullFor(command, this.#sql.databaseSize)) return refused({ reason: 'thread_full' });
    const now = Math.max(Date.now(), this.#state.last_at + 1);
    return decide(before, command, {
      command_id: command.command_id,
      now,
      newMappingId: () => newUuid(now),
      newVisitorId: () => crypto.randomUUID().replaceAll('-', ''),
      newId: () => newUuid(now),
    });
  }

  /** How far the copy should be. */
  #latest(): Mark {
    return { seq: this.#state.last_seq, version: this.#lanes.version };
  }

  async #writeSlice(slice: Slice): Promise<Written> {
    const database = this.#state.thread?.database ?? 'DB';
    const written = projectorStub(this.env, database, slice.thread).write(database, slice);
    return (await withinTime(written, WAIT_FOR_PROJECTOR)) ?? { ok: false, reason: 'failed' };
  }

  /** Writes what was decided, arms the alarm in the same turn and offers lanes that were idle, but for those whose head the caller takes. */
  #commit(command: Command, audience: Audience, before: ThreadState, decided: Decided, takesHeads: boolean): Committed {
    const given = command.type === 'receive_messages' ? command.routing : this.#routing;
    const isRoutingNew = !isSameRouting(given, this.#routing);
    const accepted = acceptEvents(decided.events, decided.steps, {
      routing: given,
      audience,
      isSilent: isKeptFromApps(command),
      markOf: (receiver) => this.#lanes.mark(receiver),
      room: this.#lanes.room,
    });
    const known = this.#listeners.toStore(audience);
    const { leases, offers } = this.#lanes.startsOf(accepted, takesHeads);
    const now = Date.now();

    fault('before commit', () => this.ctx.abort('fault: before commit'));
    const committed = this.ctx.storage.transactionSync(() =>
      writeCommit(this.#sql, {
        before,
        after: decided.state,
        accepted,
        leases,
        received: decided.received,
        routing: given,
        isRoutingNew,
        audience: known,
        version: this.#lanes.version,
        at: decided.state.last_at,
        now,
      }),
    );
    this.#state = keepCurrentChat(decided.state);
    this.#copy.add(accepted.events);
    this.#routing = given;
    this.#lanes.committed(committed.version, accepted.rest !== null);
    const soon = now + (accepted.rest === null ? Math.min(ALARM_AFTER, ...leases.values()) : 0);
    const isArmed = this.#alarmClock.armBy(Math.min(soon, this.#openChatEndsAt() ?? soon));
    fault('after commit', () => this.ctx.abort('fault: after commit'));
    for (const receiver of offers) this.#lanes.offer(receiver, 'lane');
    this.#listeners.committed(decided.steps, before.last_seq, audience, known);
    return { ...committed, rowsWritten: committed.rowsWritten + (isArmed ? 1 : 0) };
  }

  /** What an accepted command means for what is only in memory: who types, and whose presence is followed. */
  #noteInMemory(command: Command, before: ThreadState, after: ThreadState): void {
    const current = after.thread?.current_chat_id ?? '';
    const named = 'chat_id' in command ? command.chat_id : null;
    const concerned = after.chats.get(named ?? current);
    if (concerned !== undefined) this.#listeners.noteTyping(this.#typing, command, concerned);
    const fallsAt = this.#listeners.typingFallsAt(this.#typing);
    if (fallsAt !== null) this.#alarmClock.armBy(fallsAt);
    if (command.type === 'change_presence') this.#watch.told(command.user_id);
    const chat = after.chats.get(current);
    const old = before.chats.get(current);
    const isChanged = chat?.members !== old?.members || chat?.facts.ended_at !== old?.facts.ended_at;
    if (isChanged) this.#watch.follow(followedChat(this.#state), followedChat(before));
  }

  /** When the open chat should be ended (ms). */
  #openChatEndsAt(): number | null {
    const chat = openChat(this.#state);
    const end = chat === null ? null : endsAt(chat.facts);
    return end === null ? null : Math.max(end, this.#endAgainAt);
  }

  /** Only the current session can be open, so no other can be overdue. A failure here must not hold up the rest of the alarm. */
  async #endOverdueChat(): Promise<void> {
    const end = this.#openChatEndsAt();
    if (end === null || end > Date.now()) return;
    try {
      const { result } = await this.execute({ v: 1, type: 'end_overdue_chats', command_id: newCommandId() });
      if (!result.ok) throw new Error(`refused: ${result.refusal.reason}`);
    } catch (error) {
      this.#logFailure('end_failed', error);
      this.#endAgainAt = Date.now() + ALARM_AFTER;
    }
  }

  #nextAlarm(): number | null {
    const now = Date.now();
    return nextAlarm(
      {
        projection: this.#copy.dueAt(now),
        ...this.#lanes.dueTimes(now, this.#copy.writtenVersion),
        chatEnd: this.#openChatEndsAt(),
        typing: this.#listeners.typingFallsAt(this.#typing),
        hubs: this.#listeners.dueAt(),
        watches: this.#watch.retryAt(followedChat(this.#state)),
      },
      now,
    );
  }

  #makeCopy(isStored: boolean): Copy {
    return new Copy(
      {
        sql: this.#sql,
        transaction: (change) => this.ctx.storage.transactionSync(change),
        state: () => this.#state,
        latest: () => this.#latest(),
        write: (slice) => this.#writeSlice(slice),
        failed: (retryAt) => this.#alarmClock.armBy(retryAt),
        crash: () => this.ctx.abort('fault'),
      },
      isStored,
    );
  }

  #makeLanes(): Lanes {
    return new Lanes({
      sql: this.#sql,
      transaction: (change) => this.ctx.storage.transactionSync(change),
      thread: () => this.#state.thread && { ...this.#state.thread, name: this.#state.name },
      send: (pointer) => {
        const sent = this.env.WEBHOOKS.send(pointer).catch((error) => this.#logFailure('offer_failed', error));
        this.ctx.waitUntil(sent);
      },
      changed: (at) => {
        this.#alarmClock.armBy(at + ALARM_AFTER);
        this.ctx.waitUntil(this.#copy.catchUp());
      },
    });
  }

  #makeListeners(): Listeners {
    return new Listeners({
      env: this.env,
      sql: this.#sql,
      state: () => this.#state,
      background: (work) => this.ctx.waitUntil(work),
      failed: (event, error) => this.#logFailure(event, error),
      retry: (at) => this.#alarmClock.armBy(at),
    });
  }

  #makeWatch(): PresenceWatch {
    return new PresenceWatch({
      watch: ({ user_id, organization_id, chat_id, is_present }: Watched) =>
        memberStub(this.env, user_id).watch({ v: 1, owner: { user_id, organization_id }, chat_id, is_present }),
      unwatch: (userId, chat_id) => memberStub(this.env, userId).unwatch({ v: 1, chat_id }),
      recorded: (userId, chatId) => {
        const chat = openChat(this.#state);
        const member = chat?.facts.id === chatId ? chat.members.get(userId)?.facts : undefined;
        return member?.is_participating === true ? member.is_present : null;
      },
      correct: async (user_id, chat_id, is_present) => {
        const command_id = newCommandId();
        await this.execute({ v: 1, type: 'change_presence', command_id, chat_id, user_id, is_present });
      },
      now: () => Date.now(),
      background: (work) => this.ctx.waitUntil(work),
      failed: (error) => this.#logFailure('watch_failed', error),
    });
  }

  #logFailure(event: string, error: unknown): void {
    writeLog('error', event, { thread: this.#state.name, error: errorText(error) });
  }
}

type Decided = Extract<Decision, { ok: true }>;

function refused(refusal: ThreadRefusal): { ok: false; refusal: ThreadRefusal } {
  return { ok: false, refusal };
}
