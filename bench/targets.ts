import type { Demo } from '../scripts/demo-file.ts';
import { requestJson } from '../scripts/json-request.ts';
import type { LoadJob } from './load-job.ts';
import { type Measurement, measure } from './measure.ts';

/** A Worker to measure: its port on 127.0.0.1 and the process of its runtime, if known. */
export type Server = { port: number; runtime: number | null };

/** Something to measure: requests of one kind. */
export type Target = {
  name: string;
  /** Requests in a full run. */
  count: number;
  /** The job of one run. `run` makes its message and thread ids unique. */
  job(run: string): Job;
};

/** By default a closed loop on warm threads: each gets a request before the measurement. */
type Job = Omit<LoadJob, 'connections' | 'count' | 'rate' | 'silence' | 'warmUp'> &
  Partial<Pick<LoadJob, 'rate' | 'silence' | 'warmUp'>>;

export const THREADS = 200;
/** Fewer for batches, whose warm-up sends fifty messages to each. */
const BATCH_THREADS = 40;
export const BATCH = 50;
const JSON_HEADERS = { 'Content-Type': 'application/json' };
export const TEXT = 'A message of the benchmark, about as long as most are.';

export const INSERT_FLOOR = 'floor: object call with one insert';
export const EXISTING_THREAD = 'message to an existing thread';
export const USER_MESSAGE = "a user's message to an existing chat";
export const BATCH_OF_MESSAGES = `batch of ${BATCH} messages`;

/** Sends `count` requests of a target, beside those that warm its threads. */
export function measureTarget(
  target: Target,
  run: string,
  load: Pick<LoadJob, 'connections' | 'count'> & Partial<Pick<LoadJob, 'rate' | 'silence' | 'warmUp'>>,
): Promise<Measurement> {
  const job = target.job(`${run}-${load.connections}`);
  return measure({ warmUp: job.threads, rate: null, silence: 0, ...job, ...load });
}

function floor(server: Server, name: string, path: string, count: number): Target {
  const job = {
    ...server,
    method: 'POST',
    body: '{}',
    threads: THREADS,
    headers: JSON_HEADERS,
    expectedStatus: 200,
  } as const;
  return { name, count, job: (run) => ({ ...job, path: path.replace('$RUN', run) }) };
}

export function insertFloor(server: Server): Target {
  return floor(server, INSERT_FLOOR, '/object-insert/$THREAD', 2_000);
}

/** What the same runtime does without the hub. */
export function floorTargets(server: Server): Target[] {
  return [
    floor(server, 'floor: empty handler', '/empty', 4_000),
    floor(server, 'floor: object call', '/object/$THREAD', 3_000),
    insertFloor(server),
  ];
}

export function newObjectFloor(server: Server, count: number): Target {
  return floor(server, 'floor: new object, one table, one insert', '/object-insert/$RUN-$INDEX', count);
}

/** The floor of a message with a webhook. The Worker must have been started with the receiver's URL. */
export function webhookFloor(server: Server, receiverPort: number, count: number): Target {
  const target = floor(server, 'floor: insert, answer, fetch, update', '/webhook/$THREAD', count);
  return {
    ...target,
    job: (run) => ({
      ...target.job(run),
      body: `{"mark":"${run}-$INDEX"}`,
      webhooks: { port: receiverPort, mark: run },
    }),
  };
}

/** Requests to a channel of the demo's organization. */
function channelTarget(
  server: Server,
  demo: Demo,
  channelId: string,
  name: string,
  count: number,
  messagesOf: (run: string) => unknown[],
): Target {
  const job = {
    ...server,
    method: 'POST',
    path: `/api/v5/orgs/${demo.organization_id}/unified_messaging/${channelId}/messages`,
    threads: THREADS,
    headers: { Authorization: `Bearer ${demo.settings_token}`, ...JSON_HEADERS },
    expectedStatus: 201,
  } as const;
  return { name, count, job: (run) => ({ ...job, body: JSON.stringify({ messages: messagesOf(run) }) }) };
}

