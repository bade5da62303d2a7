import type { Demo } from '../scripts/demo-file.ts';
import { requestJson } from '../scripts/json-request.ts';
import { type Server, type Target, TEXT, THREADS } from './targets.ts';

/** Messages of contacts and customers through JSON-RPC and the threads API, to the same conversations again. */

export const RPC_MESSAGE = 'JSON-RPC message to an existing session';
export const THREADS_MESSAGE = 'threads API message to an existing thread';

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const COUNT = 1_500;

/** A request with `POST`. */
export type Call = { path: string; headers: Record<string, string>; body: string };

/** A call of JSON-RPC in which a contact writes to the first user with a telephone line. */
export function rpcCall(demo: Demo, params: object): Call {
  return {
    path: new URL(demo.rpc.url).pathname,
    headers: { Authorization: `Bearer ${demo.rpc.api_key}`, ...JSON_HEADERS },
    body: JSON.stringify({ method: 'message', params: { to: demo.rpc.users[0]?.extension, ...params } }),
  };
}

/** A customer's message through the threads API. */
export function threadsCall(demo: Demo, message: object): Call {
  return {
    path: `${new URL(demo.threads.url).pathname}/messages`,
    headers: { 'x-api-key': demo.threads.api_key, ...JSON_HEADERS },
    body: JSON.stringify({ user_fid: 'customer@example.com', ...message }),
  };
}

/** The contacts whose sessions `openSessions` has opened write into them. */
export function rpcMessage(server: Server, demo: Demo, sessions: readonly string[]): Target {
  const call = (run: string) =>
    rpcCall(demo, { from: 'contact-$THREAD', sessionid: '$CHAT', content: `${TEXT} ${run}-$INDEX` });
  const job = { ...server, method: 'POST', threads: THREADS, chats: sessions, expectedStatus: 200 } as const;
  return { name: RPC_MESSAGE, count: COUNT, job: (run) => ({ ...job, ...call(run) }) };
}

/** Without a responder: its time would not be the hub's. */
export function threadsMessage(server: Server, demo: Demo): Target {
  const call = (run: string) => threadsCall(demo, { thread_fid: 'bench-$THREAD', body: `${TEXT} ${run}-$INDEX` });
  const job = { ...server, method: 'POST', threads: THREADS, expectedStatus: 202 } as const;
  return { name: THREADS_MESSAGE, count: COUNT, job: (run) => ({ ...job, ...call(run) }) };
}

/** Opens a session for each of the contacts; answers their ids. */
export async function openSessions(demo: Demo): Promise<string[]> {
  const sessions: string[] = [];
  for (let thread = 0; thread < THREADS; thread++) {
    const params = { from: `contact-${thread}`, to: demo.rpc.users[0]?.extension };
    const given = await requestJson({
      method: 'POST',
      url: demo.rpc.url,
      token: demo.rpc.api_key,
      body: { method: 'message', params },
    });
    const { result } = given.body as { result?: { sessionid: string } };
    if (result === undefined) throw new Error(`no session was opened: ${JSON.stringify(given.body)}`);
    sessions.push(result.sessionid);
  }
  return sessions;
}

/** A customer's first message in each of the threads. */
export async function openConversations(demo: Demo): Promise<void> {
  for (let thread = 0; thread < THREADS; thread++) {
    const { path, headers, body } = threadsCall(demo, { thread_fid: `bench-${thread}`, body: 'first' });
    const given = await fetch(new URL(path, demo.base_url), { method: 'POST', headers, body });
    if (given.status !== 202) throw new Error(`${path} answered ${given.status}: ${await given.text()}`);
    await given.arrayBuffer();
  }
}
