import { setTimeout as pause } from 'node:timers/promises';
import { type JsonAnswer, requestJson } from '../scripts/json-request.ts';
import type { Sent } from './record.ts';

const CONNECTIONS = 32;
/** Pause between two attempts of a client. */
const RETRY_MILLISECONDS = 10;

export type Load = {
  /** Address of the channel's `messages`. */
  url: string;
  token: string;
  /** Writes the users' messages. */
  userId: string;
  threads: number;
  events: number;
  /** Events a second of all clients together; null: as many as possible. */
  rate: number | null;
};

/**
 * Sends events to threads in turn, each until it is answered 201, and reports it. A thread belongs to one client, which
 * sends the next event after the last was acknowledged. In every fourth thread only the visitor writes, so it continues
 * while users cannot be looked up. In the others all events but the first are users' messages, which have webhooks.
 * Rejects on an answer that no retry can change.
 */
export async function sendEvents(load: Load, tell: (sent: Sent) => void): Promise<void> {
  const begin = Date.now();
  async function client(first: number): Promise<void> {
    for (let round = 0; round * load.threads < load.events; round++) {
      for (let thread = first; thread < load.threads; thread += CONNECTIONS) {
        const number = round * load.threads + thread;
        if (number >= load.events) return;
        if (load.rate !== null) await pause(Math.max(0, begin + (number * 1000) / load.rate - Date.now()));
        const sender = round === 0 || thread % 4 === 0 ? 'visitor' : 'user';
        tell(await sendOne(load, `thread-${thread}`, round, sender));
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => client(number)));
}

async function sendOne(load: Load, thread: string, place: number, sender: Sent['sender']): Promise<Sent> {
  const message = {
    body: `event ${place}`,
    thread_id: thread,
    sender_type: sender,
    sender_id: sender === 'user' ? load.userId : 'customer@example.com',
    message_id: `${thread}-${place}`,
  };
  for (let requests = 1; ; requests++) {
    const asked = Date.now();
    const answer = await ask(load, { messages: [message] });
    if (answer?.status === 201) {
      const { chat_id, message_ids, seqs } = answer.body as { chat_id: string; message_ids: string[]; seqs: number[] };
      const acknowledged = Date.now();
      const [id = '', seq = 0] = [message_ids[0], seqs[0]];
      return { thread, place, sender, asked, acknowledged, requests, chat: chat_id, message: id, seq };
    }
    if (answer !== null && answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      throw new Error(`an event was refused with ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    await pause(RETRY_MILLISECONDS);
  }
}

/** Null when there was no complete answer. */
async function ask({ url, token }: Load, body: unknown): Promise<JsonAnswer | null> {
  try {
    return await requestJson({ method: 'POST', url, token, body });
  } catch {
    return null;
  }
}
