import { installationReceiver } from '../../../src/resources/receiver.ts';
import { uuidVersion7 } from '../../../src/resources/uuid.ts';
import type { LaneWakeUp } from '../../../src/rpc/lane.ts';
import type { ThreadStub } from '../../../src/rpc/thread.ts';
import { type Answer, call, type Person, testEnv } from './requests.ts';

export const THREAD = 'a000000000000000000';

let made = 0n;

/** An id of a delivery that was accepted at a time (ms). */
export function deliveryId(at: number): string {
  made += 1n;
  return uuidVersion7(at, { high12: 2, low62: made });
}

export type LoggedAppDelivery = {
  /** The organization that has installed the app. */
  organization_id: string;
  installation_id: string;
  webhook_id: string;
  id?: string;
  thread?: string;
  status?: string;
  skip_reason?: string;
  action?: string;
};

/** Inserts a webhook of an app into D1's log, as a projector would. Answers its id. */
export async function logAppDelivery(delivery: LoggedAppDelivery): Promise<string> {
  const id = delivery.id ?? deliveryId(1000);
  await testEnv.DB.prepare(
    `INSERT INTO deliveries (id, version, organization_id, receiver, thread, thread_id, chat_id, seq, event_type, webhook_id,
       channel, resource_id, status, skip_reason, is_replay, attempt_count, due_at, last_attempt_at, last_status, last_error,
       created_at)
     VALUES (?, 1, ?, ?, ?, 'ticket-1', 'c1', 7, ?, ?, '/api/v5/orgs/o/owned_chats', 'c1', ?, ?, 0, 1, 2000, 1500, NULL,
       'timeout', 1000)`,
  )
    .bind(
      id,
      delivery.organization_id,
      installationReceiver(delivery.installation_id),
      delivery.thread ?? THREAD,
      delivery.action ?? 'added',
      delivery.webhook_id,
      delivery.status ?? 'pending',
      delivery.skip_reason ?? null,
    )
    .run();
  return id;
}

/** The hub with a queue and threads that record their calls. */
export class RecordingHub {
  sent: LaneWakeUp[] = [];
  asked: string[] = [];
  thread: Partial<ThreadStub> = {};
  databases: { [binding: string]: unknown } = {};

  ask(person: Pick<Person, 'token'>, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.call(`/api/v5${path}`, method, `Bearer ${person.token}`, body);
  }

  call(path: string, method: string, authorization: string, body?: unknown): Promise<Answer> {
    const queue = {
      sendBatch: async (messages: { body: LaneWakeUp }[]) => void this.sent.push(...messages.map((each) => each.body)),
    };
    const threads = {
      getByName: (name: string) => {
        this.asked.push(name);
        return this.thread;
      },
    };
    const env = { WEBHOOKS: queue, THREADS: threads, ...this.databases } as unknown as Partial<Env>;
    return call(path, { method, authorization, env, ...(body === undefined ? {} : { body }) });
  }
}
