import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requestJson } from '../../scripts/json-request.ts';
import { answer, type Behaviour, type ReceivedRequest } from '../../scripts/webhook-receiver.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';

/** The tutorial of the visitors' API over HTTP, with an app's webhooks at a real receiver. */
let hub: TestHub;
/** How the receiver answers, by the path of an app's URLs. */
const behaviours = new Map<string, Behaviour>();

beforeAll(async () => {
  hub = await openHub({
    behaviour: (request) => (behaviours.get(pathOf(request)) ?? (() => answer(200)))(request),
  });
});
afterAll(() => hub.stop());

type Json = Record<string, unknown>;
type Envelope = {
  channel: string;
  action: string;
  resource_id: string;
  resource: Json;
  app_user_auth?: Json;
  seq: number;
  prev_seq: number | null;
};

const pathOf = ({ path }: ReceivedRequest) => new URL(path, 'http://receiver').pathname;
const envelopeOf = ({ body }: ReceivedRequest) => JSON.parse(body) as Envelope;
const organization = () => `/api/v5/orgs/${hub.demo.organization_id}`;
const OWNED = '/api/v5/orgs/{organization_id}/owned_chats';

async function ok(
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: unknown,
  token?: string | null,
): Promise<Json> {
  const { status, body: answered } = await hub.client.request(method, path, body, token);
  expect([method, path, status < 300, answered]).toEqual([method, path, true, expect.anything()]);
  return answered as Json;
}

/** An installed app with the tutorial's two webhooks, each at its own URL. */
async function installApp(
  name: string,
  fields: Json = {},
): Promise<{ id: string; secret: string; botId: string | null }> {
  const urls = { terms_url: 'https://chat.example/terms', privacy_url: 'https://chat.example/privacy' };
  const app = await ok('POST', `${organization()}/apps`, { name, ...urls, ...fields });
  const every = { on_added: true, on_changed: true, on_removed: true };
  for (const [part, pattern] of [
    ['chats', OWNED],
    ['messages', `${OWNED}/*/messages`],
  ]) {
    const endpoint_url = `${hub.receiver.url}/${name}/${part}?secret=s%20e&x=`;
    await ok('POST', `${organization()}/apps/${app['id']}/webhooks`, {
      endpoint_url,
      channel_pattern: pattern,
      ...every,
    });
  }
  const installation = await ok('POST', `${organization()}/app_installations`, { app_id: app['id'] });
  const bot = installation['app_user_id'];
  return { id: String(app['id']), secret: String(app['secret']), botId: bot === null ? null : String(bot) };
}

/** A visitor with a name and a chat, as the tutorial's application creates them. */
async function openChat(username: string): Promise<{ visitorId: string; token: string; chatId: string }> {
  const auth = await ok('POST', `/api/v5/public/orgs/${hub.demo.organization_id}/auth`, {}, null);
  const visitorId = String(auth['visitor_id']);
  const token = String(auth['access_token']);
  const visitors = `/api/v5/public/orgs/${hub.demo.organization_id}/rooms/${hub.demo.room_id}/visitors`;
  await ok('POST', visitors, { id: visitorId }, token);
  const variables = `${organization()}/rooms/${hub.demo.room_id}/visitors/${visitorId}/variables`;
  await ok('POST', variables, { key: 'username', value: username });
  const chat = await ok('POST', `${visitors}/${visitorId}/chats`, undefined, token);
  return { visitorId, token, chatId: String(chat['id']) };
}

const messagesOf = (visitorId: string, chatId: string) =>
  `/api/v5/public/visitors/${visitorId}/chats/${chatId}/messages`;

/** The requests to an app about a chat, in order of arrival. */
function toldOf(name: string, chatId: string): ReceivedRequest[] {
  return hub.receiver.requests.filter((request) => {
    if (!request.path.startsWith(`/${name}/`)) return false;
    const { channel, resource_id } = envelopeOf(request);
    return resource_id === chatId || channel.includes(chatId);
  });
}

