import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { answer } from '../../scripts/webhook-receiver.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';
import { RawSocket } from '../support/local/raw-socket.ts';
import { runScript } from '../support/local/script-process.ts';
import { storeText } from '../support/local/store-text.ts';

type Json = Record<string, unknown>;

let session: TestHub;

beforeAll(async () => {
  session = await openHub();
});
afterAll(() => session.stop());

async function ok(
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: unknown,
  token?: string | null,
): Promise<Json> {
  const { status, body: answered } = await session.client.request(method, path, body, token);
  expect([method, path, status < 300, answered]).toEqual([method, path, true, expect.anything()]);
  return answered as Json;
}

/** Uploads a file whose name and bytes contain a word. */
async function upload(path: string, word: string, token: string): Promise<Json> {
  const response = await fetch(`${session.hub.url}${path}?name=${word}.txt`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: `${word} in a file`,
  });
  expect(response.status).toBe(201);
  return (await response.json()) as Json;
}

/** Asks for a purge, and waits until it is done. */
async function purge(path: string, body?: Json): Promise<void> {
  await untilDone(String((await ok('POST', `/api/v5/orgs/${session.demo.organization_id}${path}`, body))['id']));
}

async function untilDone(id: string): Promise<void> {
  const path = `/api/v5/orgs/${session.demo.organization_id}/purges/${id}`;
  const state = async () => expect((await ok('GET', path))['status']).toBe('done');
  const seen = () => vi.waitFor(state, { timeout: 30_000, interval: 200 });
  // What a busy machine has not done in one go, the watchdog goes on with.
  await seen().catch(() => session.hub.ringCron().then(seen));
}

/** The files of the store that contain a text, and `log` if the Worker has written it. */
async function placesOf(text: string): Promise<string[]> {
  const files = await storeText(session.folder);
  const places = [...files].flatMap(([name, content]) => (content.includes(text) ? [name] : []));
  return session.log.some(({ message }) => message.includes(text)) ? [...places, 'log'] : places;
}

/** Whose objects or databases the files belong to. */
const kindsOf = (places: readonly string[]) =>
  new Set(places.map((place) => /d1|r2|ThreadObject|UserObject|LiveHub/.exec(place)?.[0] ?? place));

function canary(name: string): string {
  return `canary-${name}-${crypto.randomUUID()}`;
}

async function watch(): Promise<RawSocket> {
  const { agent, organization_id } = session.demo;
  const socket = await RawSocket.open(session.hub.port, `/api/v5/users/${agent.id}/live`, agent.token);
  const channels = [`/api/v5/users/${agent.id}/routed_chats/*/messages`];
  socket.send({ type: 'subscribe', channels, after: null });
  await vi.waitFor(() => expect(socket.frames.map(({ type }) => type)).toContain('subscribed'), { timeout: 10_000 });
  expect(organization_id).toBeTruthy();
  return socket;
}

