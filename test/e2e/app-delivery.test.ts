import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer, type Behaviour, type ReceivedRequest } from '../../scripts/webhook-receiver.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';

type Json = Record<string, unknown>;

let site: TestHub;
let app: { id: string; secret: string };
let installation: { id: string; app_user_id: string };
let webhooks: { chats: string; messages: string };
/** How the receiver answers, by the path of a webhook's URL. */
const behaviours = new Map<string, Behaviour>();

const CHATS = '/chats?key=a%20b';
const MESSAGES = '/messages?key=a%20b';

beforeAll(async () => {
  site = await openHub({
    variables: { AUTH_CACHE_SECONDS: '0' },
    behaviour: (request) => (behaviours.get(request.path) ?? (() => answer(200)))(request),
  });
  const { url } = site.receiver;
  const made = await post('/apps', {
    name: 'Order bot',
    terms_url: 'https://apps.example.com/terms',
    privacy_url: 'https://apps.example.com/privacy',
    is_app_user_required: true,
    trigger_url: `${url}/trigger?tenant=1`,
    trigger_types: ['uninstall'],
  });
  app = { id: String(made['id']), secret: String(made['secret']) };
  const subscribe = async (path: string, part: string) => {
    const channel_pattern = `/api/v5/orgs/{organization_id}/owned_chats${part}`;
    const webhook = await post(`/apps/${app.id}/webhooks`, {
      endpoint_url: `${url}${path}`,
      channel_pattern,
      on_added: true,
    });
    return String(webhook['id']);
  };
  webhooks = { chats: await subscribe(CHATS, ''), messages: await subscribe(MESSAGES, '/*/messages') };
  const installed = await post('/app_installations', { app_id: app.id });
  installation = { id: String(installed['id']), app_user_id: String(installed['app_user_id']) };
});
afterAll(() => site.stop());

const org = () => `/api/v5/orgs/${site.demo.organization_id}`;

async function ask(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, token?: string) {
  return await site.client.request(method, path.startsWith('/api') ? path : `${org()}${path}`, body, token);
}

async function post(path: string, body: unknown): Promise<Json> {
  const made = await ask('POST', path, body);
  expect([made.status, made.body]).toEqual([201, expect.anything()]);
  return made.body as Json;
}

async function read(path: string): Promise<Json> {
  const { status, body } = await ask('GET', path);
  expect(status).toBe(200);
  return body as Json;
}

const log = () => `/apps/${app.id}/installations/${installation.id}`;

type Envelope = {
  channel: string;
  action: string;
  resource_id: string;
  resource: Json;
  app_user_auth: { access_token: string };
  seq: number;
  prev_seq: number | null;
};
const envelopeOf = ({ body }: ReceivedRequest) => JSON.parse(body) as Envelope;

/** The webhooks about one chat and its messages, in order of arrival. */
const about = (chatId: string) =>
  site.receiver.requests.filter(({ path, body }) => path !== '/replies' && body.includes(chatId));

let channel: string;
beforeAll(async () => {
  channel = (await site.client.registerChannel(`${site.receiver.url}/replies`)).id;
});

/** A visitor's message that begins a chat; answers the chat's id. */
async function beginChat(thread: string): Promise<string> {
  return (await site.client.sendMessage(channel, thread, 'Where is my order?', `${thread}-1`)).chat_id;
}

