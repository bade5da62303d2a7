import { Webhook } from 'standardwebhooks';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, type Json, resultsOf, unique } from '../../support/worker/organization.ts';
import { type Got, receive } from '../../support/worker/receiver.ts';
import { type Answer, admin, call, testEnv } from '../../support/worker/requests.ts';
import { hashOf, RESPONDER, ThreadsProgram } from '../../support/worker/threads-program.ts';

const HOOK = 'https://desk.example.com/hub';

let program: ThreadsProgram;

beforeAll(async () => {
  program = await ThreadsProgram.open({ webhook_url: HOOK, webhook_key: 'key-of-the-desk', responder: RESPONDER });
});
afterEach(() => {
  makeFirstAttemptsWith(null);
  vi.restoreAllMocks();
});

/** What the responder answers. Everything else that the hub calls answers 200. */
function respond(answer: (got: Got) => Response | Promise<Response>): Got[] {
  return receive((got) => (got.url === HOOK ? new Response('ok') : answer(got)));
}

const json = (body: unknown, status = 200) => Response.json(body, { status });
const chatOf = async (thread: string) => String((await program.get(`/threads/${await hashOf(thread)}`))['chat_id']);

/** A late reply, at the `reply_url` of a question. */
const later = (question: Json, body: unknown): Promise<Answer> =>
  call(new URL(String(question['reply_url'])).pathname, { method: 'POST', body });

