import { conversationHash } from '../../../resources/conversation.ts';
import { objectIdOf } from '../../../resources/object-id.ts';
import { ids } from './shop.ts';

const thread_fid = 'mail-77';
const user_fid = 'customer-1';
const question = { body: 'Where is my order?', user_fid, thread_fid, lang: 'en', subject: 'Order 7' };

const message = {
  id: objectIdOf(ids.question),
  ...question,
  is_customer_support_agent: false,
  created_at: '2026-11-14T12:22:17.000Z',
  attachments: [],
};
const reply = {
  id: objectIdOf(ids.answer),
  body: 'It is on its way.',
  user_fid: ids.bot,
  thread_fid,
  lang: null,
  subject: null,
  is_customer_support_agent: true,
  created_at: '2026-11-14T12:22:19.000Z',
  attachments: [],
};
const thread = {
  thread: conversationHash(thread_fid),
  thread_fid,
  chat_id: ids.chat,
  is_ended: false,
  created_at: '2026-11-14T12:22:17.000Z',
  updated_at: '2026-11-14T12:22:19.000Z',
};

/** By the names of components. */
export const threadsExamples = {
  NewThreadsMessage: question,
  ThreadsMessage: reply,
  ThreadsStoredMessage: { ...message, reply: null, reply_status: 'late' },
  Thread: thread,
  Threads: [thread],
  ThreadWithMessages: { ...thread, messages: [message, reply] },
  ThreadsError: { error: 'Thread not found.' },
  LateReplyStored: { id: reply.id },
  LateReply: { body: 'It is on its way.' },
};
