import { beforeAll, describe, expect, it } from 'vitest';
import { newToken } from '../../../src/directory/tokens.ts';
import { objectIdOf } from '../../../src/resources/object-id.ts';
import { ask, type Json, TIME, unique } from '../../support/worker/organization.ts';
import { admin } from '../../support/worker/requests.ts';
import { hashOf, ThreadsProgram } from '../../support/worker/threads-program.ts';

const OBJECT_ID = expect.stringMatching(/^[0-9a-f]{24}$/);
const NO_CACHE = { AUTH_CACHE_SECONDS: '0' };

let mine: ThreadsProgram;
let other: ThreadsProgram;

beforeAll(async () => {
  mine = await ThreadsProgram.open();
  other = await ThreadsProgram.open();
});

describe('POST /messages without a responder', () => {
  it('stores the message, answers with it, and says that nobody has replied', async () => {
    const thread = unique('fid');
    const answer = await mine.post(thread, 'Where is my order?', { lang: 'en', subject: 'Order 7' });
    const stored = {
      id: OBJECT_ID,
      body: 'Where is my order?',
      user_fid: 'customer-1',
      thread_fid: thread,
      lang: 'en',
      subject: 'Order 7',
      is_customer_support_agent: false,
      created_at: TIME,
      attachments: [],
    };
    expect([answer.status, answer.json]).toEqual([202, { ...stored, reply: null, reply_status: 'none' }]);
    const { reply: _reply, reply_status: _status, ...message } = answer.json;
    expect(await mine.get(`/messages/${answer.json['id']}`)).toEqual(message);
    expect(await mine.get(`/api/v1/messages/${String(answer.json['id']).toUpperCase()}`)).toEqual(message);
    expect(await mine.get(`/threads/${await hashOf(thread)}`)).toEqual({
      thread: await hashOf(thread),
      thread_fid: thread,
      chat_id: expect.any(String),
      is_ended: false,
      created_at: TIME,
      updated_at: TIME,
      messages: [message],
    });
  });

  it('is seen by the Chats API as any message: waiting, with its language and subject', async () => {
    const thread = unique('fid');
    await mine.post(thread, 'Hello', { subject: 'Greeting' });
    const { chat_id } = await mine.get(`/threads/${await hashOf(thread)}`);
    expect(await mine.org.chat(String(chat_id))).toMatchObject({ is_waiting: true, visitor_message_count: 1 });
    const [message] = await mine.org.messages(String(chat_id), '?type__in=msg');
    expect(message).toMatchObject({ message: 'Hello', external_sender_id: 'customer-1', subject: 'Greeting' });
    expect(message).not.toHaveProperty('lang');
  });

  it('makes two messages of two equal calls, and one with an Idempotency-Key', async () => {
    const thread = unique('fid');
    await mine.post(thread, 'Hello?');
    await mine.post(thread, 'Hello?');
    const keyed = { headers: { 'Idempotency-Key': unique('key') } };
    const [first, again] = [await mine.post(thread, 'Once', {}, keyed), await mine.post(thread, 'Once', {}, keyed)];
    expect(again.json).toEqual(first.json);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(await mine.bodies(thread)).toEqual(['Hello?', 'Hello?', 'Once']);
  });

  it('takes an agent’s message as one of the bot, or of the user of the hub, and it ends the waiting', async () => {
    const thread = unique('fid');
    await mine.post(thread, 'Hello');
    const ofStranger = await mine.post(thread, 'Hi', { user_fid: 'agent-7', is_customer_support_agent: true });
    expect(ofStranger.json).toMatchObject({ user_fid: 'agent-7', is_customer_support_agent: true, reply: null });
    const { user_id } = mine.org.agent;
    const ofUser = await mine.post(thread, 'Me too', { user_fid: user_id.toUpperCase() });
    expect(ofUser.json).toMatchObject({ is_customer_support_agent: true });
    const { messages, chat_id } = await mine.get(`/threads/${await hashOf(thread)}`);
    const seen = (messages as Json[]).map(({ user_fid, is_customer_support_agent }) => [
      user_fid,
      is_customer_support_agent,
    ]);
    expect(seen).toEqual([
      ['customer-1', false],
      ['agent-7', true],
      [user_id, true],
    ]);
    expect(await mine.org.chat(String(chat_id))).toMatchObject({ is_waiting: false, user_message_count: 2 });
  });
});