describe('after a purge no store contains what was purged', () => {
  test('of a thread of a channel, with webhooks that arrived and that failed', async () => {
    const { client, demo, receiver } = session;
    const word = canary('thread');
    const live = await watch();
    receiver.behave((request) => answer(request.body.includes('fails') ? 500 : 200, {}, word));
    const channel = await client.registerChannel(`${receiver.url}/hooks`, { max_retry_count: 10 });
    const thread_id = `${word}@example.com`;
    const message = { body: `${word} asks`, thread_id, sender_id: `${word}@example.com`, message_id: word };
    const { chat_id, message_ids } = await client.sendMessages(channel.id, [message], {
      variables: { username: `${word} Jane`, [word]: word },
    });
    await client.joinChat(demo.agent, chat_id);
    await client.suggestReply(demo.bot, chat_id, message_ids[0] ?? '', `${word} suggested`);
    await client.reply(demo.agent, chat_id, `${word} answers`);
    await client.reply(demo.agent, chat_id, `${word} fails`);
    await vi.waitFor(
      async () => expect(kindsOf(await placesOf(word))).toEqual(new Set(['d1', 'ThreadObject', 'LiveHub'])),
      {
        timeout: 30_000,
        interval: 500,
      },
    );
    await purge(`/unified_messaging/${channel.id}/purge`, { thread_id });
    expect(await placesOf(word)).toEqual([]);
    live.close();
  });

  test('of a visitor of a website', async () => {
    const { demo, client } = session;
    const word = canary('visitor');
    const root = `/api/v5/public/orgs/${demo.organization_id}`;
    const { visitor_id, access_token } = await ok('POST', `${root}/auth`, {}, null);
    const token = String(access_token);
    const visitor = String(visitor_id);
    const room = `${root}/rooms/${demo.room_id}`;
    await ok('POST', `${room}/visitors`, { id: visitor, current_page_title: word }, token);
    const chat = await ok('POST', `${room}/visitors/${visitor}/chats`, {}, token);
    const messages = `/api/v5/public/visitors/${visitor}/chats/${chat['id']}/messages`;
    const files = `/api/v5/public/visitors/${visitor}/files`;
    const named = await upload(files, word, token);
    const unsent = await upload(files, word, token);
    await ok('POST', messages, { message: `${word} asks`, attachments: [{ file_id: named['id'] }] }, token);
    const urls = [String(named['url']), String(unsent['url'])];
    for (const url of urls) expect((await fetch(url)).status).toBe(200);
    await client.joinChat(demo.agent, String(chat['id']));
    await client.reply(demo.agent, String(chat['id']), `${word} answers`);
    const records = `/api/v5/orgs/${demo.organization_id}/rooms/${demo.room_id}/visitors/${visitor}`;
    await ok('POST', `${records}/variables`, { key: 'phone', value: word });
    await vi.waitFor(
      async () => expect([...kindsOf(await placesOf(word))]).toEqual(expect.arrayContaining(['d1', 'r2'])),
      {
        timeout: 30_000,
        interval: 500,
      },
    );
    await purge(`/rooms/${demo.room_id}/visitors/${visitor}/purge`);
    expect(await placesOf(word)).toEqual([]);
    for (const url of urls) expect((await fetch(url)).status).toBe(404);
    // Nothing leads to the visitor's id any more but the purge and what has no name.
    expect((await session.client.request('GET', records)).status).toBe(404);
  });

  test('of a thread, and its channel is told so by ids', async () => {
    const { client, receiver, demo } = session;
    const word = canary('told');
    receiver.behave((request) => answer(request.body.includes('_purged') ? 204 : 500));
    const fields = { max_retry_count: 10, notify_purges: true };
    const channel = await client.registerChannel(`${receiver.url}/told`, fields);
    const message = { body: word, thread_id: word, sender_id: word, message_id: word };
    const { chat_id } = await client.sendMessages(channel.id, [message]);
    await client.joinChat(demo.agent, chat_id);
    await client.reply(demo.agent, chat_id, `${word} fails`);
    await vi.waitFor(() => expect(receiver.requests.some(({ body }) => body.includes(word))).toBe(true), {
      timeout: 30_000,
    });
    await purge(`/unified_messaging/${channel.id}/purge`, { thread_id: word });
    const told = () => receiver.requests.filter(({ body }) => body.includes('visitor_purged'));
    await vi.waitFor(() => expect(told()).toHaveLength(1), { timeout: 60_000, interval: 200 });
    expect(JSON.parse(told()[0]?.body ?? '')).toMatchObject({ chat_id, purge: { type: 'visitor_purged', chat_id } });
    expect(told()[0]?.body).not.toContain(word);
    expect(await placesOf(word)).toEqual([]);
    const path = `/api/v5/orgs/${demo.organization_id}/unified_messaging/${channel.id}/replay`;
    await vi.waitFor(
      async () => expect(await ok('POST', path, { status: 'delivered' })).toMatchObject({ replayed: 1 }),
      {
        timeout: 30_000,
        interval: 200,
      },
    );
    await vi.waitFor(() => expect(told()).toHaveLength(2), { timeout: 60_000, interval: 200 });
    expect(told()[1]).toMatchObject({
      body: told()[0]?.body,
      headers: { 'webhook-id': told()[0]?.headers['webhook-id'] },
    });
  });

  test('of the messages of a chat, by the operator’s command line', async () => {
    const { client } = session;
    const word = canary('chat');
    const channel = await client.registerChannel(`${session.receiver.url}/hooks`);
    const { chat_id } = await client.sendMessage(channel.id, 'ticket', word, 'm1');
    await vi.waitFor(async () => expect((await placesOf(word)).length).toBeGreaterThan(1), {
      timeout: 30_000,
      interval: 500,
    });
    const begun = runScript(
      'scripts/admin.ts',
      ['chat-purges', 'create', '--organization', session.demo.organization_id, '--chat', chat_id],
      { UMI_ADMIN_TOKEN: session.hub.adminToken, UMI_BASE_URL: session.hub.url },
    );
    expect([await begun.ended, begun.output()]).toEqual([0, expect.stringContaining('"status": "running"')]);
    await untilDone((JSON.parse(begun.output()) as { id: string }).id);
    expect(await placesOf(word)).toEqual([]);
  });
});
