import type { Cost } from '../db/cost.ts';
import type { DeliveryStatus } from '../db/rows.ts';
import type { Answer, AnswerOf, Command, Purge } from '../domain/commands.ts';
import type { Query, Reading, ReadingOf } from '../domain/queries.ts';
import type { Result } from '../domain/refusals.ts';
import { isRetryable } from '../platform/platform-errors.ts';
import type { ChannelWebhook } from '../resources/channel-webhook.ts';
import type { MessageFacts } from '../resources/message.ts';
import type { Receiver } from '../resources/receiver.ts';
import { asPlain, callTwice, inJurisdiction } from './call.ts';
import type { Attempt, Lane, LeasedDelivery } from './lane.ts';
import type { BatchRange, HandedBatch } from './projector.ts';

/** The calls of a thread's object. They carry plain values: classes do not survive a call. */
export interface ThreadStub extends Lane {
  execute(command: Command, courier?: Courier): Promise<Executed>;
  acknowledge(request: { v: 1; ranges: readonly BatchRange[] }): Promise<void>;
  read(query: Query): Promise<Result<Reading>>;
  readEvents(request: {
    v: 1;
    identity: string;
    receiver: Receiver;
    after: number;
    limit: number;
  }): Promise<Result<EventPage>>;
  readLog(request: { v: 1; organization_id: string; before: number | null; limit: number }): Promise<Result<LogPage>>;
  replay(request: { v: 1; receiver: Receiver; filter: ReplayFilter }): Promise<{ replayed: number }>;
  readDelivery(request: { v: 1; delivery_id: string }): Promise<{ body: string | null; attempts: Attempt[] } | null>;
  wake(request: { v: 1 }): Promise<void>;
  rebuild(request: { v: 1 }): Promise<Rebuilt>;
  purge(request: { v: 1; order: PurgeOrder }): Promise<Result<PurgeState>>;
  removeUnanswered(request: RemovalRequest): Promise<Result<Removal>>;
  removedMessages(request: { v: 1; after: number }): Promise<{ places: string[]; upto: number } | null>;
}

/**
 * What a thread of the organization purges: one chat, all of a visitor (`visitor_id`), or (both null) all that there are
 * when the thread takes the order, with later ones of the same visitor. `id` is chosen by the caller: the same order again only
 * tells whether it is done. `upto_chat`: of all chats only this one and earlier ones. Earlier versions send no `visitor_id`.
 */
export type PurgeOrder = Pick<Purge, 'organization_id' | 'covers' | 'before'> & {
  id: string;
  chat_id: string | null;
  visitor_id?: string | null;
  upto_chat?: string;
};

/**
 * The removal of a visitor's thread that no user has answered, if its newest chat is `chat_id`, and ended before `before`
 * (ms). `seq`: of D1's row of this chat. `covers`: what receivers are told that they should delete.
 */
export type RemovalRequest = Pick<Purge, 'organization_id' | 'covers'> & {
  v: 1;
  chat_id: string;
  seq: number;
  before: number;
};

/**
 * How far a removal is. `kept`, `is_final`: this chat never makes its thread go. `working`: receivers or D1 have to get
 * something first. `removed`: at `at` (ms) everything up to the `seq` `upto` was removed from the object.
 */
export type Removal =
  | { state: 'kept'; is_final: boolean }
  | { state: 'working' }
  | { state: 'removed'; upto: number; at: number };

/**
 * What a caller will do after a commit. The object does the rest itself. `heads`: makes the first attempts of webhooks.
 * `acknowledged`: brings batches to D1, and says what D1 has of the thread as far as the caller knows.
 */
export type Courier = { heads?: boolean; acknowledged?: readonly BatchRange[] };

/** The answer to a command: its result, its cost (for `Server-Timing`), and what the courier is to do. */
export type Executed = { result: Result<Answer>; cost: Cost; handed?: HandedBatch | null; heads?: LeasedDelivery[] };

/** The result of a rebuild. `not_copied_yet`: D1 does not have all of it yet; the thread goes on by itself. */
export type Rebuilt = { ok: true } | { ok: false; reason: 'thread_not_found' | 'not_copied_yet' | 'newer_version' };

/** A page of the webhooks that were accepted for a receiver, and whether there are more. */
export type EventPage = { events: ChannelWebhook[]; has_more: boolean };

/**
 * The finished deliveries that an explicit replay puts back. Null bounds are open; `from` and `to` in ms, `to`
 * exclusive. `ids`: those above one id, up to another one; earlier versions do not send it.
 */
export type ReplayFilter =
  | { delivery_id: string }
  | {
      status: DeliveryStatus[] | null;
      from: number | null;
      to: number | null;
      ids?: { after: string; upto: string };
    };

/** Whether an order is done, and then the visitors of the chats that it covers. */
export type PurgeState = { is_done: boolean; visitor_ids: string[] };

/** Messages of all sessions of a thread, the newest first, and whether there are earlier ones. */
export type LogPage = { messages: { seq: number; chat_id: string; message: MessageFacts }[]; has_more: boolean };

/** The object of a thread, by its name (domain/address.ts). */
export function threadStub(env: Env, name: string): ThreadStub {
  return asPlain<ThreadStub>(inJurisdiction(env, env.THREADS).getByName(name));
}

/**
 * The object of a thread, by the id that Cloudflare lists for it (64 hex digits). Null when the text is not such an id.
 */
export function threadStubById(env: Env, id: string): ThreadStub | null {
  try {
    const threads = inJurisdiction(env, env.THREADS);
    return asPlain<ThreadStub>(threads.get(threads.idFromString(id)));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/**
 * Sends a command to its thread. Sent once more, with a new stub, when the object was lost on the way: the `command_id`
 * makes that harmless. An overloaded object is not called again. Rejects on any other error. Without a courier the
 * thread brings its batches to D1 itself.
 */
export async function commandThread<C extends Command>(
  env: Env,
  thread: string,
  command: C,
  courier?: Courier,
): Promise<Omit<Executed, 'result'> & { result: Result<AnswerOf<C>> }> {
  const execute = () => threadStub(env, thread).execute(command, courier);
  const executed = await execute().catch((error: unknown) => {
    if (!isRetryable(error)) throw error;
    return execute();
  });
  return { ...executed, result: executed.result as Result<AnswerOf<C>> };
}

/** Asks a thread about one of its chats. Repeated like a command. */
export async function queryThread<Q extends Query>(
  env: Env,
  cost: Cost,
  thread: string,
  query: Q,
): Promise<Result<ReadingOf<Q>>> {
  return (await readThread(env, cost, thread, (stub) => stub.read(query))) as Result<ReadingOf<Q>>;
}

/** A read of a thread. It counts as a call and is repeated like a command. */
export async function readThread<Answer>(
  env: Env,
  cost: Cost,
  thread: string,
  read: (stub: ThreadStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => read(threadStub(env, thread)));
}
