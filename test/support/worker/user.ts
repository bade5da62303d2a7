import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { noCost } from '../../../src/db/cost.ts';
import { insertUser } from '../../../src/directory/users.ts';
import { chatIdAt, threadName } from '../../../src/domain/address.ts';
import type { ChangePresence, PresenceChanged } from '../../../src/domain/commands.ts';
import type { Result } from '../../../src/domain/refusals.ts';
import { QUOTAS } from '../../../src/resources/quotas.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { ThreadStub } from '../../../src/rpc/thread.ts';
import type { PresenceOwner } from '../../../src/rpc/user.ts';
import { type UserStub, userStub } from '../../../src/rpc/user.ts';
import type { Ring } from './alarm.ts';
import { passTime } from './clock.ts';
import { AT, database, newOrganization } from './directory-rows.ts';

export type CopiedRow = { present_until: number | null; current_chat_count: number };
type ThreadUpdate = { chat_id: string; is_present: boolean };

export const WATCHED: Result<PresenceChanged> = { ok: true, answer: { is_watched: true } };
export const UNWATCHED: Result<PresenceChanged> = { ok: true, answer: { is_watched: false } };

/** A user of a new organization with their object, and threads that answer as the test says. */
export class User {
  readonly owner: PresenceOwner;
  /** The reports to threads, in order. */
  readonly told: ThreadUpdate[] = [];
  /** The greatest number of calls to threads in flight at a time. */
  mostCalls = 0;
  answer: (command: ChangePresence) => Result<PresenceChanged> | Promise<Result<PresenceChanged>> = () => WATCHED;
  /** Ends the object's instance in the middle of its work. */
  crash: () => void = () => {};
  /** The object's D1. */
  database: D1Database = env.DB;
  #calls = 0;
  readonly #ring: Ring;

  private constructor(owner: PresenceOwner, ring: Ring) {
    this.owner = owner;
    this.#ring = ring;
  }

  /** `ring` rings the alarm; without it the object keeps its memory. */
  static async create(ring: Ring = (stub) => runDurableObjectAlarm(stub)): Promise<User> {
    const owner = { user_id: newUuid(Date.now()), organization_id: await newOrganization() };
    const user = {
      id: owner.user_id,
      first_name: 'Ada',
      last_name: 'Agent',
      alias: null,
      avatar_id: null,
      avatar_url: null,
      email: null,
      is_bot: 0,
      is_staff: 0,
      created_at: AT,
    } as const;
    await insertUser(database, owner.organization_id, user, QUOTAS.users);
    const made = new User(owner, ring);
    await made.meet();
    return made;
  }

  /** The platform's own stub of their object, for alarms and evictions. */
  get object() {
    return env.USERS.getByName(this.owner.user_id);
  }

  get stub(): UserStub {
    return userStub(env, this.owner.user_id);
  }

  /** Ends the object's instance, as ten idle seconds do. */
  async evict(): Promise<void> {
    await evictDurableObject(this.object);
    await this.meet();
  }

  /** Lets the object work with another D1. */
  async useDatabase(database: D1Database): Promise<void> {
    this.database = database;
    await this.meet();
  }

  /** Puts the test's threads and D1 into the object's environment; needed for each instance. */
  async meet(): Promise<void> {
    const thread: Pick<ThreadStub, 'execute'> = {
      execute: async (command) => {
        const { chat_id, is_present } = command as ChangePresence;
        this.told.push({ chat_id, is_present });
        this.#calls += 1;
        this.mostCalls = Math.max(this.mostCalls, this.#calls);
        try {
          return { result: await this.answer(command as ChangePresence), cost: noCost() };
        } finally {
          this.#calls -= 1;
        }
      },
    };
    await this.inside((instance, state) => {
      this.crash = () => state.abort('crash');
      const inner = (instance as unknown as { env: Env }).env;
      // Each object has its own threads, although all of them share the binding.
      Object.defineProperty(instance, 'env', {
        value: { ...inner, THREADS: { getByName: () => thread }, DB: this.database },
        configurable: true,
        writable: true,
      });
    });
  }

  inside<T>(work: (instance: unknown, state: DurableObjectState) => T | Promise<T>): Promise<T> {
    return runInDurableObject(this.object, (instance, state) => work(instance, state));
  }

  /** A client that expires after this many seconds. */
  async addClient(seconds: number): Promise<string> {
    const changes = { presence_expires_in: seconds };
    const saved = await this.stub.createClient({ v: 1, owner: this.owner, changes });
    if (saved === null) throw new Error('too many clients');
    return saved.client.id;
  }

  renew(clientId: string, seconds?: number) {
    return this.stub.updateClient({ v: 1, client_id: clientId, changes: { presence_expires_in: seconds } });
  }

  watch(chatId: string, isPresent: boolean) {
    return this.stub.watch({ v: 1, owner: this.owner, chat_id: chatId, is_present: isPresent });
  }

  async isPresent(): Promise<boolean> {
    return (await this.stub.presence({ v: 1 })).is_present;
  }

  ring(): Promise<boolean> {
    return this.#ring(this.object, () => this.meet());
  }

  alarmAt(): Promise<number | null> {
    return this.inside((_, state) => state.storage.getAlarm());
  }

  rows<Row>(sql: string): Promise<Row[]> {
    return this.inside((_, state) => state.storage.sql.exec(sql).toArray() as Row[]);
  }

  /** The reports since the last time. */
  takeTold(): ThreadUpdate[] {
    return this.told.splice(0);
  }

  /** D1's row of the user. */
  async copy(): Promise<CopiedRow> {
    const row = await database.first<CopiedRow>(
      'SELECT present_until, current_chat_count FROM users WHERE id = ?',
      this.owner.user_id,
    );
    if (row === null) throw new Error('no such user');
    return row;
  }
}

/** A new id of a chat. */
export function newChatId(): string {
  return chatIdAt(threadName({ kind: 'chat', id: crypto.randomUUID() }), Date.now());
}

/** Moves the clock of tests and objects; alarms ring only when the test rings them. */
export function passSeconds(seconds: number): void {
  passTime(seconds * 1000);
}
