import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { insertUser } from '../../../src/directory/users.ts';
import type { PresenceOwner } from '../../../src/presence/client.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { type ThreadStub, type UserStub, userStub } from '../../../src/stubs.ts';
import { chatIdAt, threadName } from '../../../src/thread/address.ts';
import type { ChangePresence, PresenceChanged } from '../../../src/thread/commands.ts';
import type { Result } from '../../../src/thread/refusals.ts';
import { AT, database, newOrganization } from '../directory/directory.ts';

export type CopiedRow = { present_until: number | null; current_chat_count: number };
type Told = { chat_id: string; is_present: boolean };

export const WATCHED: Result<PresenceChanged> = { ok: true, answer: { is_watched: true } };
export const UNWATCHED: Result<PresenceChanged> = { ok: true, answer: { is_watched: false } };

/** A user of a new organization with his object, and threads that answer as the test says. */
export class User {
  readonly owner: PresenceOwner;
  /** What threads were told, in order. */
  readonly told: Told[] = [];
  /** Most calls to threads that were ever under way at a time. */
  mostCalls = 0;
  answer: (command: ChangePresence) => Result<PresenceChanged> | Promise<Result<PresenceChanged>> = () => WATCHED;
  #calls = 0;

  private constructor(owner: PresenceOwner) {
    this.owner = owner;
  }

  static async create(): Promise<User> {
    const owner = { user_id: newUuid(Date.now()), organization_id: await newOrganization() };
    await insertUser(database, owner.organization_id, {
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
    });
    const user = new User(owner);
    await user.meetThreads();
    return user;
  }

  /** The platform's own stub of his object, for alarms and evictions. */
  get object() {
    return env.USERS.getByName(this.owner.user_id);
  }

  get stub(): UserStub {
    return userStub(env, this.owner.user_id);
  }

  /** Puts the test's threads into the object's place for threads: once for each life of the object. */
  async meetThreads(): Promise<void> {
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
    await this.inside((instance) => {
      const inner = (instance as unknown as { env: Env }).env;
      // Each object has its own threads, although all of them share the binding.
      Object.defineProperty(instance, 'env', {
        value: { ...inner, THREADS: { getByName: () => thread } },
        configurable: true,
        writable: true,
      });
    });
  }

  inside<T>(work: (instance: unknown, state: DurableObjectState) => T | Promise<T>): Promise<T> {
    return runInDurableObject(this.object, (instance, state) => work(instance, state));
  }

  /** A client that expires after so many seconds. */
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
    return runDurableObjectAlarm(this.object);
  }

  alarmAt(): Promise<number | null> {
    return this.inside((_, state) => state.storage.getAlarm());
  }

  rows<Row>(sql: string): Promise<Row[]> {
    return this.inside((_, state) => state.storage.sql.exec(sql).toArray() as Row[]);
  }

  /** What was told since the last time. */
  takeTold(): Told[] {
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

/** The id of a chat that nobody else has. */
export function newChatId(): string {
  return chatIdAt(threadName({ kind: 'chat', id: crypto.randomUUID() }), Date.now());
}

/** Lets the clock of tests and objects jump; alarms ring only when the test rings them. */
export function passSeconds(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}
