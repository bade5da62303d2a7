import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { createApplication } from '../../../examples/third-party-chat/application.ts';
import { openStore } from '../../../examples/third-party-chat/store.ts';
import { freePort } from '../../../scripts/free-port.ts';
import type { TestHub } from './hub.ts';

export type Json = Record<string, unknown>;

export const WEBHOOK_SECRET = 'a secret & more?';

export type ChatView = {
  chat: { visitor_name: string; is_ended: boolean };
  messages: { type: string; message: string | null; sender_public_name: string | null }[];
};
export type ListView = { chats: { id: string; visitor_name: string; is_ended: boolean }[] };

export type Envelope = {
  channel: string;
  action: string;
  resource_id: string;
  resource: Json;
  seq: number;
  prev_seq: number | null;
};

export type ChatApplication = {
  url: string;
  database: DatabaseSync;
  /** What the application has logged. */
  log: readonly string[];
  /** Posts to a path of the application, as a page in a visitor's browser does. */
  post(browser: string, path: string, body: unknown): Promise<number>;
  /** Sends a webhook as the hub does. Answers the status. `id` is new unless given. */
  deliver(envelope: Envelope, id?: string): Promise<number>;
  stop(): Promise<void>;
};

/** The example application with an empty store, in the process of the test, beside a hub. */
export async function openChatApplication({ hub, demo }: TestHub): Promise<ChatApplication> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const database = openStore(':memory:');
  const log: string[] = [];
  const configuration = {
    hubUrl: hub.url,
    organizationId: demo.organization_id,
    roomId: demo.room_id,
    apiToken: demo.settings_token,
    webhookSecret: WEBHOOK_SECRET,
    appUrl: url,
    port,
    storePath: ':memory:',
  };
  const server = createApplication({ configuration, database, log: (line) => log.push(line) });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url,
    database,
    log,
    async post(browser, path, body) {
      const headers = { 'Content-Type': 'application/json', Cookie: browser };
      return (await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
    },
    async deliver(envelope, id = randomUUID()) {
      const collection = envelope.channel.endsWith('/messages') ? 'messages' : 'chats';
      const endpoint = `${url}/giosg_webhooks/${collection}?secret=${encodeURIComponent(WEBHOOK_SECRET)}`;
      const headers = { 'Content-Type': 'application/json', 'webhook-id': id };
      return (await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(envelope) })).status;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      database.close();
    },
  };
}

/** A browser's first visit: its cookie. */
export async function openBrowser(app: ChatApplication): Promise<string> {
  const response = await fetch(`${app.url}/chat`);
  return (response.headers.get('Set-Cookie') ?? '').split(';')[0] ?? '';
}

/** What a page shows now: the first of its events. */
export async function viewOf<View>(app: ChatApplication, browser: string, path: string): Promise<View> {
  const events = await openEvents<View>(app, browser, path);
  try {
    return await events.next();
  } finally {
    await events.close();
  }
}

/** A page's events; `next` waits for the next one. */
export async function openEvents<View>(app: ChatApplication, browser: string, path: string) {
  const response = await fetch(`${app.url}${path}/events`, { headers: { Cookie: browser } });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (response.status !== 200 || reader === undefined) throw new Error(`${path}/events answered ${response.status}`);
  let text = '';
  return {
    async next(): Promise<View> {
      while (!text.includes('\n\n')) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the events ended: ${text}`);
        text += value;
      }
      const end = text.indexOf('\n\n');
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      return JSON.parse(event.replace(/^data: /, '')) as View;
    },
    close: () => reader.cancel(),
  };
}

/** A visitor's newest chat as the hub shows it, and the webhooks that the hub would send about it. */
export async function newestChat({ client, demo }: TestHub) {
  const chats = `/api/v5/orgs/${demo.organization_id}/owned_chats`;
  const page = (await client.request('GET', chats)).body as { results: (Json & { id: string })[] };
  const [chat] = page.results;
  if (chat === undefined) throw new Error('the hub has no chat');
  return {
    id: chat.id,
    /** A webhook about the chat. An `added` one has the whole chat. */
    ofChat(action: string, resource: Json, seq: number, prev_seq: number | null): Envelope {
      const whole = action === 'added' ? chat : {};
      return { channel: chats, action, resource_id: chat.id, resource: { ...whole, ...resource }, seq, prev_seq };
    },
    /** A webhook about the chat's message with this text, or about the newest message. */
    async ofMessage(action: string, text: string | null, seq: number, prev_seq: number | null): Promise<Envelope> {
      const channel = `${chats}/${chat.id}/messages`;
      const { results } = (await client.request('GET', channel)).body as { results: (Json & { id: string })[] };
      const message = text === null ? results.at(-1) : results.find((candidate) => candidate['message'] === text);
      if (message === undefined) throw new Error(`the hub has no message "${text}"`);
      return { channel, action, resource_id: message.id, resource: message, seq, prev_seq };
    },
  };
}
