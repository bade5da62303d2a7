/** One conversation on several interfaces over HTTP: every interface that shows it tells the same. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type JsonAnswer, requestJson } from '../../scripts/json-request.ts';
import { answer, type ReceivedRequest, type Reply } from '../../scripts/webhook-receiver.ts';
import { objectIdOf } from '../../src/resources/object-id.ts';
import { messageIdOfShort } from '../../src/resources/rpc-ids.ts';
import { eventually } from '../support/eventually.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';
import { RawSocket } from '../support/local/raw-socket.ts';

type Json = Record<string, unknown>;
/** A message as every interface can tell it. `id` is in the form of the threads API. */
type Line = { id: string; text: unknown; side: 'customer' | 'support' };

const [GATEWAY, DESK, RESPONDER, APP] = ['/gateway', '/desk', '/responder', '/app'];
const CONTACT = '234567668';

let site: TestHub;
let socket: RawSocket;
let channels: { rpc: string; threads: string };
/** The bot user of the app. */
let botId: string;
/** How the responder of the threads API answers. */
let respond: (question: Json) => Reply;

const org = () => `/api/v5/orgs/${site.demo.organization_id}`;
const agentPath = () => `/api/v5/users/${site.demo.agent.id}`;

async function ok(
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: unknown,
  token = site.demo.settings_token,
): Promise<Json> {
  return succeeded(await site.client.request(method, path, body, token));
}

function succeeded({ status, body }: JsonAnswer): Json {
  expect([status < 300, status, body]).toEqual([true, expect.any(Number), expect.anything()]);
  return body as Json;
}

