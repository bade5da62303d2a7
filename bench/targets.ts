import type { Demo } from '../scripts/demo-file.ts';
import { requestJson } from '../scripts/json-request.ts';
import type { LoadJob } from './load-job.ts';

/** Something to measure: requests of one kind against one Worker. */
export type Target = {
  name: string;
  /** Requests in a full run. */
  count: number;
  /** The job of one run; `run` makes its message and thread ids its own. */
  job(run: string): Omit<LoadJob, 'connections' | 'count'>;
};

const THREADS = 200;
const JSON_HEADERS = { 'Content-Type': 'application/json' };
const TEXT = 'A message of the benchmark, about as long as most are.';

export const FLOOR = 'floor: object call + one D1 insert';
export const EXISTING_THREAD = 'message to an existing thread';
export const USER_MESSAGE = "a user's message to an existing chat";
export const NEW_THREAD = 'first message of a new thread';

/** What the hub's targets need: a channel, and a user's chats. These are no channel's, whose webhooks would be part of the cost. */
export type Opened = { channelId: string; chatIds: string[] };

/** The raw floors, on a Worker that has been set up. */
export function floorTargets(port: number): Target[] {
  const floor = (name: string, path: string, count: number): Target => ({
    name,
    count,
    job: () => ({
      port,
      method: 'POST',
      path,
      body: '{}',
      threads: THREADS,
      headers: JSON_HEADERS,
      expectedStatus: 200,
    }),
  });
  return [
    floor('floor: empty handler', '/empty', 4_000),
    floor('floor: object call', '/object/$THREAD', 3_000),
    floor('floor: object call with one insert', '/object-insert/$THREAD', 2_000),
    floor(FLOOR, '/object-d1/$THREAD', 1_500),
  ];
}

/** The hub's own work, on a channel whose threads are open. Batches and the user have theirs, so that they do not burden the others'. */
export function hubTargets(port: number, demo: Demo, { channelId, chatIds }: Opened): Target[] {
  const organization = `/api/v5/orgs/${demo.organization_id}`;
  const headers = { Authorization: `Bearer ${demo.settings_token}`, ...JSON_HEADERS };
  const messages = `${organization}/unified_messaging/${channelId}/messages`;
  const post = (name: string, count: number, body: (run: string) => unknown): Target => ({
    name,
    count,
    job: (run) => ({
      port,
      method: 'POST',
      path: messages,
      body: JSON.stringify(body(run)),
      threads: THREADS,
      headers,
      expectedStatus: 201,
    }),
  });
  return [
    post(EXISTING_THREAD, 1_500, (run) => ({ messages: [message('single-$THREAD', `${run}-$INDEX`)] })),
    {
      name: USER_MESSAGE,
      count: 1_500,
      job: (run) => ({
        port,
        method: 'POST',
        path: `/api/v5/users/${demo.agent.id}/chats/$CHAT/messages`,
        body: JSON.stringify({ message: `${TEXT} ${run}` }),
        threads: THREADS,
        chats: chatIds,
        headers: { ...headers, Authorization: `Bearer ${demo.agent.token}` },
        expectedStatus: 200,
      }),
    },
    post(NEW_THREAD, 600, (run) => ({ messages: [message(`${run}-$INDEX`, 'first')] })),
    post('batch of 50 messages', 100, (run) => ({
      messages: Array.from({ length: 50 }, (_, place) => message('batch-$THREAD', `${run}-$INDEX-${place}`)),
    })),
    {
      name: 'list of chats, a page of 50',
      count: 600,
      job: () => ({
        port,
        method: 'GET',
        path: `${organization}/owned_chats`,
        body: '',
        threads: THREADS,
        headers,
        expectedStatus: 200,
      }),
    },
  ];
}

/** Registers the channel of the benchmark, opens its threads, and the user's chats. */
export async function openThreads(demo: Demo): Promise<Opened> {
  const channels = `orgs/${demo.organization_id}/unified_messaging`;
  const { id } = await create(demo, channels, demo.settings_token, {
    name: 'Benchmark',
    messaging_channel: 'benchmark',
    room_id: demo.room_id,
    reply_webhook_url: 'http://127.0.0.1:9/never-called',
  });
  const messages = `${channels}/${id}/messages`;
  const chatIds: string[] = [];
  for (let thread = 0; thread < THREADS; thread++) {
    await create(demo, messages, demo.settings_token, { messages: [message(`single-${thread}`, 'first')] });
    await create(demo, messages, demo.settings_token, { messages: [message(`batch-${thread}`, 'first')] });
    const chat = await create(demo, `users/${demo.agent.id}/chats`, demo.agent.token, {});
    chatIds.push(String(chat['id']));
  }
  return { channelId: String(id), chatIds };
}

async function create(demo: Demo, path: string, token: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await requestJson({ method: 'POST', url: `${demo.base_url}/api/v5/${path}`, token, body });
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as Record<string, unknown>;
}

function message(thread_id: string, message_id: string) {
  return { body: TEXT, thread_id, sender_id: 'customer@example.com', message_id };
}