describe('a responder over HTTP', () => {
  it('gets the message, what was said before, and a signature; its answer is the reply', async () => {
    const thread = unique('fid');
    const asked = respond(({ body }) => json({ body: `You said: ${JSON.parse(body).message.body}` }));
    await program.post(thread, 'Hello', { lang: 'en' });
    const reply = await program.post(thread, 'Where is it?');
    expect([reply.status, reply.json]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        body: 'You said: Where is it?',
        user_fid: expect.any(String),
        thread_fid: thread,
        lang: null,
        subject: null,
        is_customer_support_agent: true,
        created_at: expect.any(String),
        attachments: [],
      },
    ]);
    expect(await program.get(`/messages/${reply.json['id']}`)).toEqual(reply.json);
    expect(await program.bodies(thread)).toEqual([
      'Hello',
      'You said: Hello',
      'Where is it?',
      'You said: Where is it?',
    ]);
    const question = asked[1];
    expect(JSON.parse(question?.body ?? '')).toEqual({
      event: 'message',
      thread_fid: thread,
      message: expect.objectContaining({ body: 'Where is it?', user_fid: 'customer-1' }),
      history: [
        expect.objectContaining({ body: 'Hello', lang: 'en', is_customer_support_agent: false }),
        expect.objectContaining({ body: 'You said: Hello', is_customer_support_agent: true }),
      ],
      reply_url: expect.stringMatching(/^https:\/\/hub\.example\/api\/v1\/replies\//),
    });
    expect(question?.redirect).toBe('manual');
    const { organizationId } = program.org;
    const { channel_id } = (await admin(`/organizations/${organizationId}/threads`)).json;
    const path = `/api/v5/orgs/${organizationId}/unified_messaging/${channel_id}/secret`;
    const { secret } = (await call(path, { authorization: `Bearer ${program.org.gateway.token}` })).json;
    expect(() => new Webhook(String(secret)).verify(question?.body ?? '', question?.headers ?? {})).not.toThrow();
  });

  it('replies as a bot who takes part, and the waiting ends', async () => {
    const thread = unique('fid');
    respond(() => json({ body: 'Hi.' }));
    await program.post(thread, 'Hello');
    const chatId = await chatOf(thread);
    expect(await program.org.chat(chatId)).toMatchObject({ is_waiting: false, user_message_count: 1 });
    const messages = await program.org.messages(chatId);
    expect(messages.map(({ type, message }) => [type, message])).toEqual([
      ['msg', 'Hello'],
      ['join', null],
      ['msg', 'Hi.'],
    ]);
  });

  it('may have nothing to say, or be of no use: the message is stored all the same', async () => {
    const cases: [string, () => Response | Promise<Response>][] = [
      ['none', () => new Response(null, { status: 204 })],
      ['failed', () => json({ body: '' })],
      ['failed', () => json({ body: ' ' })],
      ['failed', () => json({ body: 'a\0b' })],
      ['failed', () => json({ body: 'half \ud800' })],
      ['failed', () => json({ text: 'Hi' })],
      ['failed', () => json({ body: 'x'.repeat(100_001) })],
      ['failed', () => json({ body: 'x'.repeat(800_000) })],
      ['failed', () => json({ body: 'Hi' }, 500)],
      ['failed', () => new Response('<html>')],
      ['failed', () => new Response(null, { status: 302, headers: { Location: 'https://other.example.com/' } })],
      ['failed', () => Promise.reject(new TypeError('connection refused by 10.0.0.1'))],
    ];
    const thread = unique('fid');
    for (const [status, answer] of cases) {
      respond(answer);
      const stored = await program.post(thread, `Case ${status}`);
      expect([stored.status, stored.json['reply'], stored.json['reply_status']]).toEqual([202, null, status]);
    }
    expect(await program.bodies(thread)).toEqual(cases.map(([status]) => `Case ${status}`));
  });

  it('cannot be asked while the thread is out of reach, and the message, which is stored, is no 503', async () => {
    const thread = unique('fid');
    const asked = respond(() => json({ body: 'Hi.' }));
    const lost = async () => Promise.reject(new Error('the object was lost'));
    const getByName = (name: string) =>
      new Proxy(testEnv.THREADS.getByName(name), {
        get: (stub, call) =>
          call === 'readLog'
            ? lost
            : (...parameters: []) => (stub as never as { [name: PropertyKey]: () => unknown })[call]?.(...parameters),
      });
    const stored = await program.post(thread, 'Hello', {}, { env: { THREADS: { getByName } } as never });
    expect([stored.status, stored.json['reply_status']]).toEqual([202, 'failed']);
    expect(asked).toEqual([]);
    expect(await program.bodies(thread)).toEqual(['Hello']);
  });

  it('may suggest, for people: the suggestion goes out, and the chat still waits', async () => {
    const thread = unique('fid');
    makeFirstAttemptsWith((env, name, leased, askedAt) => {
      void deliverLeased(consumerDeps(env), name, leased, askedAt);
    });
    const got = respond(() => json({ suggestion: 'Say hi.', relevancy_score: 0.9 }));
    const stored = await program.post(thread, 'Hello');
    expect([stored.status, stored.json['reply_status']]).toEqual([202, 'suggested']);
    const chatId = await chatOf(thread);
    expect(await program.org.chat(chatId)).toMatchObject({ is_waiting: true, user_message_count: 0 });
    await program.org.join(program.org.bot, chatId);
    const path = `/users/${program.org.bot.user_id}/chats/${chatId}/reply_suggestions`;
    expect(resultsOf(await ask(program.org.bot, 'GET', path))).toEqual([
      expect.objectContaining({ suggestion: 'Say hi.', relevancy_score: 0.9 }),
    ]);
    const hook = await eventually(() => {
      const found = got.find(({ url }) => url === HOOK);
      expect(found).toBeDefined();
      return found as Got;
    });
    expect(JSON.parse(hook.body)).toEqual({
      event_type: 'reply_suggestion_created',
      event_data: expect.objectContaining({ suggestion: 'Say hi.' }),
    });
  });

  it('is asked about no agent’s message, and not again about one that comes back or is repeated', async () => {
    const thread = unique('fid');
    const asked = respond(() => json({ body: 'Hi.' }));
    const keyed = { headers: { 'Idempotency-Key': unique('key') } };
    const reply = await program.post(thread, 'Hello', {}, keyed);
    const again = await program.post(thread, 'Hello', {}, keyed);
    expect([again.status, again.json]).toEqual([201, reply.json]);
    await program.post(thread, 'Hi.', { user_fid: String(reply.json['user_fid']), is_customer_support_agent: true });
    await program.post(thread, 'I take over.', { user_fid: 'agent-7', is_customer_support_agent: true });
    expect(asked).toHaveLength(1);
    expect(await program.bodies(thread)).toEqual(['Hello', 'Hi.', 'I take over.']);
  });

  it('sends each reply out with the key of the receiver, once', async () => {
    const thread = unique('fid');
    makeFirstAttemptsWith((env, name, leased, askedAt) => {
      void deliverLeased(consumerDeps(env), name, leased, askedAt);
    });
    const got = respond(() => json({ body: 'Hi.' }));
    const { json: reply } = await program.post(thread, 'Hello');
    const hooks = () => got.filter(({ url }) => url === HOOK);
    await eventually(() => expect(hooks()).toHaveLength(1));
    const [hook] = hooks();
    expect(hook?.headers['x-api-key']).toBe('key-of-the-desk');
    expect(JSON.parse(hook?.body ?? '')).toEqual({ event_type: 'send_message', event_data: reply });
    await program.post(thread, 'Hi.', { user_fid: String(reply['user_fid']), is_customer_support_agent: true });
    await program.post(thread, 'Thanks', { user_fid: 'agent-7', is_customer_support_agent: true });
    expect(hooks()).toHaveLength(1);
  });
});

