import { DurableObject } from 'cloudflare:workers';
import { AlarmClock } from '../alarm-clock.ts';
import { noCost } from '../db/cost.ts';
import { db } from '../db/database.ts';
import { type PresenceCopy, recordPresence } from '../directory/presence.ts';
import { errorText, writeLog } from '../log.ts';
import { type ClientFacts, isClientPresent } from '../resources/user-client.ts';
import { executeCommand, isVisitorId, type UserStub } from '../stubs.ts';
import { threadNameOfChat } from '../thread/address.ts';
import { type ChangePresence, newCommandId } from '../thread/commands.ts';
import { settledWithin } from '../within-time.ts';
import { ChatTeller, type Told } from './chat-teller.ts';
import type { ClientChanges, ClientSaved, Presence, PresenceOwner } from './client.ts';
import {
  type CopiedPresence,
  changeClient,
  checkDueAt,
  copyDueAt,
  isUserPresent,
  makeRoom,
  newClient,
  nextAlarm,
  nextClientId,
  outlivedClients,
} from './presence.ts';
import { PresenceCopier } from './presence-copier.ts';
import {
  beginCheck,
  beginCopy,
  copiedPresence,
  countChats,
  deleteAllClients,
  deleteChat,
  deleteClient,
  endCopy,
  findClient,
  hasTables,
  listClients,
  makeTables,
  markTold,
  putChat,
  putClient,
  readCheckedAt,
  readOwner,
  spanOfClients,
  toldOf,
  untoldChats,
} from './store.ts';

/** A client's request waits this long (ms) until chats and D1 know, and is then answered all the same: the rows have it. */
const WAIT_FOR_OTHERS = 1000;
/** The alarm waits this long (ms) for what it has started, and then rings again for the rest. */
const WAIT_IN_ALARM = 60_000;
/** After an accident in the alarm it rings again so much later (ms). */
const ALARM_AFTER_ACCIDENT = 30_000;

/**
 * The object of a user, or of a visitor: his clients, and the open chats that are told when he comes or goes (ENGINE 5). It keeps rows; telling the
 * chats and D1 follows from them, and is taken up again by the alarm until it is done. Between reading rows and writing them nothing
 * is awaited.
 */
