import { addCost, type Cost } from './db/cost.ts';
import type { Attempt, Lane, Receiver } from './delivery/lane.ts';
import type { Slice, Written } from './projections/slice.ts';
import type { AnswerOf, Command } from './thread/commands.ts';
import type { Executed } from './thread/object.ts';
import type { ChatView, EventPage, MessagePage, MessagePageRequest, Viewer } from './thread/reads.ts';
import type { Result } from './thread/refusals.ts';
import type { ReplayFilter } from './thread/store/outbox.ts';

/** What a thread's object can be asked. Values only: classes and their `instanceof` do not survive the call. */
export interface ThreadStub extends Lane {
  execute(command: Command): Promise<Executed>;
  readChat(request: { v: 1; chat_id: string; viewer: Viewer }): Promise<Result<ChatView>>;
  readMessages(request: {
    v: 1;
    chat_id: string;
    viewer: Viewer;
    page: MessagePageRequest;
  }): Promise<Result<MessagePage>>;
  readEvents(request: {
    v: 1;
    identity: string;
    receiver: Receiver;
    after: number;
    limit: number;
  }): Promise<Result<EventPage>>;
  replay(request: { v: 1; receiver: Receiver; filter: ReplayFilter }): Promise<{ replayed: number }>;
  readDelivery(request: { v: 1; delivery_id: string }): Promise<{ body: string; attempts: Attempt[] } | null>;
}

export interface ProjectorStub {
  write(database: string, slice: Slice): Promise<Written>;
}

/** The object of a thread, by its name (thread/address.ts). */
export function threadStub(env: Env, name: string): ThreadStub {
  return asPlain<ThreadStub>(env.THREADS.getByName(name));
}

/** The projector that writes this thread's copy into its database: threads are spread over PROJECTOR_COUNT objects by their name. */
export function projectorStub(env: Env, database: string, thread: string): ProjectorStub {
  const count = Math.max(1, Number.parseInt(env.PROJECTOR_COUNT, 10) || 1);
  const place = Number.parseInt(thread.slice(-6), 16) % count;
  const hint = env.PROJECTOR_LOCATION;
  const options = hint === undefined ? {} : { locationHint: hint };
  return asPlain<ProjectorStub>(env.PROJECTORS.getByName(`${database}/${place}`, options));
}

/**
 * A stub as the interface that its class implements. The runtime's own stub type wraps every answer for pipelining and
 * gives up on unions; `implements` on the classes holds the two together.
 */
function asPlain<Interface>(stub: unknown): Interface {
  return stub as Interface;
}

/**
 * Sends a command to its thread and adds what it cost. Sent once more, with a new stub, when the object was lost on the
 * way: the `command_id` makes that harmless. Never again when the object is overloaded. Rejects on any other accident.
 */
export async function executeCommand<C extends Command>(
  env: Env,
  cost: Cost,
  thread: string,
  command: C,
): Promise<Result<AnswerOf<C>>> {
  const started = performance.now();
  const executed = await executeOnce(env, thread, command).catch((error: unknown) => {
    if (!isLost(error)) throw error;
    return executeOnce(env, thread, command);
  });
  addCost(cost, executed.cost);
  cost.thread.milliseconds += performance.now() - started;
  return executed.result as Result<AnswerOf<C>>;
}

async function executeOnce(env: Env, thread: string, command: Command): Promise<Executed> {
  return await threadStub(env, thread).execute(command);
}

/** A read of a thread counts as a call; it is repeated like a command. */
export async function readThread<Answer>(
  env: Env,
  cost: Cost,
  thread: string,
  read: (stub: ThreadStub) => Promise<Answer>,
): Promise<Answer> {
  const started = performance.now();
  cost.thread.calls += 1;
  const answer = await read(threadStub(env, thread)).catch((error: unknown) => {
    if (!isLost(error)) throw error;
    return read(threadStub(env, thread));
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
