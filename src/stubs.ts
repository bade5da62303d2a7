import type { Cost } from './db/cost.ts';
import type { Attempt, Head, Lane, Receiver } from './delivery/lane.ts';
import type { Answer, AnswerOf, Command } from './domain/commands.ts';
import type { Query, Reading, ReadingOf } from './domain/queries.ts';
import type { Result } from './domain/refusals.ts';
import type { Aside, Fed, Feed } from './live/feed.ts';
import type { ClientChanges, ClientSaved, Presence, PresenceOwner } from './presence/client.ts';
import type { Handed, Slice, SliceRange, Written } from './projections/slice.ts';
import type { ClientFacts } from './resources/user-client.ts';
import type { EventPage } from './thread/reads.ts';
import type { ReplayFilter } from './thread/store/outbox.ts';

/** What a thread's object can be asked. Values only: classes and their `instanceof` do not survive the call. */
export interface ThreadStub extends Lane {
  execute(command: Command, courier?: Courier): Promise<Executed>;
  acknowledge(request: { v: 1; ranges: readonly SliceRange[] }): Promise<void>;
  read(query: Query): Promise<Result<Reading>>;
  readEvents(request: {
    v: 1;
    identity: string;
    receiver: Receiver;
    after: number;
    limit: number;
  }): Promise<Result<EventPage>>;
  replay(request: { v: 1; receiver: Receiver; filter: ReplayFilter }): Promise<{ replayed: number }>;
  readDelivery(request: { v: 1; delivery_id: string }): Promise<{ body: string; attempts: Attempt[] } | null>;
  wake(request: { v: 1 }): Promise<void>;
  rebuild(request: { v: 1 }): Promise<Rebuilt>;
}

/**
 * What a caller does of what follows from a commit; what is not named the object does by itself. `heads`: makes the first attempts of
 * webhooks. `acknowledged`: brings the copy to D1, and says what D1 has of the thread as far as the caller knows.
 */
export type Courier = { heads?: boolean; acknowledged?: readonly SliceRange[] };

/** What a command came to: the result, what it cost for `Server-Timing`, and what is the courier's to do. */
export type Executed = { result: Result<Answer>; cost: Cost; handed?: Handed | null; heads?: Head[] };

/** What became of a rebuild. `not_copied_yet`: D1 does not have all of it, and the thread goes on by itself. */
export type Rebuilt = { ok: true } | { ok: false; reason: 'thread_not_found' | 'not_copied_yet' | 'newer_version' };

/** What a user's object can be asked (src/presence). `owner` lets an object that is new learn whose it is. */
export interface UserStub {
  presence(request: { v: 1 }): Promise<Presence>;
  listClients(request: { v: 1 }): Promise<ClientFacts[]>;
  /** Null when the user has as many unexpired clients as a user may have. */
  createClient(request: { v: 1; owner: PresenceOwner; changes: ClientChanges }): Promise<ClientSaved | null>;
  /** Renews the client's presence, also an expired one's. Null when the user has no such client. */
  updateClient(request: { v: 1; client_id: string; changes: ClientChanges }): Promise<ClientSaved | null>;
  /** Renews a client under an id that the caller knows, or makes it. */
  keepClient(request: { v: 1; owner: PresenceOwner; client_id: string; changes: ClientChanges }): Promise<void>;
  /** False when the user has no such client. */
  deleteClient(request: { v: 1; client_id: string }): Promise<boolean>;
  /** Deletes all clients of a user who is deleted: they are absent from now on. */
  deleteClients(request: { v: 1 }): Promise<void>;
  /** Puts a chat among those that are told; answers whether the user is present now, and tells the chat if that is not `is_present`. */
  watch(request: {
    v: 1;
    owner: PresenceOwner;
    chat_id: string;
    is_present: boolean;
  }): Promise<{ is_present: boolean }>;
  unwatch(request: { v: 1; chat_id: string }): Promise<void>;
}

/** What a live hub can be asked (src/live). `fetch` takes the request that opens a socket. */
export interface LiveHubStub {
  feed(request: Feed): Promise<Fed>;
  mention(request: Aside): Promise<void>;
  fetch(request: Request): Promise<Response>;
}

export interface ProjectorStub {
  write(database: string, slices: readonly Slice[]): Promise<Written[]>;
}

/** The object of a thread, by its name (domain/address.ts). */
export function threadStub(env: Env, name: string): ThreadStub {
  return asPlain<ThreadStub>(env.THREADS.getByName(name));
}