export class UserObject extends DurableObject<Env> implements UserStub {
  readonly #sql: SqlStorage;
  readonly #teller: ChatTeller;
  readonly #copier: PresenceCopier;
  readonly #alarmClock: AlarmClock;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#alarmClock = new AlarmClock(ctx, (error) => logFailure('arm_failed', error));
    const failed = (retryAt: number) => void this.#alarmClock.armBy(retryAt);
    this.#teller = new ChatTeller({
      untold: (limit) => untoldChats(this.#sql, this.#isPresent(), limit),
      isUntold: (chatId) => this.#isUntold(chatId),
      isPresent: () => this.#isPresent(),
      tell: (chatId, isPresent) => this.#tell(chatId, isPresent),
      settle: (chatId, isPresent, told) => this.#settle(chatId, isPresent, told),
      now: () => Date.now(),
      failed,
    });
    this.#copier = new PresenceCopier({
      dueAt: (now) => this.#copyDueAt(now),
      begin: () => ({ version: beginCopy(this.#sql), ...this.#presenceToCopy() }),
      write: (copy) => this.#copy(copy),
      end: (copy) => endCopy(this.#sql, copy),
      now: () => Date.now(),
      failed,
    });
    ctx.blockConcurrencyWhile(async () => {
      await this.#alarmClock.start();
    });
  }

  async presence(): Promise<Presence> {
    if (!hasTables(this.#sql)) return { is_present: false, current_chat_count: 0 };
    return { is_present: this.#isPresent(), current_chat_count: countChats(this.#sql) };
  }

  async listClients(): Promise<ClientFacts[]> {
    return hasTables(this.#sql) ? listClients(this.#sql) : [];
  }

  async createClient(request: { owner: PresenceOwner; changes: ClientChanges }): Promise<ClientSaved | null> {
    const now = Date.now();
    const clients = hasTables(this.#sql) ? listClients(this.#sql) : [];
    const surplus = makeRoom(clients, now);
    if (surplus === null) return null;
    const client = newClient(nextClientId(clients, now), request.changes, now);
    this.ctx.storage.transactionSync(() => {
      makeTables(this.#sql, request.owner, now);
      for (const id of surplus) deleteClient(this.#sql, id);
      putClient(this.#sql, client);
    });
    await settledWithin(this.#follow(), WAIT_FOR_OTHERS);
    return { client, was_absent: true };
  }

  async updateClient(request: { client_id: string; changes: ClientChanges }): Promise<ClientSaved | null> {
    const before = hasTables(this.#sql) ? findClient(this.#sql, request.client_id) : null;
    if (before === null) return null;
    const now = Date.now();
    const client = changeClient(before, request.changes, now);
    putClient(this.#sql, client);
    await settledWithin(this.#follow(), WAIT_FOR_OTHERS);
    return { client, was_absent: !isClientPresent(before, now) };
  }

  async keepClient(request: { owner: PresenceOwner; client_id: string; changes: ClientChanges }): Promise<void> {
    const { owner, client_id, changes } = request;
    const now = Date.now();
    const before = hasTables(this.#sql) ? findClient(this.#sql, client_id) : null;
    const client = before === null ? newClient(client_id, changes, now) : changeClient(before, changes, now);
    this.ctx.storage.transactionSync(() => {
      makeTables(this.#sql, owner, now);
      putClient(this.#sql, client);
    });
    await settledWithin(this.#follow(), WAIT_FOR_OTHERS);
  }

  async deleteClient(request: { client_id: string }): Promise<boolean> {
    if (!hasTables(this.#sql) || !deleteClient(this.#sql, request.client_id)) return false;
    await settledWithin(this.#follow(), WAIT_FOR_OTHERS);
    return true;
  }

  async deleteClients(): Promise<void> {
    if (!hasTables(this.#sql)) return;
    deleteAllClients(this.#sql);
    await settledWithin(this.#follow(), WAIT_FOR_OTHERS);
  }

  async watch(request: {
    owner: PresenceOwner;
    chat_id: string;
    is_present: boolean;
  }): Promise<{ is_present: boolean }> {
    const { chat_id } = request;
    this.ctx.storage.transactionSync(() => {
      makeTables(this.#sql, request.owner, Date.now());
      const before = toldOf(this.#sql, chat_id);
      // What the thread believed when it asked may be older than what it was told last: then it is told once more.
      const isSure = !this.#teller.isTelling(chat_id) && (before === undefined || before === request.is_present);
      putChat(this.#sql, chat_id, isSure ? request.is_present : null);
    });
    this.#teller.disown(chat_id);
    this.#followLater();
    return { is_present: this.#isPresent() };
  }

  async unwatch(request: { chat_id: string }): Promise<void> {
    if (!hasTables(this.#sql)) return;
    deleteChat(this.#sql, request.chat_id);
    this.#teller.disown(request.chat_id);
    this.#followLater();
  }

  /** A sweep over what is due; harmless if it rings twice. It never throws: the platform forgets an alarm after six failures. */
  override async alarm(): Promise<void> {
    this.#alarmClock.ring();
    try {
      if (!hasTables(this.#sql)) return;
      const now = Date.now();
      for (const id of outlivedClients(listClients(this.#sql), now)) deleteClient(this.#sql, id);
      const checkAt = this.#checkAt();
      if (checkAt !== null && checkAt <= now) beginCheck(this.#sql, now);
      await settledWithin(this.#catchUp(), WAIT_IN_ALARM);
      this.#armNext();
    } catch (error) {
      logFailure('presence_alarm_failed', error);
      this.#alarmClock.armBy(Date.now() + ALARM_AFTER_ACCIDENT);
    }
  }

  #isPresent(): boolean {
    return isUserPresent(spanOfClients(this.#sql).last, Date.now());
  }

  /** What D1 shows of a visitor's presence is written by his requests themselves, for each room (directory/room-visitors.ts). */
  #copyDueAt(now: number): number | null {
    if (isVisitorId(readOwner(this.#sql).user_id)) return null;
    return copyDueAt(copiedPresence(this.#sql), this.#presenceToCopy(), now);
  }

  #isUntold(chatId: string): boolean {
    const told = toldOf(this.#sql, chatId);
    return told !== undefined && told !== this.#isPresent();
  }

  #checkAt(): number | null {
    return checkDueAt(readCheckedAt(this.#sql), countChats(this.#sql));
  }

  #presenceToCopy(): CopiedPresence {
    return { present_until: spanOfClients(this.#sql).last, current_chat_count: countChats(this.#sql) };
  }

  /** Lets chats and D1 know what the rows say, with the alarm armed in the turn of the change. */
  #follow(): Promise<void> {
    const done = this.#catchUp();
    this.#armNext();
    return done;
  }

  /** Tells the chats and D1 what is due. Never rejects. */
  async #catchUp(): Promise<void> {
    try {
      await Promise.all([this.#teller.run(), this.#copier.run()]);
    } catch (error) {
      logFailure('presence_not_followed', error);
    }
  }

  #followLater(): void {
    this.ctx.waitUntil(this.#follow());
  }

  async #tell(chatId: string, isPresent: boolean): Promise<Told> {
    const thread = threadNameOfChat(chatId);
    if (thread === null) return 'unwatched';
    const { user_id } = readOwner(this.#sql);
    const command: ChangePresence = {
      v: 1,
      type: 'change_presence',
      command_id: newCommandId(),
      chat_id: chatId,
      user_id,
      is_present: isPresent,
    };
    const result = await executeCommand(this.env, noCost(), thread, command, 'object');
    if (result.ok) return result.answer.is_watched ? 'told' : 'unwatched';
    const { reason } = result.refusal;
    if (reason === 'chat_not_found' || reason === 'thread_not_found') return 'unwatched';
    throw new Error(`the thread refused: ${reason}`);
  }

  #settle(chatId: string, isPresent: boolean, told: Told): void {
    if (told === 'told') {
      markTold(this.#sql, chatId, isPresent);
      return;
    }
    deleteChat(this.#sql, chatId);
    this.#followLater();
  }

  async #copy(copy: PresenceCopy): Promise<void> {
    const owner = readOwner(this.#sql);
    const database = db(this.env, null, noCost());
    const outcome = await recordPresence(database, owner.organization_id, owner.user_id, copy);
    if (outcome !== 'deleted' || copy.present_until === null) return;
    // Isolates honour the tokens of a deleted user a little longer; that makes nobody present.
    deleteAllClients(this.#sql);
    this.#followLater();
  }

  #armNext(): void {
    const clients = spanOfClients(this.#sql);
    const now = Date.now();
    const isExpected = isUserPresent(clients.last, now) && countChats(this.#sql) > 0;
    const next = nextAlarm(
      {
        absence: isExpected ? clients.last : null,
        untold: this.#teller.nextAt(),
        copy: this.#copier.nextAt(),
        check: this.#checkAt(),
        clients,
      },
      now,
    );
    if (next !== null) this.#alarmClock.armBy(next);
  }
}

function logFailure(event: string, error: unknown): void {
  writeLog('error', event, { error: errorText(error) });
}
