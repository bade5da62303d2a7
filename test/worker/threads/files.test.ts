import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { objectIdOf } from '../../../src/resources/object-id.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, type Json, unique } from '../../support/worker/organization.ts';
import { call } from '../../support/worker/requests.ts';
import { HOOK, WebhookTap } from '../../support/worker/rpc.ts';
import { hashOf, RESPONDER, ThreadsProgram } from '../../support/worker/threads-program.ts';
import { bytesOf, stored } from '../../support/worker/uploads.ts';

let mine: ThreadsProgram;
let tap: WebhookTap;

beforeEach(async () => {
  mine = await ThreadsProgram.open({ webhook_url: HOOK });
  tap = new WebhookTap();
});
afterEach(() => {
  tap.close();
});

type Sent = { event_type: string; event_data: Json & { attachments: Json[] } };

/** What the receiver has got of the agent. */
const sent = () => tap.told as unknown as Sent[];

/** A thread in which the agent sends files. Answers its `thread_fid`, and the message as the Chats API shows it. */
async function sendFiles(names: string[], message = ''): Promise<{ thread: string; message: Json }> {
  const thread = unique('fid');
  await mine.post(thread, 'Hello');
  const { chat_id } = await mine.get(`/threads/${await hashOf(thread)}`);
  const { agent } = mine.org;
  await mine.org.join(agent, String(chat_id));
  const attachments = [];
  for (const name of names) attachments.push({ file_id: (await stored(agent, bytesOf(`the ${name}`), name))['id'] });
  const path = `/users/${agent.user_id}/chats/${chat_id}/messages`;
  const answer = await ask(agent, 'POST', path, { message, attachments });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return { thread, message: answer.json };
}

async function contentOf(url: unknown): Promise<string> {
  const { pathname, search } = new URL(String(url), 'https://hub.example');
  const answer = await call(`https://hub.example${pathname}${search}`);
  expect(answer.status).toBe(200);
  return answer.text;
}

describe('a message of a file only', () => {
  it('goes out with its URL as the text, and what was attached', async () => {
    const { message } = await sendFiles(['invoice.txt']);
    const { event_type, event_data } = await eventually(() => {
      expect(sent()).toHaveLength(1);
      return sent()[0] as Sent;
    });
    expect(event_type).toBe('send_message');
    expect(event_data).toMatchObject({ id: objectIdOf(String(message['id'])), is_customer_support_agent: true });
    expect(event_data.attachments).toMatchObject([
      { title: 'invoice.txt', title_link_url: event_data['body'], file: { name: 'invoice.txt' } },
    ]);
    expect(await contentOf(event_data['body'])).toBe('the invoice.txt');
  });

  it('is shown with its URLs, one a line', async () => {
    const { thread, message } = await sendFiles(['a.txt', 'b.txt']);
    const { messages } = await mine.get(`/threads/${await hashOf(thread)}`);
    const shown = (messages as Json[]).at(-1) ?? {};
    expect(await mine.get(`/messages/${objectIdOf(String(message['id']))}`)).toEqual(shown);
    const urls = String(shown['body']).split('\n');
    expect(await Promise.all(urls.map(contentOf))).toEqual(['the a.txt', 'the b.txt']);
    expect((shown['attachments'] as Json[]).map(({ title_link_url }) => title_link_url)).toEqual(urls);
  });

  it('is known when it comes back, also later, when its URLs are others', async () => {
    const { thread, message } = await sendFiles(['a.txt', 'b.txt']);
    await eventually(() => expect(sent()).toHaveLength(1));
    const body = String(sent()[0]?.event_data['body']);
    const back = { user_fid: 'agent-7', is_customer_support_agent: true };
    const id = objectIdOf(String(message['id']));
    expect((await mine.post(thread, body, back)).json).toMatchObject({ id, reply_status: 'none' });
    const later = body.replaceAll(/expires=\d+/g, 'expires=1');
    expect((await mine.post(thread, later, back)).json).toMatchObject({ id });
    expect(await mine.bodies(thread)).toHaveLength(2);
    // A text beside a URL is another message.
    expect((await mine.post(thread, `See ${body}`, back)).json['id']).not.toBe(id);
    expect(await mine.bodies(thread)).toHaveLength(3);
  });

  it('is in the history of a responder', async () => {
    await mine.change({ responder: RESPONDER });
    const { thread } = await sendFiles(['a.txt']);
    await mine.post(thread, 'Thanks');
    const asked = await eventually(() => {
      const last = tap.sent.filter(({ url }) => url === RESPONDER.url).at(-1);
      const question = JSON.parse(last?.body ?? '{}') as { history?: Json[] };
      expect(question.history).toHaveLength(2);
      return question.history ?? [];
    });
    expect(await contentOf(asked[1]?.['body'])).toBe('the a.txt');
  });
});

it('a text keeps its place before files', async () => {
  const { thread } = await sendFiles(['a.txt'], 'Here it is');
  expect(await mine.bodies(thread)).toEqual(['Hello', 'Here it is']);
  const { event_data } = await eventually(() => {
    expect(sent()).toHaveLength(1);
    return sent()[0] as Sent;
  });
  expect(event_data['body']).toBe('Here it is');
  expect(await contentOf(event_data.attachments[0]?.['title_link_url'])).toBe('the a.txt');
});
