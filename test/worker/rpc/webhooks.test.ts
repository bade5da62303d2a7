import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shortMessageId } from '../../../src/resources/rpc-ids.ts';
import { eventually } from '../../support/eventually.ts';
import { arrive, ask, type Json, resultsOf } from '../../support/worker/organization.ts';
import { admin, call } from '../../support/worker/requests.ts';
import { CONTACT, TelephoneSystem, WebhookTap } from '../../support/worker/rpc.ts';
import { bytesOf, stored } from '../../support/worker/uploads.ts';

let system: TelephoneSystem;
let tap: WebhookTap;

beforeEach(async () => {
  system = await TelephoneSystem.open({ webhook_key: 'known-to-the-gateway' });
  tap = new WebhookTap();
});
afterEach(() => {
  tap.close();
});

const channel = () => `/orgs/${system.org.organizationId}/unified_messaging/${system.channelId}`;

/** A file of the second user, as a message names it. */
async function uploaded(name: string): Promise<Json> {
  return { file_id: (await stored(system.second, bytesOf(`the ${name}`), name))['id'] };
}

async function answerWithFiles(sessionid: string, message: Json): Promise<Json> {
  const { second } = system;
  const path = `/users/${second.user_id}/chats/${system.chatOf(sessionid)}/messages`;
  const answer = await ask(second, 'POST', path, message);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return answer.json;
}