describe('a late reply', () => {
  /** A message that got no answer at once. */
  async function unanswered(thread: string): Promise<Json> {
    const asked = respond(() => new Response(null, { status: 204 }));
    await program.post(thread, 'Hello');
    return JSON.parse(asked[0]?.body ?? '') as Json;
  }

  it('is stored once, whatever is repeated', async () => {
    const thread = unique('fid');
    const question = await unanswered(thread);
    const first = await later(question, { body: 'Sorry for the delay.' });
    expect([first.status, first.json]).toEqual([201, { id: expect.stringMatching(/^[0-9a-f]{24}$/) }]);
    expect((await later(question, { body: 'Sorry for the delay.' })).json).toEqual(first.json);
    expect((await later(question, { body: 'Another one.' })).status).toBe(409);
    expect(await program.bodies(thread)).toEqual(['Hello', 'Sorry for the delay.']);
  });

  it('may be a suggestion', async () => {
    const question = await unanswered(unique('fid'));
    const answer = await later(question, { suggestion: 'Say hi.' });
    expect([answer.status, answer.json]).toEqual([201, { id: null }]);
  });

  it('is refused with a bad token, a bad body, or when the chat has ended', async () => {
    const thread = unique('fid');
    const question = await unanswered(thread);
    const url = String(question['reply_url']);
    for (const reply_url of [`${url}x`, url.slice(0, -2), 'https://hub.example/api/v1/replies/nonsense']) {
      expect((await later({ reply_url }, { body: 'Hi' })).status).toBe(404);
    }
    for (const body of [
      {},
      { body: '' },
      { body: ' ' },
      { body: 'a\0b' },
      { body: 7 },
      { suggestion: 'Hi', relevancy_score: 2 },
      [],
    ]) {
      expect((await later(question, body)).status).toBe(400);
    }
    const chatId = await chatOf(thread);
    await program.org.join(program.org.bot, chatId);
    const path = `/users/${program.org.bot.user_id}/chats/${chatId}`;
    expect((await ask(program.org.bot, 'PATCH', path, { is_ended: true })).status).toBe(200);
    expect((await later(question, { body: 'Too late.' })).status).toBe(404);
    expect(await program.bodies(thread)).toEqual(['Hello']);
  });
});

it('a responder that was taken away answers no more, nor does one of an organization without a subscription', async () => {
  const own = await ThreadsProgram.open({ responder: RESPONDER });
  const asked = respond(() => new Response(null, { status: 204 }));
  await own.post('fid', 'Hello');
  const question = JSON.parse(asked[0]?.body ?? '') as Json;
  const subscription = async (has_active_subscription: boolean) => {
    const path = `/organizations/${own.org.organizationId}`;
    expect((await admin(path, { method: 'PATCH', body: { has_active_subscription } })).status).toBe(200);
  };
  await own.change({ responder: null });
  expect((await later(question, { body: 'Hi' })).status).toBe(404);
  await own.change({ responder: RESPONDER });
  await subscription(false);
  expect((await later(question, { body: 'Hi' })).status).toBe(404);
  await subscription(true);
  expect((await later(question, { body: 'Hi' })).status).toBe(201);
});

describe('a model', () => {
  it('may write what no database stores: that is left out', async () => {
    const models = await ThreadsProgram.open({
      responder: { type: 'openai', url: 'https://models.example.com/v1', model: 'small' },
    });
    respond(() => json({ choices: [{ message: { content: 'a\0b \ud800' } }] }));
    const reply = await models.post('fid', 'Where is it?');
    expect([reply.status, reply.json['body']]).toEqual([201, 'ab \ufffd']);
  });

  it('of an endpoint that speaks OpenAI gets the conversation and the key', async () => {
    const models = await ThreadsProgram.open({
      responder: { type: 'openai', url: 'https://models.example.com/v1', model: 'small', api_key: 'sk-secret' },
    });
    const asked = respond(() => json({ choices: [{ message: { content: ' It is on its way. ' } }] }));
    const reply = await models.post('fid', 'Where is it?');
    expect([reply.status, reply.json['body']]).toEqual([201, 'It is on its way.']);
    const [question] = asked;
    expect([question?.url, question?.headers['authorization']]).toEqual([
      'https://models.example.com/v1/chat/completions',
      'Bearer sk-secret',
    ]);
    expect(JSON.parse(question?.body ?? '')).toEqual({
      model: 'small',
      messages: [
        { role: 'system', content: expect.any(String) },
        { role: 'user', content: 'Where is it?' },
      ],
    });
    expect((await admin(`/organizations/${models.org.organizationId}/threads`)).text).not.toContain('sk-secret');
  });

  it('of Workers AI is run through the binding, and may only suggest', async () => {
    const models = await ThreadsProgram.open({
      responder: { type: 'workers_ai', model: '@cf/small', mode: 'suggest' },
    });
    const run = vi.fn(async () => ({ response: 'Say hi.' }));
    const stored = await models.post('fid', 'Hello', {}, { env: { AI: { run } } as Partial<Env> });
    expect([stored.status, stored.json['reply_status']]).toEqual([202, 'suggested']);
    expect(run).toHaveBeenCalledExactlyOnceWith('@cf/small', { messages: expect.any(Array) });
    expect((await models.post('fid', 'Again')).json['reply_status']).toBe('failed');
  });
});