async function eventually<T>(look: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await look();
    if (fits(value) || tries === 200) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the webhooks of an app', () => {
  test('deliver a chat before its message, even to a different URL that fails first, each with a working token', async () => {
    let failures = 2;
    behaviours.set(CHATS, () => answer(failures-- > 0 ? 500 : 200));
    const chat = await beginChat('failing-first');
    await site.receiver.waitUntil(() => about(chat).some(({ path }) => path === MESSAGES));
    const got = about(chat);
    expect(got.map(({ path }) => path)).toEqual([CHATS, CHATS, CHATS, MESSAGES]);
    const [added, , , message] = got.map(envelopeOf);
    expect(added).toMatchObject({
      channel: `${org()}/owned_chats`,
      action: 'added',
      resource_id: chat,
      resource: { id: chat },
      app_user_auth: {
        token_type: 'Bearer',
        expires_in: 300,
        user_id: installation.app_user_id,
        organization_id: site.demo.organization_id,
      },
      prev_seq: null,
    });
    expect(message).toMatchObject({
      channel: `${org()}/owned_chats/${chat}/messages`,
      resource: { message: 'Where is my order?' },
      prev_seq: added?.seq,
    });
    expect(new Set(got.slice(0, 3).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    const key = Buffer.from(app.secret, 'utf8').toString('base64');
    for (const { body, headers } of got) expect(new Webhook(key).verify(body, headers)).toEqual(JSON.parse(body));
    const tokens = got.map((request) => envelopeOf(request).app_user_auth.access_token);
    expect(new Set(tokens).size).toBe(4);
    for (const token of tokens) {
      const own = await ask('GET', `/api/v5/users/${installation.app_user_id}/chats`, undefined, token);
      expect(own.status).toBe(200);
    }
  });

  test('appear in the owner’s log with each attempt, count in the ledger, and can be replayed', async () => {
    behaviours.set(CHATS, () => answer(200, {}, 'thank you'));
    const chat = await beginChat('logged');
    type Row = { id: string; webhook_id: string; status: string; action: string; resource_id: string };
    const rowsOf = async () =>
      ((await read(`${log()}/deliveries`))['results'] as Row[]).filter(
        (row) => (row as unknown as Json)['chat_id'] === chat,
      );
    const rows = await eventually(
      rowsOf,
      (found) => found.length === 2 && found.every(({ status }) => status === 'delivered'),
    );
    expect(rows.map(({ webhook_id, action }) => [webhook_id, action])).toEqual([
      [webhooks.messages, 'added'],
      [webhooks.chats, 'added'],
    ]);
    const id = String(rows[1]?.id);
    const shown = await read(`${log()}/deliveries/${id}`);
    expect(shown['attempts']).toMatchObject([
      { status: 200, response: 'thank you', url: `${site.receiver.url}${CHATS}` },
    ]);
    expect(Object.keys(JSON.parse(String(shown['body'])) as Json)).not.toContain('app_user_auth');
    const replayed = await ask('POST', `${log()}/deliveries/${id}/replay`);
    expect([replayed.status, replayed.body]).toEqual([202, { replayed: 1 }]);
    await site.receiver.waitUntil(() => about(chat).filter(({ headers }) => headers['webhook-id'] === id).length === 2);
    const ledger = await eventually(
      () => read(`${log()}/ledger`),
      ({ accepted, delivered }) => accepted === delivered,
    );
    expect(ledger).toMatchObject({
      pending: 0,
      exhausted: 0,
      skipped: { disabled: 0, webhook_deleted: 0, uninstalled: 0 },
    });
  });

  test('stop when the webhook is switched off, and when the app is uninstalled, of which the app is informed', async () => {
    behaviours.set(CHATS, () => answer(503, { 'retry-after': '3600' }));
    const chat = await beginChat('waiting');
    await site.receiver.waitUntil(() => about(chat).length === 1);
    const skipped = async () => (await read(`${log()}/ledger`))['skipped'] as Json;
    await eventually(
      () => read(`${log()}/ledger`),
      ({ pending }) => pending === 2,
    );
    await ask('PATCH', `/apps/${app.id}/webhooks/${webhooks.chats}`, { is_enabled: false });
    await site.receiver.waitUntil(() => about(chat).length === 2);
    expect(about(chat).map(({ path }) => path)).toEqual([CHATS, MESSAGES]);
    expect(await eventually(skipped, ({ disabled }) => disabled === 1)).toMatchObject({ disabled: 1, uninstalled: 0 });

    await ask('PATCH', `/apps/${app.id}/webhooks/${webhooks.chats}`, { is_enabled: true });
    const last = await beginChat('uninstalled');
    await site.receiver.waitUntil(() => about(last).length === 1);
    await eventually(
      () => read(`${log()}/ledger`),
      ({ pending }) => pending === 2,
    );
    expect((await ask('DELETE', `/app_installations/${installation.id}`)).status).toBe(204);
    const told = await site.receiver.waitFor(({ path }) => path.startsWith('/trigger'));
    expect([told.method, told.path]).toEqual([
      'GET',
      expect.stringMatching(/^\/trigger\?tenant=1&type=uninstall&data=[^&]+$/),
    ]);
    expect(await eventually(skipped, ({ uninstalled }) => uninstalled === 2)).toMatchObject({ uninstalled: 2 });
    const ledger = await read(`${log()}/ledger`);
    expect(ledger).toMatchObject({ pending: 0, exhausted: 0 });
    const unheard = await beginChat('unheard');
    const lastOfChannel = await site.client.sendMessage(channel, 'unheard', 'Hello?', 'unheard-2');
    expect(lastOfChannel.chat_id).toBe(unheard);
    expect(await read(`${log()}/ledger`)).toEqual(ledger);
    expect([about(last).length, about(unheard).length]).toEqual([1, 0]);
  });
});
