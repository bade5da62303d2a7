/** The threads API over HTTP: an endpoint that replies, or is late, and a receiver of webhooks that gives them back. */
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answer, type ReceivedRequest, type Reply } from '../../scripts/webhook-receiver.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';

type Json = Record<string, unknown>;

let site: TestHub;
let secret: string;
/** How the responder answers. */
let respond: (question: Json) => Reply;

const RESPONDER = '/responder';
const HOOK = '/desk';

beforeAll(async () => {
  site = await openHub({
    behaviour: ({ path, body }) => (path === RESPONDER ? respond(JSON.parse(body) as Json) : answer(200)),
  });
  const { url } = site.receiver;
  const path = `/api/v5/orgs/${site.demo.organization_id}`;
  const changes = { webhook_url: url + HOOK, webhook_key: 'known', responder: { type: 'http', url: url + RESPONDER } };
  const settings = await site.client.request('PATCH', `${path}/threads`, changes);
  expect([settings.status, settings.body]).toEqual([200, expect.anything()]);
  const { channel_id } = settings.body as Json;
  const shown = await site.client.request('GET', `${path}/unified_messaging/${channel_id}/secret`);
  secret = String((shown.body as Json)['secret']);
});
afterAll(() => site.stop());

const replying = (body: string, after = 0): Reply => ({
  kind: 'answer',
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ body }),
  after,
});

async function ask(method: string, path: string, body?: Json): Promise<{ status: number; body: Json }> {
  const { url, api_key } = site.demo.threads;
  const answered = await fetch(url + path, {
    method,
    headers: { 'x-api-key': api_key, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answered.status, body: (await answered.json()) as Json };
}

const hooks = (): ReceivedRequest[] => site.receiver.requests.filter(({ path }) => path === HOOK);

test('a reply is answered at once, sent out with the key and a signature, and known when it comes back', async () => {
  let asked: Json = {};
  respond = (question) => {
    asked = question;
    return replying('On its way.');
  };
  const message = { body: 'Where is it?', user_fid: 'customer-1', thread_fid: 'mail-1' };
  const reply = await ask('POST', '/messages', message);
  expect([reply.status, reply.body['body']]).toEqual([201, 'On its way.']);
  expect(asked).toMatchObject({ event: 'message', message, reply_url: expect.stringContaining(site.hub.url) });
  await site.receiver.waitFor(({ path }) => path === HOOK);
  const [hook] = hooks();
  expect(hook?.headers['x-api-key']).toBe('known');
  const sent = new Webhook(secret).verify(hook?.body ?? '', hook?.headers ?? {}) as Json;
  expect(sent).toEqual({ event_type: 'send_message', event_data: reply.body });
  const back = await ask('POST', '/messages', sent['event_data'] as Json);
  expect([back.status, back.body['id']]).toEqual([202, reply.body['id']]);
  expect(hooks()).toHaveLength(1);
});

test('a late reply is 202 for the caller, is stored, and goes out', async () => {
  respond = () => replying('Sorry, I was busy.', 11_000);
  const stored = await ask('POST', '/messages', { body: 'Hello?', user_fid: 'customer-2', thread_fid: 'mail-2' });
  expect([stored.status, stored.body['reply'], stored.body['reply_status']]).toEqual([202, null, 'late']);
  const late = await site.receiver.waitFor(({ path, body }) => path === HOOK && body.includes('Sorry, I was busy.'));
  expect(JSON.parse(late.body)).toMatchObject({
    event_data: { thread_fid: 'mail-2', is_customer_support_agent: true },
  });
});

test('a responder that breaks off the connection leaves the message with people', async () => {
  respond = () => ({ kind: 'reset' });
  const stored = await ask('POST', '/messages', { body: 'Anybody?', user_fid: 'customer-3', thread_fid: 'mail-3' });
  expect([stored.status, stored.body['reply_status']]).toEqual([202, 'failed']);
  await site.waitForLog('responder_failed');
});