test('a visitor’s chat reaches the application by webhook at each step, from the first to its end', async () => {
  const app = await installApp('tutorial', { is_app_user_required: true });
  const { visitorId, token, chatId } = await openChat('Väinö Virtanen');
  const chats = `${organization()}/owned_chats`;
  const added = await hub.receiver.waitFor(
    ({ path, body }) => path.startsWith('/tutorial/chats') && body.includes(chatId),
  );
  expect(added.path).toBe('/tutorial/chats?secret=s%20e&x=');
  expect(envelopeOf(added)).toMatchObject({ channel: chats, action: 'added', resource_id: chatId, prev_seq: null });
  expect(Object.keys(envelopeOf(added)).sort()).toEqual(
    ['channel', 'action', 'resource_id', 'resource', 'app_user_auth', 'seq', 'prev_seq'].sort(),
  );
  expect(envelopeOf(added).resource).toMatchObject({
    id: chatId,
    room_id: hub.demo.room_id,
    room_organization_id: hub.demo.organization_id,
    is_ended: false,
  });

  // The webhook's token of the bot user is valid at once, for the requests of the example.
  const auth = envelopeOf(added).app_user_auth ?? {};
  expect(auth).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 300,
    user_id: app.botId,
    organization_id: hub.demo.organization_id,
  });
  const members = await ok('GET', `${chats}/${chatId}/memberships`, undefined, String(auth['access_token']));
  expect((members['results'] as Json[])[0]).toMatchObject({
    member_type: 'visitor',
    member_id: visitorId,
    member_name: 'Väinö Virtanen',
  });

  await ok('POST', messagesOf(visitorId, chatId), { type: 'msg', message: 'Where is my order?' }, token);
  const asked = await hub.receiver.waitFor(
    ({ path, body }) => path.startsWith('/tutorial/messages') && body.includes('order?'),
  );
  expect(envelopeOf(asked)).toMatchObject({
    channel: `${chats}/${chatId}/messages`,
    action: 'added',
    resource: {
      type: 'msg',
      message: 'Where is my order?',
      sender_type: 'visitor',
      sender_id: visitorId,
      sender_name: 'Väinö Virtanen',
      chat_id: chatId,
    },
  });

  await hub.client.joinChat(hub.demo.agent, chatId);
  await hub.client.reply(hub.demo.agent, chatId, 'On its way.');
  const replied = await hub.receiver.waitFor(
    ({ path, body }) => path.startsWith('/tutorial/messages') && body.includes('On its'),
  );
  expect(envelopeOf(replied).resource).toMatchObject({
    sender_type: 'user',
    sender_id: hub.demo.agent.id,
    message: 'On its way.',
  });

  await ok('PATCH', `/api/v5/users/${hub.demo.agent.id}/chats/${chatId}`, { is_ended: true }, hub.demo.agent.token);
  const ended = await hub.receiver.waitFor(
    (request) => request.path.startsWith('/tutorial/chats') && envelopeOf(request).resource['is_ended'] === true,
  );
  expect(envelopeOf(ended)).toMatchObject({ action: 'changed', resource: { is_ended: true } });
  expect(envelopeOf(ended).resource).not.toHaveProperty('room_id');

  // The added and then changed resource equals what the hub shows.
  const changes = toldOf('tutorial', chatId)
    .map(envelopeOf)
    .filter(({ channel }) => channel === chats);
  expect(Object.assign({}, ...changes.map(({ resource }) => resource))).toEqual(await ok('GET', `${chats}/${chatId}`));
  for (const request of toldOf('tutorial', chatId)) verifySignature(request, app.secret);
});

/** Standard Webhooks, with the bytes of the app's secret as the key. */
function verifySignature({ headers, body }: ReceivedRequest, secret: string): void {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const signature = createHmac('sha256', secret).update(signed).digest('base64');
  expect(headers['webhook-signature']?.split(' ')).toContain(`v1,${signature}`);
}