describe('a message that the hub has sent and that comes back', () => {
  it('is stored once, whoever is named as its sender', async () => {
    const thread = unique('fid');
    await mine.post(thread, 'Hello');
    const { chat_id } = await mine.get(`/threads/${await hashOf(thread)}`);
    await mine.org.join(mine.org.bot, String(chat_id));
    const sent = await said(mine, String(chat_id), 'It is on its way.');
    const back = await mine.post(thread, 'It is on its way.', { user_fid: 'agent-7', is_customer_support_agent: true });
    expect(back.json).toMatchObject({ id: objectIdOf(sent), reply_status: 'none' });
    await mine.post(thread, 'It is on its way.', { user_fid: mine.org.bot.user_id });
    expect(await mine.bodies(thread)).toEqual(['Hello', 'It is on its way.']);
  });

  it('is not mistaken: a customer may write the same, and agents outside may repeat themselves', async () => {
    const thread = unique('fid');
    const agent = { user_fid: 'agent-7', is_customer_support_agent: true };
    await mine.post(thread, 'Ok', agent);
    await mine.post(thread, 'Ok', agent);
    await mine.post(thread, 'Ok');
    expect(await mine.bodies(thread)).toEqual(['Ok', 'Ok', 'Ok']);
  });
});

/** The bot of the organization writes in a chat of which it is a member. Answers the message's id. */
async function said({ org }: ThreadsProgram, chatId: string, message: string): Promise<string> {
  const answer = await ask(org.bot, 'POST', `/users/${org.bot.user_id}/chats/${chatId}/messages`, { message });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return String(answer.json['id']);
}

describe('GET /threads', () => {
  it('has every conversation of the organization as a bare array, the newest first, in pages', async () => {
    const program = await ThreadsProgram.open();
    await program.post('first', 'One');
    await program.org.say('ticket-1', 'Through UMI');
    await program.post('last', 'Two');
    const fids = async (path: string) => {
      const answer = await program.ask('GET', path);
      expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
      const list = answer.json as unknown as Json[];
      return { fids: list.map(({ thread_fid }) => thread_fid), link: answer.headers.get('Link') };
    };
    expect((await fids('/threads')).fids).toEqual(['last', 'ticket-1', 'first']);
    const { fids: begin, link } = await fids('/api/v1/threads?limit=2');
    expect(begin).toEqual(['last', 'ticket-1']);
    const next = /^<(.+)>; rel="next"$/.exec(link ?? '')?.[1] ?? '';
    expect(await fids(next)).toEqual({ fids: ['first'], link: null });
    expect(await program.bodies('ticket-1')).toEqual(['Through UMI']);
  });

  it('names a conversation once, with its newest session, and keeps the messages of all', async () => {
    const program = await ThreadsProgram.open();
    await program.org.say('ticket-1', 'Before');
    await program.org.close('ticket-1');
    await program.org.say('ticket-1', 'After');
    const list = (await program.ask('GET', '/threads')).json as unknown as Json[];
    expect(list.map(({ thread_fid, is_ended }) => [thread_fid, is_ended])).toEqual([['ticket-1', false]]);
    expect(await program.bodies('ticket-1')).toEqual(['Before', 'After']);
  });

  it('gives the newest messages of a thread, and a link to earlier ones', async () => {
    const thread = unique('fid');
    for (const body of ['1', '2', '3']) await mine.post(thread, body);
    const page = await mine.ask('GET', `/threads/${await hashOf(thread)}?limit=2`);
    const bodies = (answer: { json: Json }) => (answer.json['messages'] as Json[]).map(({ body }) => body);
    expect(bodies(page)).toEqual(['2', '3']);
    const next = /^<(.+)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1] ?? '';
    const earlier = await mine.ask('GET', next);
    expect([bodies(earlier), earlier.headers.get('Link')]).toEqual([['1'], null]);
  });
});

