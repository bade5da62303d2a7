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
export const NEW_THREAD = 'first message of a new thread';

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

/** The hub's own work, on a channel whose threads are open. Batches have theirs, so that they do not burden the others'. */
export function hubTargets(port: number, demo: Demo, channelId: string): Target[] {
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

/** Registers the channel of the benchmark and opens its threads. Answers the channel's id. */
export async function openThreads(demo: Demo): Promise<string> {
  const channels = `${demo.base_url}/api/v5/orgs/${demo.organization_id}/unified_messaging`;
  const registered = await requestJson({
    method: 'POST',
    url: channels,
    token: demo.settings_token,
    body: {
      name: 'Benchmark',
      messaging_channel: 'benchmark',
      room_id: demo.room_id,
      reply_webhook_url: 'http://127.0.0.1:9/never-called',
    },
  });
  if (registered.status !== 201) throw new Error(`no channel: ${JSON.stringify(registered.body)}`);
  const { id } = registered.body as { id: string };
  const threads = Array.from({ length: THREADS }, (_, thread) => [`single-${thread}`, `batch-${thread}`]).flat();
  for (const thread of threads) {
    const body = { messages: [message(thread, 'first')] };
    const url = `${channels}/${id}/messages`;
    const answer = await requestJson({ method: 'POST', url, token: demo.settings_token, body });
    if (answer.status !== 201) throw new Error(`no thread: ${JSON.stringify(answer.body)}`);
  }
  return id;
}

function message(thread_id: string, message_id: string) {
  return { body: TEXT, thread_id, sender_id: 'customer@example.com', message_id };
}