beforeAll(async () => {
  site = await openHub({
    behaviour: ({ path, body }) => (path === RESPONDER ? respond(JSON.parse(body) as Json) : answer(200)),
  });
  const { url } = site.receiver;
  const rpc = await ok('PATCH', `${org()}/rpc`, { webhook_url: url + GATEWAY });
  const threads = await ok('PATCH', `${org()}/threads`, {
    webhook_url: url + DESK,
    responder: { type: 'http', url: url + RESPONDER },
  });
  channels = { rpc: String(rpc['channel_id']), threads: String(threads['channel_id']) };
  const pages = { terms_url: 'https://bot.example/terms', privacy_url: 'https://bot.example/privacy' };
  const app = await ok('POST', `${org()}/apps`, { name: 'Order bot', is_app_user_required: true, ...pages });
  await ok('POST', `${org()}/apps/${app['id']}/webhooks`, {
    endpoint_url: url + APP,
    channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats/*/messages',
    on_added: true,
  });
  botId = String((await ok('POST', `${org()}/app_installations`, { app_id: app['id'] }))['app_user_id']);
  await ok('POST', `${agentPath()}/clients`, { presence_expires_in: 600 }, site.demo.agent.token);
});
afterAll(async () => {
  socket.close();
  await site.stop();
});

beforeEach(async () => {
  socket?.close();
  socket = await RawSocket.open(site.hub.port, `${agentPath()}/live`, site.demo.agent.token);
  socket.send({ type: 'subscribe', channels: ['/api/v5/users/{user_id}/routed_chats/*/messages'] });
  await socket.received(2);
});

async function rpc(method: string, params: Json): Promise<Json> {
  const { url, api_key: token } = site.demo.rpc;
  return succeeded(await requestJson({ method: 'POST', url, token, body: { method, params } }))['result'] as Json;
}

async function threads(method: 'GET' | 'POST', path: string, body?: Json): Promise<Json> {
  const { url, api_key } = site.demo.threads;
  const headers = { 'x-api-key': api_key, 'Content-Type': 'application/json' };
  const answered = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  return succeeded({ status: answered.status, body: await answered.json() } as JsonAnswer);
}

const jsonOf = ({ body }: ReceivedRequest) => JSON.parse(body) as Json;
const told = (path: string) => site.receiver.requests.filter((request) => request.path === path).map(jsonOf);

/** What the Chats API and its webhooks say of messages, without those that nobody wrote. */
const written = (messages: Json[]): Line[] =>
  messages
    .filter(({ type }) => type === 'msg')
    .map(({ id, message, sender_type }) => ({
      id: objectIdOf(String(id)),
      text: message,
      side: sender_type === 'visitor' ? 'customer' : 'support',
    }));

const sent = (messages: Json[]): Line[] =>
  messages.map(({ id, body, is_customer_support_agent }) => ({
    id: String(id),
    text: body,
    side: is_customer_support_agent === true ? 'support' : 'customer',
  }));

const objectIdOfShort = (id: unknown) => objectIdOf(messageIdOfShort(String(id)) ?? '');

/** What a gateway knows from what it has sent, by `messageid`, and from its webhooks. */
const ofGateway = (own: Map<unknown, string>, webhooks: Json[]): Line[] =>
  webhooks.flatMap(({ method, params }): Line[] => {
    const { messageid, content } = params as Json;
    const id = objectIdOfShort(messageid);
    if (method === 'delivered') return [{ id, text: own.get(messageid), side: 'customer' }];
    return method === 'message' ? [{ id, text: content, side: 'support' }] : [];
  });

async function listed(collection: string, chatId: string, token?: string): Promise<Line[]> {
  return written((await ok('GET', `${collection}/${chatId}/messages`, undefined, token))['results'] as Json[]);
}

async function eventsOf(channelId: string, threadId: string): Promise<Json[]> {
  const path = `${org()}/unified_messaging/${channelId}/events?thread_id=${encodeURIComponent(threadId)}`;
  return (await ok('GET', path))['results'] as Json[];
}

type Envelope = { resource: Json; app_user_auth: { access_token: string } };

/** The app's webhook about a message with this text. */
async function appHears(text: string): Promise<Envelope> {
  const heard = await site.receiver.waitFor(({ path, body }) => path === APP && body.includes(text));
  return jsonOf(heard) as unknown as Envelope;
}

/** The bot answers a chat with the token of a webhook. */
async function botReplies({ resource, app_user_auth }: Envelope, message: string): Promise<void> {
  const joining = { member_id: botId, is_participating: true, composing_status: 'idle' };
  const chat = String(resource['chat_id']);
  await ok('POST', `${org()}/owned_chats/${chat}/memberships`, joining, app_user_auth.access_token);
  await ok('POST', `/api/v5/users/${botId}/chats/${chat}/messages`, { message }, app_user_auth.access_token);
}

async function agentReplies(chatId: string, message: Json): Promise<void> {
  await site.client.joinChat(site.demo.agent, chatId);
  await ok('POST', `${agentPath()}/chats/${chatId}/messages`, message, site.demo.agent.token);
}

/** Expects the whole conversation of the interfaces that show every chat: two lists, the socket, the app. */
async function expectEverywhere(chatId: string, transcript: Line[]): Promise<void> {
  const { token } = site.demo.agent;
  expect(await listed(`${org()}/owned_chats`, chatId)).toEqual(transcript);
  expect(await listed(`${agentPath()}/routed_chats`, chatId, token)).toEqual(transcript);
  await eventually(() => {
    const onSocket = socket.frames
      .filter(({ type }) => type === 'notifications')
      .flatMap(({ notifications }) => notifications as { action: string; resource: Json }[])
      .filter(({ action, resource }) => action === 'added' && resource['chat_id'] === chatId);
    expect(written(onSocket.map(({ resource }) => resource))).toEqual(transcript);
    const ofApp = told(APP).map((envelope) => envelope['resource'] as Json);
    expect(written(ofApp.filter(({ chat_id }) => chat_id === chatId))).toEqual(transcript);
  });
}

const textsOf = (lines: Line[]) => lines.map(({ text }) => text);

test('a contact on JSON-RPC, a bot by webhook, a suggestion and an agent: one transcript on every interface', async () => {
  const own = new Map<unknown, string>();
  const contactWrites = async (content: string) => {
    const { messageid } = await rpc('message', { from: CONTACT, to: site.demo.rpc.users[0]?.extension, content });
    own.set(messageid, content);
  };
  await contactWrites('Where is my order?');
  const first = await appHears('Where is my order?');
  const chatId = String(first.resource['chat_id']);
  await botReplies(first, 'I am looking.');
  await contactWrites('It was due on Monday.');
  const second = await appHears('It was due on Monday.');
  const suggestion = await ok(
    'POST',
    `/api/v5/users/${botId}/chats/${chatId}/messages/${second.resource['id']}/reply_suggestions`,
    { suggestion: 'It comes today.', relevancy_score: 0.9 },
    second.app_user_auth.access_token,
  );
  await agentReplies(chatId, { message: 'It comes today!', selected_reply_suggestion_id: suggestion['id'] });
  await contactWrites('Thank you.');
  await appHears('Thank you.');

  const transcript = await listed(`${org()}/owned_chats`, chatId);
  expect(textsOf(transcript)).toEqual([
    'Where is my order?',
    'I am looking.',
    'It was due on Monday.',
    'It comes today!',
    'Thank you.',
  ]);
  await expectEverywhere(chatId, transcript);
  const answered = (await appHears('It comes today!')).resource;
  expect(answered).toMatchObject({
    sender_id: site.demo.agent.id,
    selected_reply_suggestion: { suggestion: 'It comes today.', relevancy_score: 0.9 },
  });

  // The gateway knows all of it from its own requests and the webhooks of JSON-RPC, in this order.
  await eventually(() => expect(ofGateway(own, told(GATEWAY))).toEqual(transcript));
  const conversation = (await threads('GET', '/threads')) as unknown as Json[];
  const thread = conversation.find(({ chat_id }) => chat_id === chatId);
  const shown = await threads('GET', `/threads/${thread?.['thread']}`);
  expect(sent(shown['messages'] as Json[])).toEqual(transcript);
  const writers = (shown['messages'] as Json[]).map(({ user_fid }) => user_fid);
  expect(writers).toEqual([CONTACT, botId, CONTACT, site.demo.agent.id, CONTACT]);
  // UMI shows the same webhooks, and the thread.
  const threadId = String(thread?.['thread_fid']);
  expect(ofGateway(own, await eventsOf(channels.rpc, threadId))).toEqual(transcript);
  const ofChannel = `${org()}/unified_messaging/${channels.rpc}/threads/${encodeURIComponent(threadId)}`;
  expect(await ok('GET', ofChannel)).toMatchObject({ current_chat_id: chatId, is_ended: false });
});

test('a customer on the threads API, a suggestion of its responder, an agent and the bot: the same', async () => {
  const replies = [
    { suggestion: 'Have you tried its other button?', relevancy_score: 0.7 },
    { body: 'You are welcome, says the responder.' },
  ];
  const questions: Json[] = [];
  respond = (question) => {
    questions.push(question);
    return answer(200, { 'content-type': 'application/json' }, JSON.stringify(replies.shift()));
  };
  const thread_fid = 'mail-77';
  const customerWrites = (body: string) => threads('POST', '/messages', { body, user_fid: 'customer-1', thread_fid });
  expect(await customerWrites('It does not start.')).toMatchObject({ reply: null, reply_status: 'suggested' });
  const first = await appHears('It does not start.');
  const chatId = String(first.resource['chat_id']);
  const suggested = await site.receiver.waitFor(({ body }) => body.includes('reply_suggestion_created'));
  const suggestion = jsonOf(suggested)['event_data'] as Json;
  expect([suggested.path, suggestion['suggestion']]).toEqual([DESK, 'Have you tried its other button?']);
  await agentReplies(chatId, { message: 'Try the other button.', selected_reply_suggestion_id: suggestion['id'] });
  await botReplies(first, 'I have noted it.');
  expect(await customerWrites('That helped.')).toMatchObject({ body: 'You are welcome, says the responder.' });
  expect((questions[1]?.['history'] as Json[] | undefined)?.map(({ body }) => body)).toEqual([
    'It does not start.',
    'Try the other button.',
    'I have noted it.',
  ]);

  const transcript = await listed(`${org()}/owned_chats`, chatId);
  expect(textsOf(transcript)).toEqual([
    'It does not start.',
    'Try the other button.',
    'I have noted it.',
    'That helped.',
    'You are welcome, says the responder.',
  ]);
  await expectEverywhere(chatId, transcript);
  const hash = createHash('md5').update(thread_fid).digest('hex');
  const shown = (await threads('GET', `/threads/${hash}`))['messages'] as Json[];
  expect(sent(shown)).toEqual(transcript);
  for (const message of shown) expect(await threads('GET', `/messages/${message['id']}`)).toEqual(message);

  // The desk is sent what it has not written itself, and UMI shows the same.
  const support = transcript.filter(({ side }) => side === 'support');
  const ofDesk = (webhooks: Json[]) =>
    sent(webhooks.filter(({ event_type }) => event_type === 'send_message').map((each) => each['event_data'] as Json));
  await eventually(() => expect(ofDesk(told(DESK))).toEqual(support));
  expect(ofDesk(await eventsOf(channels.threads, thread_fid))).toEqual(support);
  // What comes back is no new message, and the gateway of JSON-RPC never heard of this conversation.
  for (const { event_type, event_data } of told(DESK)) {
    if (event_type === 'send_message') await threads('POST', '/messages', event_data as Json);
  }
  expect(sent((await threads('GET', `/threads/${hash}`))['messages'] as Json[])).toEqual(transcript);
  const ids = new Set(transcript.map(({ id }) => id));
  expect(ofGateway(new Map(), told(GATEWAY)).filter(({ id }) => ids.has(id))).toEqual([]);
});