describe('refusals', () => {
  const message = { body: 'Hello', user_fid: 'customer-1', thread_fid: 'fid' };

  it.each([
    ['no body', { ...message, body: '' }],
    ['no sender', { ...message, user_fid: undefined }],
    ['no thread', { ...message, thread_fid: ' ' }],
    ['a long id', { ...message, thread_fid: 'x'.repeat(513) }],
    ['a long body', { ...message, body: 'x'.repeat(100_001) }],
    ['a number', { ...message, body: 7 }],
    ['a word for a boolean', { ...message, is_customer_support_agent: 'yes' }],
    ['a list', []],
  ])('POST /messages with %s is 400', async (_, body) => {
    const answer = await mine.ask('POST', '/messages', { body });
    expect([answer.status, answer.json]).toEqual([400, { error: expect.any(String) }]);
  });

  it('no JSON is 400, and too long a body 413', async () => {
    const json = { 'Content-Type': 'application/json' };
    expect((await mine.ask('POST', '/messages', { raw: '{', headers: json })).status).toBe(400);
    const long = JSON.stringify({ ...message, body: 'x'.repeat(1_000_000) });
    const refused = await mine.ask('POST', '/messages', { raw: long, headers: json });
    expect([refused.status, refused.json]).toEqual([413, { error: expect.any(String) }]);
  });

  it('what does not exist is 404', async () => {
    for (const path of [
      `/threads/${'0'.repeat(32)}`,
      '/threads/nonsense',
      `/messages/${'0'.repeat(24)}`,
      '/messages/nonsense',
    ]) {
      const answer = await mine.ask('GET', path);
      expect([path, answer.status, answer.json]).toEqual([path, 404, { error: expect.any(String) }]);
    }
    expect((await mine.ask('GET', '/threads?cursor=nonsense')).status).toBe(400);
    expect((await mine.ask('GET', '/threads?limit=0')).status).toBe(400);
  });

  it('conversations between users belong to them', async () => {
    const { agent } = mine.org;
    const started = await ask(agent, 'POST', `/users/${agent.user_id}/chats`, {});
    expect(started.status).toBe(201);
    const chatId = String(started.json['id']);
    expect((await mine.ask('GET', `/threads/${await hashOf(chatId)}`)).status).toBe(404);
  });
});

describe('another organization', () => {
  it('sees nothing of a conversation', async () => {
    const thread = unique('fid');
    const { json } = await mine.post(thread, 'Secret');
    for (const path of [`/threads/${await hashOf(thread)}`, `/messages/${json['id']}`]) {
      expect((await other.ask('GET', path)).status).toBe(404);
    }
    expect((await other.ask('GET', '/threads')).json).toEqual([]);
    await other.post(thread, 'Mine');
    expect(await mine.bodies(thread)).toEqual(['Secret']);
  });

  it.each(['GET /threads', 'GET /messages/0', 'GET /threads/0', 'POST /messages'])('%s needs a key', async (route) => {
    const [method = '', path = ''] = route.split(' ');
    const body = method === 'POST' ? { body: { body: 'x', user_fid: 'x', thread_fid: 'x' } } : {};
    for (const headers of [{}, { 'x-api-key': newToken() }, { 'x-api-key': mine.org.agent.token }]) {
      const answer = await mine.ask(method, path, { ...body, headers: { 'x-api-key': '', ...headers } });
      expect([answer.status, answer.json]).toEqual([401, { error: expect.any(String) }]);
    }
  });

  it('a revoked key opens nothing', async () => {
    const program = await ThreadsProgram.open();
    const path = `/organizations/${program.org.organizationId}/threads/keys/${program.keyId}`;
    expect((await program.ask('GET', '/threads', { env: NO_CACHE })).status).toBe(200);
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect((await program.ask('GET', '/threads', { env: NO_CACHE })).status).toBe(401);
  });
});
