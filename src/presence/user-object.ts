import { DurableObject } from 'cloudflare:workers';
import { noCost } from '../db/cost.ts';
import { openIdentityDatabase } from '../db/database.ts';
import { type PresenceCopy, recordPresence } from '../directory/record-presence.ts';
import { threadNameOfChat } from '../domain/address.ts';
import { newCommandId } from '../domain/commands.ts';
import { AlarmClock } from '../platform/alarm-clock.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { settledWithin } from '../platform/timeout.ts';
import { Timers } from '../platform/timers.ts';
import { type ClientFacts, isClientPresent } from '../resources/user-client.ts';
import { commandThread } from '../rpc/thread.ts';
import type { ClientSaved, Presence, PresenceRequest } from '../rpc/user.ts';
import { isVisitorId, type UserStub } from '../rpc/user.ts';
import { PresenceBroadcaster, type SendResult } from './presence-broadcaster.ts';
import { PresenceCopier } from './presence-copier.ts';
import {
  type CopiedPresence,
  changeClient,
  checkDueAt,
  copyDueAt,
  departureAt,
  GRACE,
  isUserPresent,
  makeRoom,
  newClient,
  nextAlarm,
  nextClientId,
  outlivedClients,
  pruneDueAt,
} from './presence-rules.ts';
import {
  beginCheck,
  beginCopy,
  copiedPresence,
  countChats,
  countTaken,
  deleteAllClients,
  deleteChat,
  deleteClient,
  dropPlace,
  endCopy,
  findClient,
  hasTables,
  isKnownAsPresent,
  keepPlace,
  knownPresence,
  listClients,
  makeTables,
  outdatedChats,
  putChat,
  putClient,
  readCheckedAt,
  readOwner,
  setKnownPresence,
  spanOfClients,
} from './user-store.ts';

/** Longest wait of a client's request (ms) for chats and D1. The rows have the change already. */
const WAIT_FOR_OTHERS = 1000;
/** Longest wait of the alarm (ms) for what it has started. Then it rings again for the rest. */
const WAIT_IN_ALARM = 10_000;
/** When the alarm rings again after an error (ms). */
const ALARM_AFTER_ACCIDENT = 30_000;
/** How long a place is kept for a chat that the user is about to join (ms): longer than a join and its call to watch take. */
const PLACE_KEPT = 30_000;
/** Timer of the grace after chats learned of an arrival. */
const ARRIVAL = 'arrival';

/**
 * The object of a user or visitor: their clients, and the open chats that get reports of their presence. Everything is
 * stored in rows. Reports to chats and D1 follow from the rows, and the alarm repeats them until they succeed. Nothing
 * is awaited between reading rows and writing them.
 */