describe('an application', () => {
  test('with a failing URL gets nothing about the chat at its other URL before, and each webhook once', async () => {
    await installApp('failing');
    let failures = 0;
    const accepted: ReceivedRequest[] = [];
    behaviours.set('/failing/chats', (request) => {
      if (failures < 2) {
        failures += 1;
        return answer(failures === 1 ? 500 : 302, { location: `${hub.receiver.url}/failing/moved` });
      }
      accepted.push(request);
      return answer(200);
    });
    behaviours.set('/failing/messages', (request) => {
      accepted.push(request);
      return answer(201);
    });
    const { visitorId, token, chatId } = await openChat('Failing');
    for (const message of ['one', 'two', 'three']) await ok('POST', messagesOf(visitorId, chatId), { message }, token);
    const isLast = (request: ReceivedRequest) => envelopeOf(request).resource['message'] === 'three';
    await hub.receiver.waitUntil(() => accepted.some(isLast), 60_000);
    expect(failures).toBe(2);
    expect(hub.receiver.requests.some(({ path }) => path === '/failing/moved')).toBe(false);
    const told = accepted.map(envelopeOf);
    expect(told[0]).toMatchObject({ action: 'added', resource_id: chatId });
    const seqs = told.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(new Set(accepted.map(({ headers }) => headers['webhook-id'])).size).toBe(accepted.length);
    expect(
      told.flatMap(({ resource }) => (typeof resource['message'] === 'string' ? [resource['message']] : [])),
    ).toEqual(['one', 'two', 'three']);
    // Each attempt of the first webhook had the same id.
    const [first, second, third] = toldOf('failing', chatId);
    expect(new Set([first, second, third].map((request) => request?.headers['webhook-id'])).size).toBe(1);
  });

  test('that hangs at the webhook of one chat gets those of other chats', async () => {
    await installApp('hanging');
    const slow = await openChat('Slow');
    behaviours.set('/hanging/messages', (request) =>
      request.body.includes(slow.chatId) ? { kind: 'hang' } : answer(200),
    );
    await ok('POST', messagesOf(slow.visitorId, slow.chatId), { message: 'slow' }, slow.token);
    await hub.receiver.waitFor(({ path, body }) => path.startsWith('/hanging/messages') && body.includes(slow.chatId));
    const quick = await openChat('Quick');
    for (const message of ['one', 'two']) {
      await ok('POST', messagesOf(quick.visitorId, quick.chatId), { message }, quick.token);
    }
    await hub.receiver.waitUntil(
      () => toldOf('hanging', quick.chatId).filter(({ path }) => path.startsWith('/hanging/messages')).length === 2,
    );
    const attempts = toldOf('hanging', slow.chatId).filter(({ path }) => path.startsWith('/hanging/messages'));
    expect(attempts).toHaveLength(1);
  });

  test('that is uninstalled gets no more webhooks, and its log says why', async () => {
    const app = await installApp('leaving');
    behaviours.set('/leaving/chats', () => answer(500));
    const { chatId } = await openChat('Leaving');
    await hub.receiver.waitFor(({ path }) => path.startsWith('/leaving/chats'));
    const installations = `${organization()}/app_installations`;
    const listed = (await ok('GET', installations))['results'] as Json[];
    const installation = listed.find(({ app_id }) => app_id === app.id);
    const path = `${organization()}/apps/${app.id}/installations/${installation?.['id']}`;
    const gone = await requestJson({
      method: 'DELETE',
      url: `${hub.client.url}${installations}/${installation?.['id']}`,
      token: hub.demo.settings_token,
    });
    expect(gone.status).toBe(204);
    const skipped = async () => ((await ok('GET', `${path}/ledger`))['skipped'] as Json)['uninstalled'] as number;
    for (let tries = 0; tries < 200 && (await skipped()) === 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const ledger = await ok('GET', `${path}/ledger`);
    expect(ledger).toMatchObject({ delivered: 0, pending: 0 });
    expect(ledger['accepted']).toBe((ledger['skipped'] as Json)['uninstalled']);
    expect(toldOf('leaving', chatId).length).toBeLessThanOrEqual(2);
  });
});