/** The object of a thread, by the id that Cloudflare lists for it (64 hex digits); null when the text is no id of a thread's object. */
export function threadStubById(env: Env, id: string): ThreadStub | null {
  try {
    return asPlain<ThreadStub>(env.THREADS.get(env.THREADS.idFromString(id)));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** The object of a user. */
export function userStub(env: Env, userId: string): UserStub {
  return asPlain<UserStub>(env.USERS.getByName(userId));
}

/** The same for a visitor, who has a client in each room that he visits. */
export function visitorStub(env: Env, visitorId: string): UserStub {
  return userStub(env, `visitor/${visitorId}`);
}

/** The object of a member of a chat. */
export function memberStub(env: Env, memberId: string): UserStub {
  return isVisitorId(memberId) ? visitorStub(env, memberId) : userStub(env, memberId);
}

/** Whether an id is a visitor's: those of users have dashes, visitors' have none (protocol.md 1.3). */
export function isVisitorId(memberId: string): boolean {
  return !memberId.includes('-');
}

/** A live hub, by its name (live/feed.ts). */
export function liveHubStub(env: Env, hub: string): LiveHubStub {
  return asPlain<LiveHubStub>(env.LIVE.getByName(hub));
}

/** The projector that writes this thread's copy into its database: threads are spread over PROJECTOR_COUNT objects by their name. */
export function projectorStub(env: Env, database: string, thread: string): ProjectorStub {
  const hint = env.PROJECTOR_LOCATION;
  const options = hint === undefined ? {} : { locationHint: hint };
  return asPlain<ProjectorStub>(env.PROJECTORS.getByName(projectorName(env, database, thread), options));
}

/** The name of that projector: threads of one name travel together. */
export function projectorName(env: Env, database: string, thread: string): string {
  const count = Math.max(1, Number.parseInt(env.PROJECTOR_COUNT, 10) || 1);
  return `${database}/${Number.parseInt(thread.slice(-6), 16) % count}`;
}

/**
 * A stub as the interface that its class implements. The runtime's own stub type wraps every answer for pipelining and
 * gives up on unions; `implements` on the classes holds the two together.
 */
function asPlain<Interface>(stub: unknown): Interface {
  return stub as Interface;
}

/**
 * Sends a command to its thread. Sent once more, with a new stub, when the object was lost on the way: the `command_id` makes that
 * harmless. Never again when the object is overloaded. Rejects on any other accident. Without a courier the thread sees to its copy.
 */
export async function commandThread<C extends Command>(
  env: Env,
  thread: string,
  command: C,
  courier?: Courier,
): Promise<Omit<Executed, 'result'> & { result: Result<AnswerOf<C>> }> {
  const execute = () => threadStub(env, thread).execute(command, courier);
  const executed = await execute().catch((error: unknown) => {
    if (!isLost(error)) throw error;
    return execute();
  });
  return { ...executed, result: executed.result as Result<AnswerOf<C>> };
}

/** Asks a thread about one of its chats; repeated like a command. */
export async function queryThread<Q extends Query>(
  env: Env,
  cost: Cost,
  thread: string,
  query: Q,
): Promise<Result<ReadingOf<Q>>> {
  return (await readThread(env, cost, thread, (stub) => stub.read(query))) as Result<ReadingOf<Q>>;
}

/** A read of a thread counts as a call; it is repeated like a command. */
export async function readThread<Answer>(
  env: Env,
  cost: Cost,
  thread: string,
  read: (stub: ThreadStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => read(threadStub(env, thread)));
}

/** Asks a user's object for something that does no harm twice; counted and repeated like a read of a thread. */
export async function askUser<Answer>(
  env: Env,
  cost: Cost,
  userId: string,
  ask: (stub: UserStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => ask(userStub(env, userId)));
}

/** The same for the object of a visitor. */
export async function askVisitor<Answer>(
  env: Env,
  cost: Cost,
  visitorId: string,
  ask: (stub: UserStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => ask(visitorStub(env, visitorId)));
}

/** Calls an object, once more with a new stub when it was lost on the way. */
async function callTwice<Answer>(cost: Cost, call: () => Promise<Answer>): Promise<Answer> {
  const started = performance.now();
  cost.thread.calls += 1;
  const answer = await call().catch((error: unknown) => {
    if (!isLost(error)) throw error;
    return call();
  });
  cost.thread.milliseconds += performance.now() - started;
  return answer;
}

/** Whether the object went away (a reset, a new deployment) rather than failed at its work. */
function isLost(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const marks = error as { retryable?: unknown; durableObjectReset?: unknown; overloaded?: unknown };
  return (marks.retryable === true || marks.durableObjectReset === true) && marks.overloaded !== true;
}