export class UserObject extends DurableObject<Env> implements UserStub {
  readonly #sql: SqlStorage;
  readonly #alarmClock: AlarmClock;
  readonly #timers: Timers;
  readonly #broadcaster: PresenceBroadcaster;
  readonly #copier: PresenceCopier;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    const now = () => Date.now();
    this.#alarmClock = new AlarmClock(ctx, (error) => logFailure('arm_failed', error));
    this.#timers = new Timers({
      sql: this.#sql,
      now,
      random: () => Math.random(),
      armBy: (at) => this.#alarmClock.armBy(at),
    });
    this.#broadcaster = new PresenceBroadcaster({
      outdated: (limit) => outdatedChats(this.#sql, this.#wrongPresence(), limit),
      isOutdated: (chatId) => this.#isOutdated(chatId),
      isPresent: () => this.#isPresent(),
      send: (chatId, isPresent) => this.#send(chatId, isPresent),
      record: (chatId, isPresent, result) => this.#record(chatId, isPresent, result),
      timers: this.#timers,
      now,
    });
    this.#copier = new PresenceCopier({
      dueAt: (now) => this.#copyDueAt(now),
      begin: () => ({ version: beginCopy(this.#sql), ...this.#presenceToCopy() }),
      write: (copy) => this.#copy(copy),
      end: (copy) => endCopy(this.#sql, copy),
      timers: this.#timers,
      now,
    });
    ctx.blockConcurrencyWhile(async () => {
      await this.#alarmClock.start();
      // The platform may have dropped the alarm of an earlier instance.
      if (hasTables(this.#sql)) this.#armNext();
    });
  }

  /** Whether the user is present, how many open chats they have, and whether they take another one. */
  async presence(request: PresenceRequest): Promise<Presence> {
    expectVersion(request);
    const { capacity, place } = request;
    const isFull = capacity === undefined ? {} : { is_full: !this.#takePlace(capacity, place) };
    if (!hasTables(this.#sql)) return { is_present: false, current_chat_count: 0, ...isFull };
    return { is_present: this.#isPresent(), current_chat_count: countChats(this.#sql), ...isFull };
  }

  /** Keeps no place for a chat any more. */
  async givePlaceBack(request: { v: 1; chat_id: string }): Promise<void> {
    expectVersion(request);
    if (hasTables(this.#sql)) dropPlace(this.#sql, request.chat_id);
  }

  /** Whether the user takes another chat. If so, a place is kept for it: two joins at once cannot have the same one. */
  #takePlace(capacity: number, place: PresenceRequest['place']): boolean {
    const now = Date.now();
    const taken = hasTables(this.#sql) ? countTaken(this.#sql, place?.chat_id ?? null, now) : 0;
    if (taken >= capacity) return false;
    if (place === undefined) return true;
    const { owner, chat_id } = place;
    this.ctx.storage.transactionSync(() => {
      makeTables(this.#sql, owner, now);
      if (knownPresence(this.#sql, chat_id) === undefined) keepPlace(this.#sql, chat_id, now + PLACE_KEPT, now);
    });
    return true;
  }

  /** All clients, the oldest first. */
  async listClients(request: { v: 1 }): Promise<ClientFacts[]> {
    expectVersion(request);
    return hasTables(this.#sql) ? listClients(this.#sql) : [];
  }

  /** Creates a client. Null when the user has the maximum of unexpired ones. */
  async createClient(request: Parameters<UserStub['createClient']>[0]): Promise<ClientSaved | null> {
    expectVersion(request);
    const now = Date.now();
    const clients = hasTables(this.#sql) ? listClients(this.#sql) : [];
    const surplus = makeRoom(clients, now);
    if (surplus === null) return null;
    const client = newClient(nextClientId(clients, now), request.changes, now);
    await this.#change(() => {
      makeTables(this.#sql, request.owner, now);
      for (const id of surplus) deleteClient(this.#sql, id);
      putClient(this.#sql, client);
    });
    return { client, was_absent: true };
  }

  /** Changes a client and renews its presence. Null when there is no such client. */
  async updateClient(request: Parameters<UserStub['updateClient']>[0]): Promise<ClientSaved | null> {
    expectVersion(request);
    const before = hasTables(this.#sql) ? findClient(this.#sql, request.client_id) : null;
    if (before === null) return null;
    const now = Date.now();
    const client = changeClient(before, request.changes, now);
    await this.#change(() => putClient(this.#sql, client));
    return { client, was_absent: !isClientPresent(before, now) };
  }

  /** Renews the client with a known id, or creates it. */
  async keepClient(request: Parameters<UserStub['keepClient']>[0]): Promise<void> {
    expectVersion(request);
    const { owner, client_id, changes } = request;
    const now = Date.now();
    const before = hasTables(this.#sql) ? findClient(this.#sql, client_id) : null;
    const client = before === null ? newClient(client_id, changes, now) : changeClient(before, changes, now);
    await this.#change(() => {
      makeTables(this.#sql, owner, now);
      putClient(this.#sql, client);
    });
  }

  /** Deletes a client. False when there is none. */
  async deleteClient(request: Parameters<UserStub['deleteClient']>[0]): Promise<boolean> {
    expectVersion(request);
    if (!hasTables(this.#sql) || findClient(this.#sql, request.client_id) === null) return false;
    await this.#change(() => deleteClient(this.#sql, request.client_id));
    return true;
  }

  /** Deletes all clients: the user is absent from now on. */
  async deleteClients(request: { v: 1 }): Promise<void> {
    expectVersion(request);
    if (hasTables(this.#sql)) await this.#change(() => deleteAllClients(this.#sql));
  }

  /** Deletes everything. The visitor was purged, and their chats have ended. */
  async forget(request: { v: 1 }): Promise<void> {
    expectVersion(request);
    await this.ctx.storage.deleteAll();
    this.#timers.forgetAll();
  }

  /** Reports to a chat from now on. Answers whether the user is present. */
  async watch(request: Parameters<UserStub['watch']>[0]): Promise<{ is_present: boolean }> {
    expectVersion(request);
    const { chat_id } = request;
    this.ctx.storage.transactionSync(() => {
      makeTables(this.#sql, request.owner, Date.now());
      const before = knownPresence(this.#sql, chat_id);
      // What the thread knew when it asked may be older than the last report. Then it gets another.
      const isSure = !this.#broadcaster.isSending(chat_id) && (before === undefined || before === request.is_present);
      putChat(this.#sql, chat_id, isSure ? request.is_present : null);
      dropPlace(this.#sql, chat_id);
    });
    this.#broadcaster.invalidate(chat_id);
    this.#followLater();
    return { is_present: this.#isPresent() };
  }

  /** Reports to a chat no longer. */
  async unwatch(request: { v: 1; chat_id: string }): Promise<void> {
    expectVersion(request);
    if (!hasTables(this.#sql)) return;
    deleteChat(this.#sql, request.chat_id);
    this.#broadcaster.invalidate(request.chat_id);
    this.#followLater();
  }

  /** Does what is due; harmless when it rings twice. Never throws: the platform drops an alarm after six failures. */
  override async alarm(): Promise<void> {
    this.#alarmClock.ring();
    try {
      if (!hasTables(this.#sql)) return;
      const now = Date.now();
      for (const id of outlivedClients(listClients(this.#sql), now)) deleteClient(this.#sql, id);
      const checkAt = this.#checkAt();
      if (checkAt !== null && checkAt <= now) beginCheck(this.#sql, now);
      if (this.#timers.due().includes(ARRIVAL)) this.#timers.clear(ARRIVAL);
      await settledWithin(this.#catchUp(), WAIT_IN_ALARM);
      this.#armNext();
    } catch (error) {
      this.#armAfter(error);
    }
  }

  #isPresent(): boolean {
    return isUserPresent(spanOfClients(this.#sql).last, Date.now());
  }

  /** Visitors' requests write their presence to D1 themselves, for each room (directory/room-visitors.ts). */
  #copyDueAt(now: number): number | null {
    if (isVisitorId(readOwner(this.#sql).user_id)) return null;
    return copyDueAt(copiedPresence(this.#sql), this.#presenceToCopy(), now);
  }

  #isOutdated(chatId: string): boolean {
    const known = knownPresence(this.#sql, chatId);
    return known !== undefined && (known === null || known === this.#wrongPresence());
  }

  /** The presence that no chat may have any more; null while an absence is not reported yet. */
  #wrongPresence(): boolean | null {
    if (this.#isPresent()) return false;
    return this.#departureAt() <= Date.now() ? true : null;
  }

  #departureAt(): number {
    return departureAt(spanOfClients(this.#sql).last, this.#timers.dueAt(ARRIVAL));
  }

  #checkAt(): number | null {
    return checkDueAt(readCheckedAt(this.#sql), countChats(this.#sql));
  }

  #presenceToCopy(): CopiedPresence {
    return { present_until: spanOfClients(this.#sql).last, current_chat_count: countChats(this.#sql) };
  }

  /** Changes the clients, and reports to chats and D1. */
  async #change(write: () => void): Promise<void> {
    const wasPresent = hasTables(this.#sql) && this.#isPresent();
    this.ctx.storage.transactionSync(write);
    const isArrival = !wasPresent && this.#isPresent();
    if (isArrival && outdatedChats(this.#sql, false, 1).length > 0) this.#timers.set(ARRIVAL, Date.now() + GRACE);
    await settledWithin(this.#follow(), WAIT_FOR_OTHERS);
  }

  /** Reports to chats and D1 what the rows say. Arms the alarm in the same turn as the change. */
  #follow(): Promise<void> {
    const done = this.#catchUp();
    this.#armNext();
    return done;
  }

  /** Sends all reports that are due. Never rejects. */
  async #catchUp(): Promise<void> {
    try {
      await Promise.all([this.#broadcaster.run(), this.#copier.run()]);
    } catch (error) {
      logFailure('presence_not_followed', error);
    }
  }

  #followLater(): void {
    this.ctx.waitUntil(this.#follow());
  }

  async #send(chatId: string, isPresent: boolean): Promise<SendResult> {
    const thread = threadNameOfChat(chatId);
    if (thread === null) return 'unwatched';
    const { user_id } = readOwner(this.#sql);
    const { result } = await commandThread(this.env, thread, {
      v: 1,
      type: 'change_presence',
      command_id: newCommandId(),
      chat_id: chatId,
      user_id,
      is_present: isPresent,
    });
    if (result.ok) return result.answer.is_watched ? 'received' : 'unwatched';
    const { reason } = result.refusal;
    if (reason === 'chat_not_found' || reason === 'thread_not_found') return 'unwatched';
    throw new Error(`the thread refused: ${reason}`);
  }

  #record(chatId: string, isPresent: boolean, result: SendResult): void {
    if (result === 'received') {
      setKnownPresence(this.#sql, chatId, isPresent);
      return;
    }
    deleteChat(this.#sql, chatId);
    this.#followLater();
  }

  async #copy(copy: PresenceCopy): Promise<void> {
    const owner = readOwner(this.#sql);
    const database = openIdentityDatabase(this.env, noCost());
    const outcome = await recordPresence(database, owner.organization_id, owner.user_id, copy);
    if (outcome !== 'deleted' || copy.present_until === null) return;
    // Isolates accept the tokens of a deleted user a little longer. Such a request must not make the user present.
    deleteAllClients(this.#sql);
    this.#followLater();
  }

  /** Never throws, since the constructor calls it. */
  #armNext(): void {
    try {
      const next = this.#nextAlarm(Date.now());
      if (next !== null) this.#alarmClock.armBy(next);
    } catch (error) {
      this.#armAfter(error);
    }
  }

  #armAfter(error: unknown): void {
    logFailure('presence_alarm_failed', error);
    this.#alarmClock.armBy(Date.now() + ALARM_AFTER_ACCIDENT);
  }

  #nextAlarm(now: number): number | null {
    const leavesAt = this.#departureAt();
    const times = [
      leavesAt > now && isKnownAsPresent(this.#sql) ? leavesAt : null,
      this.#broadcaster.nextAt(),
      this.#copier.nextAt(),
      this.#checkAt(),
      pruneDueAt(spanOfClients(this.#sql)),
    ];
    return nextAlarm(times, now);
  }
}

/**
 * Refuses a request of a newer program. To its caller that looks like a restart, so it is repeated until the rollout is
 * complete.
 */
function expectVersion({ v }: { v: number }): void {
  if (v !== 1) throw Object.assign(new Error('newer version'), { retryable: true });
}

function logFailure(event: string, error: unknown): void {
  writeLog('error', event, { error: errorText(error) });
}
