import { channelReceiver } from '../../../src/resources/receiver.ts';
import type { LaneWakeUp } from '../../../src/rpc/lane.ts';
import type { ThreadStub } from '../../../src/rpc/thread.ts';
import { type Answer, admin, type Call, call, enroll, testEnv } from './requests.ts';

export const RECEIVER_URL = 'https://receiver.example.com/hook';

/**
 * An organization with a room, as an integrator with the scope `settings` sees it. Calls of its queue and threads are
 * recorded.
 */
export class Gateway {
  readonly organizationId: string;
  readonly roomId: string;
  readonly token: string;
  sent: LaneWakeUp[] = [];
  batches: number[] = [];
  thread: Partial<ThreadStub> = {};
  /** Names of the threads that were called. */
  asked: string[] = [];

  private constructor(organizationId: string, roomId: string, token: string) {
    this.organizationId = organizationId;
    this.roomId = roomId;
    this.token = token;
  }

  static async open(): Promise<Gateway> {
    const person = await enroll({ scopes: ['settings'] });
    const roomId = await newRoom(person.organization_id);
    return new Gateway(person.organization_id, roomId, person.token);
  }

  get root(): string {
    return `/api/v5/orgs/${this.organizationId}/unified_messaging`;
  }

  fields(change: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      name: 'Support Email',
      messaging_channel: 'email',
      room_id: this.roomId,
      reply_webhook_url: RECEIVER_URL,
      ...change,
    };
  }

  request(method: string, path: string, body?: unknown, change: Call = {}): Promise<Answer> {
    const url = path.startsWith('http') ? path : `${this.root}${path}`;
    return call(url, {
      method,
      authorization: `Bearer ${this.token}`,
      ...(body === undefined ? {} : { body }),
      ...change,
      env: { ...this.#bindings(), ...change.env },
    });
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path);
  }

  async register(change: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.request('POST', '', this.fields(change));
    return String(answer.json['id']);
  }

  #bindings(): Partial<Env> {
    const queue = {
      sendBatch: async (messages: { body: LaneWakeUp }[]) => {
        this.batches.push(messages.length);
        this.sent.push(...messages.map(({ body }) => body));
      },
    };
    const threads = {
      getByName: (name: string) => {
        this.asked.push(name);
        return this.thread;
      },
    };
    return { WEBHOOKS: queue, THREADS: threads } as unknown as Partial<Env>;
  }
}

export async function newRoom(organizationId: string): Promise<string> {
  const room = await admin(`/organizations/${organizationId}/rooms`, { method: 'POST', body: { name: 'Support' } });
  return String(room.json['id']);
}

export type LoggedDelivery = {
  id: string;
  thread: string;
  thread_id?: string;
  status?: string;
  skip_reason?: string;
  event_type?: string;
  is_replay?: 0 | 1;
  created_at?: number;
};

/** Inserts a row into D1's delivery log, as a projector would. */
export async function logDelivery(gateway: Gateway, channelId: string, delivery: LoggedDelivery): Promise<void> {
  await testEnv.DB.prepare(
    `INSERT INTO deliveries (id, version, organization_id, receiver, thread, thread_id, chat_id, seq, event_type, status,
       skip_reason, is_replay, attempt_count, due_at, last_attempt_at, last_status, last_error, created_at)
     VALUES (?, 1, ?, ?, ?, ?, 'c1', 7, ?, ?, ?, ?, 1, 2000, 1500, 500, NULL, ?)`,
  )
    .bind(
      delivery.id,
      gateway.organizationId,
      channelReceiver(channelId),
      delivery.thread,
      delivery.thread_id ?? 'ticket-1',
      delivery.event_type ?? 'message_created',
      delivery.status ?? 'pending',
      delivery.skip_reason ?? null,
      delivery.is_replay ?? 0,
      delivery.created_at ?? 1000,
    )
    .run();
}
