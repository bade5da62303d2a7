import { createServer, type IncomingMessage } from 'node:http';
import type { Demo } from './demo-file.ts';
import { isPortFree } from './free-port.ts';
import { type JsonAnswer, requestJson } from './json-request.ts';

/**
 * The demo channel of `npm start`: test messages of the console come through it, and what agents answer goes as a webhook
 * to a receiver in the same process, which prints it.
 */

const NAME = 'Demo mail';
/** More than a reply with attachments has, in bytes. What is longer is cut. */
const MOST_BYTES = 1_000_000;
const LAST_PORT = 65_535;

export type ReplyReceiver = { url: string; stop(): void };

/** Receives replies on a port of 127.0.0.1, or on any free one when that is taken. `print` gets a line for each. */
export async function receiveReplies(port: number, print: (line: string) => void): Promise<ReplyReceiver> {
  const server = createServer((request, response) => {
    textOf(request).then(
      (text) => {
        response.end();
        const line = lineOf(text);
        if (line !== null) print(line);
      },
      () => response.destroy(),
    );
  });
  const chosen = port <= LAST_PORT && (await isPortFree(port)) ? port : 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(chosen, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the receiver of replies has no address');
  return {
    url: `http://127.0.0.1:${address.port}/replies`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Registers the demo channel at a running hub, or gives it its new URL. Throws when the hub refuses. */
export async function provideDemoChannel(demo: Demo, url: string): Promise<void> {
  const all = `${demo.base_url}/api/v5/orgs/${demo.organization_id}/unified_messaging`;
  const token = demo.settings_token;
  const listed = await requestJson({ method: 'GET', url: `${all}?ordering=created_at&page_size=200`, token });
  const { results } = expected(200, listed) as { results: { id: string; name: string; reply_webhook_url: string }[] };
  const known = results.find(({ name }) => name === NAME);
  if (known?.reply_webhook_url === url) return;
  const body = { name: NAME, messaging_channel: 'email', room_id: demo.room_id, reply_webhook_url: url };
  if (known === undefined) expected(201, await requestJson({ method: 'POST', url: all, token, body }));
  else {
    const change = { reply_webhook_url: url };
    expected(200, await requestJson({ method: 'PATCH', url: `${all}/${known.id}`, token, body: change }));
  }
}

function expected(status: number, answer: JsonAnswer): unknown {
  if (answer.status === status) return answer.body;
  throw new Error(`the demo channel was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes <= MOST_BYTES) chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

type Told = { event_type?: unknown; message?: { sender_type?: unknown; sender_name?: unknown; message?: unknown } };

/** What is printed of a webhook; null for all but replies of agents and bots. Control characters could write to the terminal. */
function lineOf(text: string): string | null {
  let told: Told | null;
  try {
    told = JSON.parse(text) as Told | null;
  } catch {
    return null;
  }
  if (told?.event_type !== 'message_created' || told.message?.sender_type !== 'user') return null;
  const { sender_name, message } = told.message;
  return `demo reply by ${String(sender_name)}: ${String(message)}`.replaceAll(/\p{Cc}+/gu, ' ');
}