describe('a webhook of JSON-RPC', () => {
  it('tells the gateway that a message is stored, and what a user answers, with its key and signed', async () => {
    const { messageid, sessionid } = await system.say('Hello');
    expect(await tap.next('delivered')).toEqual({
      method: 'delivered',
      params: { messageid, sessionid },
      api_key: 'known-to-the-gateway',
    });
    await system.reply(system.second, sessionid, 'Good day');
    const users = (await system.done('getChatUsers', {})) as unknown as { phone: string; id: string }[];
    expect(await tap.next('message')).toEqual({
      method: 'message',
      params: {
        to: CONTACT,
        from: '9004',
        orgid: system.orgid,
        userid: users.find(({ phone }) => phone === '9004')?.id,
        messageid: expect.stringMatching(/^\d{13}-[0-9a-f]{18}$/),
        sessionid,
        content: 'Good day',
        type: 1,
      },
      api_key: 'known-to-the-gateway',
    });
    const { json } = await ask({ token: system.org.gateway.token }, 'GET', `${channel()}/secret`);
    const headers = tap.headers.at(-1) ?? {};
    expect(new Webhook(String(json['secret'])).verify(JSON.stringify(tap.told.at(-1)), headers)).toBeTruthy();
  });

  it('gives the URL of an uploaded file as the content', async () => {
    const { sessionid } = await system.say('Hello');
    const sent = await answerWithFiles(sessionid, { attachments: [await uploaded('invoice.txt')] });
    const { params } = (await tap.next('message')) as unknown as { params: Json & { file: Json } };
    expect(params).toMatchObject({
      type: 2,
      messageid: shortMessageId(String(sent['id'])),
      content: params.file['url'],
      file: { id: expect.any(String), name: 'invoice.txt' },
    });
    const url = new URL(String(params.content), 'https://hub.example');
    const answer = await call(`https://hub.example${url.pathname}${url.search}`);
    expect([answer.status, answer.text]).toEqual([200, 'the invoice.txt']);
  });

  it('is one for the text and one for each file, in order, with ids of their own', async () => {
    const { sessionid } = await system.say('Hello');
    const attachments = [await uploaded('a.txt'), await uploaded('b.txt')];
    const sent = await answerWithFiles(sessionid, { message: 'Both', attachments });
    const id = String(sent['id']);
    await tap.next('message', 3);
    const parts = tap.told
      .filter(({ method }) => method === 'message')
      .map(({ params }) => params as Json & { file?: Json });
    expect(parts.map(({ type, messageid }) => [type, messageid])).toEqual([
      [1, shortMessageId(id, 0)],
      [2, shortMessageId(id, 1)],
      [2, shortMessageId(id, 2)],
    ]);
    expect(parts.map(({ content, file }) => file?.['name'] ?? content)).toEqual(['Both', 'a.txt', 'b.txt']);
    expect(parts[0]).not.toHaveProperty('file');
    await eventually(async () => {
      const { json } = await ask({ token: system.org.gateway.token }, 'GET', `${channel()}/ledger`);
      // The contact's message was told as delivered.
      expect(json).toMatchObject({ accepted: 4, delivered: 4, pending: 0 });
    });

    await eventually(async () =>
      expect(await system.done('delivered', { messageid: parts[2]?.['messageid'] })).toEqual({}),
    );
    const shown = async () => (await system.messages(sessionid)).at(-1);
    expect(await shown()).toMatchObject({ id, delivery_status: 'delivered' });

    const path = `/users/${system.second.user_id}/chats/${system.chatOf(sessionid)}/messages/${id}`;
    expect((await ask(system.second, 'DELETE', path)).status).toBe(204);
    await tap.next('deleted', 3);
    const deleted = tap.told.filter(({ method }) => method === 'deleted');
    expect(deleted.map(({ params }) => params['messageid'])).toEqual(parts.map(({ messageid }) => messageid));
  });

  it('speaks for the session’s user, whoever answers', async () => {
    const { sessionid } = await system.say('Hello');
    expect((await system.org.join(system.org.bot, system.chatOf(sessionid))).status).toBe(201);
    await system.reply(system.org.bot, sessionid, 'I am a bot');
    expect(await tap.next('message')).toMatchObject({ params: { from: '9004', content: 'I am a bot' } });
  });

  it('echoes nothing that the gateway has synced', async () => {
    const { sessionid } = await system.done('message', { from: '9004', to: CONTACT, content: 'Synced' });
    await system.done('message', { from: '9003', to: CONTACT, content: 'By another', sessionid });
    await system.done('message', { from: CONTACT, to: '9004', content: 'Old', timestamp: 1_700_000_000_000 });
    await system.done('message', { from: CONTACT, to: '9004', content: 'Read at once', sessionid });
    await tap.next('delivered');
    expect(tap.told.map(({ method }) => method)).toEqual(['delivered']);
  });

  it('tells once that a user has read what the contact wrote', async () => {
    const { sessionid } = await system.say('Hello');
    await arrive(system.second);
    const path = `/users/${system.second.user_id}/chat_memberships/${system.chatOf(sessionid)}`;
    const see = () => ask(system.second, 'PATCH', path, { last_seen_at: new Date().toISOString() });
    expect((await see()).status).toBe(200);
    expect(await tap.next('read')).toMatchObject({ params: { sessionid } });
    await see();
    await system.say('One more');
    await tap.next('delivered', 2);
    expect(tap.told.filter(({ method }) => method === 'read')).toHaveLength(1);
  });

  it('tells that a user types, once in a while', async () => {
    const { sessionid } = await system.say('Hello');
    await arrive(system.second);
    const path = `/users/${system.second.user_id}/chat_memberships/${system.chatOf(sessionid)}`;
    const type = () => ask(system.second, 'PATCH', path, { composing_status: 'typing' });
    expect((await type()).status).toBe(200);
    expect(await tap.next('typing')).toEqual({
      method: 'typing',
      params: { sessionid, state: 'on' },
      api_key: 'known-to-the-gateway',
    });
    await type();
    await ask(system.second, 'PATCH', path, { composing_status: 'idle' });
    // Of a chat of another channel nobody is told.
    const { chatId } = await system.org.say('ticket-1', 'Hello');
    await system.org.join(system.second, chatId, { is_participating: true, composing_status: 'idle' });
    await ask(system.second, 'PATCH', `/users/${system.second.user_id}/chat_memberships/${chatId}`, {
      composing_status: 'typing',
    });
    await tap.next('delivered');
    expect(tap.told.filter(({ method }) => method === 'typing')).toHaveLength(1);
  });

  it('carries the text of a message with attachments, and then their links', async () => {
    const { sessionid } = await system.say('Hello');
    const url = 'https://files.example.com/a.pdf';
    const path = `/users/${system.second.user_id}/chats/${system.chatOf(sessionid)}/messages`;
    const attachments = [{ title: 'a.pdf', title_link_url: url }];
    await ask(system.second, 'POST', path, { message: 'Here', attachments, attachment_template: 'generic' });
    expect(await tap.next('message', 2)).toMatchObject({ params: { content: url, type: 2 } });
    const contents = tap.told.filter(({ method }) => method === 'message').map(({ params }) => params['content']);
    expect(contents).toEqual(['Here', url]);
  });

  it('is not sent without a URL, and can be sent later', async () => {
    const settings = `/organizations/${system.org.organizationId}/rpc`;
    await admin(settings, { method: 'PATCH', body: { webhook_url: null } });
    const { sessionid } = await system.say('Hello');
    await system.reply(system.second, sessionid, 'Nobody hears it');
    const { token } = system.org.gateway;
    await eventually(async () => {
      const ledger = await ask({ token }, 'GET', `${channel()}/ledger`);
      expect(ledger.json).toMatchObject({ accepted: 2, skipped: { disabled: 2 } });
    });
    expect(tap.told).toEqual([]);
    const deliveries = resultsOf(await ask({ token }, 'GET', `${channel()}/deliveries`));
    expect(deliveries.map(({ event_type }) => event_type).sort()).toEqual(['delivered', 'message']);
  });
});
