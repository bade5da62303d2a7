/** The endpoints of the text “Public API documentation” (the threads API), which has their examples as pictures. */
import { createHash } from 'node:crypto';
import { atLeast, type Expected, listWith, named, some } from './expectation.ts';
import type { Example, Text } from './replay.ts';

const THREAD = 'demo-thread-1';
const THREAD_HASH = createHash('md5').update(THREAD).digest('hex');
const QUESTION = 'Where is my order?';
const REPLY = 'It is on its way.';

/** What the responder of the demo answers. */
export const RESPONDER_ANSWER: string = JSON.stringify({ body: REPLY });

const asked = { body: QUESTION, user_fid: 'customer-1', thread_fid: THREAD, lang: 'en', subject: 'Order 7' };

function stored(id: string, fields: Record<string, Expected>): Expected {
  const common = { thread_fid: THREAD, lang: null, subject: null, created_at: some('time') };
  // `attachments` is an extension.
  return { id: named('object_id', id), ...common, ...fields, attachments: [] };
}

const question = stored('QUESTION', { ...asked, is_customer_support_agent: false });
const replyFields = { body: REPLY, user_fid: named('uuid', 'RESPONDER_BOT'), is_customer_support_agent: true };
const reply = stored('REPLY', replyFields);
const thread = { thread: THREAD_HASH, thread_fid: THREAD, created_at: some('time'), updated_at: some('time') };

function call(what: string, request: `GET /${string}`, status: number, answer?: Expected): Example {
  return { what, call: request, as: 'THREADS_KEY', status, ...(answer === undefined ? {} : { answer }) };
}

export const threadsText: Text = {
  name: '004 Threads API',
  examples: [
    {
      isPreparation: true,
      what: 'the organization has a responder and a webhook',
      call: 'PATCH /admin/v1/organizations/{ORGANIZATION}/threads',
      as: 'ADMIN_TOKEN',
      body: {
        webhook_url: '{RECEIVER}/threads',
        webhook_key: 'the-key-that-the-receiver-checks',
        responder: { type: 'http', url: '{RECEIVER}/responder' },
      },
      status: 200,
    },
    {
      what: 'without a key: 401',
      call: 'GET /api/v1/threads',
      as: null,
      status: 401,
      answer: { error: some('text') },
    },
    {
      what: 'POST /messages returns the reply of the system',
      call: 'POST /api/v1/messages',
      as: 'THREADS_KEY',
      body: asked,
      status: 201,
      answer: reply,
    },
    {
      what: 'the event send_message, with x-api-key',
      toldAt: '/threads',
      carries: { event_type: 'send_message', event_data: reply },
      header: ['x-api-key', 'the-key-that-the-receiver-checks'],
    },
    call('GET /messages/{message_id}', 'GET /api/v1/messages/{REPLY}', 200, reply),
    call('GET /messages/{message_id} of no message: 404', 'GET /api/v1/messages/0123456789abcdef01234567', 404, {
      error: some('text'),
    }),
    call('GET /threads', 'GET /api/v1/threads', 200, listWith(atLeast(thread))),
    call(
      'GET /threads/{thread_fid_hash} with its messages',
      `GET /api/v1/threads/${THREAD_HASH}`,
      200,
      atLeast({ ...thread, messages: [question, reply] }),
    ),
    {
      what: 'what was sent is stored in the same way as the original message',
      call: 'POST /api/v1/messages',
      as: 'THREADS_KEY',
      body: { body: REPLY, user_fid: '{RESPONDER_BOT}', thread_fid: THREAD, is_customer_support_agent: true },
      status: 202,
      answer: atLeast({ id: named('object_id', 'REPLY'), body: REPLY, thread_fid: THREAD }),
    },
    call(
      'it is in the thread once',
      `GET /api/v1/threads/${THREAD_HASH}`,
      200,
      atLeast({ messages: [question, reply] }),
    ),
  ],
};