export function existingThread(server: Server, demo: Demo, channelId: string): Target {
  return channelTarget(server, demo, channelId, EXISTING_THREAD, 1_500, (run) => [
    message('thread-$THREAD', `${run}-$INDEX`),
  ]);
}

export function newThread(server: Server, demo: Demo, channelId: string, count: number): Target {
  return channelTarget(server, demo, channelId, 'first message of a new thread', count, (run) => [
    message(`${run}-$INDEX`, 'first'),
  ]);
}

export function batchOfMessages(server: Server, demo: Demo, channelId: string): Target {
  const target = channelTarget(server, demo, channelId, BATCH_OF_MESSAGES, 200, (run) =>
    Array.from({ length: BATCH }, (_, place) => message('thread-$THREAD', `${run}-$INDEX-${place}`)),
  );
  return { ...target, job: (run) => ({ ...target.job(run), threads: BATCH_THREADS }) };
}

/** A user's message through a channel. Its webhook goes to `receiverPort`. */
export function messageWithWebhook(
  server: Server,
  demo: Demo,
  channelId: string,
  { name, count, receiverPort }: { name: string; count: number; receiverPort: number },
): Target {
  const target = channelTarget(server, demo, channelId, name, count, (run) => [
    {
      body: `${TEXT} ${run}-$INDEX`,
      thread_id: 'thread-$THREAD',
      sender_type: 'user',
      sender_id: demo.agent.id,
      message_id: `${run}-$INDEX`,
    },
  ]);
  return { ...target, job: (run) => ({ ...target.job(run), webhooks: { port: receiverPort, mark: run } }) };
}

export function userMessage(server: Server, demo: Demo, chatIds: readonly string[]): Target {
  return {
    name: USER_MESSAGE,
    count: 1_500,
    job: (run) => ({
      ...server,
      method: 'POST',
      path: `/api/v5/users/${demo.agent.id}/chats/$CHAT/messages`,
      body: JSON.stringify({ message: `${TEXT} ${run}` }),
      threads: THREADS,
      chats: chatIds,
      headers: { Authorization: `Bearer ${demo.agent.token}`, ...JSON_HEADERS },
      expectedStatus: 200,
    }),
  };
}

export function listOfChats(server: Server, demo: Demo): Target {
  return {
    name: 'list of chats, a page of 50',
    count: 600,
    job: () => ({
      ...server,
      method: 'GET',
      path: `/api/v5/orgs/${demo.organization_id}/owned_chats`,
      body: '',
      threads: THREADS,
      headers: { Authorization: `Bearer ${demo.settings_token}` },
      expectedStatus: 200,
    }),
  };
}

/** Registers a channel. Without a receiver's URL nothing is sent. */
export async function openChannel(demo: Demo, receiverUrl = 'http://127.0.0.1:65535/never-called'): Promise<string> {
  const { id } = await create(demo, `orgs/${demo.organization_id}/unified_messaging`, demo.settings_token, {
    name: 'Benchmark',
    messaging_channel: 'benchmark',
    room_id: demo.room_id,
    reply_webhook_url: receiverUrl,
  });
  return String(id);
}

/** A visitor's first message in each of a channel's threads. */
export async function openThreads(demo: Demo, channelId: string): Promise<void> {
  const path = `orgs/${demo.organization_id}/unified_messaging/${channelId}/messages`;
  for (let thread = 0; thread < THREADS; thread++) {
    await create(demo, path, demo.settings_token, { messages: [message(`thread-${thread}`, 'first')] });
  }
}

/** Chats of the agent outside channels, so that no webhook is part of their cost. */
export async function openChats(demo: Demo): Promise<string[]> {
  const ids: string[] = [];
  for (let thread = 0; thread < THREADS; thread++) {
    ids.push(String((await create(demo, `users/${demo.agent.id}/chats`, demo.agent.token, {}))['id']));
  }
  return ids;
}

async function create(demo: Demo, path: string, token: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await requestJson({ method: 'POST', url: `${demo.base_url}/api/v5/${path}`, token, body });
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as Record<string, unknown>;
}

function message(thread_id: string, message_id: string) {
  return { body: TEXT, thread_id, sender_id: 'customer@example.com', message_id };
}
