import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import {
  ask,
  copiedMessages,
  enrollAgent,
  type Json,
  TestOrganization,
  TIME,
  unique,
} from '../../support/worker/organization.ts';
import { call, type Person } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const path = (person: Person, chatId: string, messageId = '') =>
  `/users/${person.user_id}/chats/${chatId}/messages${messageId === '' ? '' : `/${messageId}`}`;

/** A chat in which the agent has answered. */
async function answeredChat(text = 'It left us.') {
  const threadId = unique('thread');
  const { chatId, ids } = await org.say(threadId, 'Where is it?');
  await org.join(org.agent, chatId);
  const answer = await ask(org.agent, 'POST', path(org.agent, chatId), { message: text });
  expect(answer.status).toBe(200);
  return {
    threadId,
    chatId,
    asked: ids[0] ?? '',
    message: answer.json,
    item: path(org.agent, chatId, String(answer.json['id'])),
  };
}

describe('an edited message', () => {
  it('shows its new text everywhere, and its channel gets no webhook', async () => {
    const { threadId, chatId, message, item } = await answeredChat();
    const socket = await LiveClient.ofUser(org.agent);
    const listened = `/api/v5/users/${org.agent.user_id}/chats/${chatId}/messages`;
    await socket.subscribe([listened]);
    const edited = await ask(org.agent, 'PATCH', item, { message: 'It left us today.' });
    const changed = { ...message, message: 'It left us today.', is_edited: true };
    expect([edited.status, edited.json]).toEqual([200, changed]);
    expect((await ask(org.agent, 'GET', item)).json).toEqual(changed);
    expect(await org.messages(chatId, '?type__in=msg')).toMatchObject([{ message: 'Where is it?' }, changed]);
    expect(await socket.nextChange(listened)).toEqual({
      channel: listened,
      action: 'changed',
      resource_id: message['id'],
      resource: { message: 'It left us today.', is_edited: true },
    });
    socket.close();
    await eventually(async () => {
      const listed = await ask(org.reporter, 'GET', `${org.organizationPath}/messages?chat_id=${chatId}&type__in=msg`);
      expect(listed.json['results']).toMatchObject([changed, { message: 'Where is it?' }]);
    });
    // Who fills a gap gets the text of now.
    expect(await org.events(threadId)).toMatchObject([
      { event_type: 'message_created', message: { message: 'It left us today.', is_edited: true } },
    ]);
    expect(await copiedMessages(chatId)).toHaveLength(3);
  });

  it('is told once for one key, and not at all for the same text', async () => {
    const { chatId, item } = await answeredChat();
    const edit = (message: string) =>
      call(`/api/v5${item}`, {
        method: 'PATCH',
        authorization: `Bearer ${org.agent.token}`,
        headers: { 'Idempotency-Key': `edit-${chatId}` },
        body: { message },
      });
    expect((await edit('Once.')).status).toBe(200);
    const updatedAt = (await org.chat(chatId))['updated_at'];
    const again = await edit('Once.');
    expect([again.status, again.json['message']]).toEqual([200, 'Once.']);
    expect((await ask(org.agent, 'PATCH', item, { message: 'Once.' })).json['message']).toBe('Once.');
    expect((await org.chat(chatId))['updated_at']).toBe(updatedAt);
    expect((await edit('Twice.')).status).toBe(409);
  });

  it('may be of an ended chat', async () => {
    const { threadId, item } = await answeredChat();
    await org.close(threadId);
    expect((await ask(org.agent, 'PATCH', item, { message: 'Late.' })).json).toMatchObject({
      message: 'Late.',
      is_edited: true,
    });
  });

  it.each([
    ['nothing', {}],
    ['null', { message: null }],
    ['a blank', { message: ' ' }],
    ['a number', { message: 7 }],
    ['too long a text', { message: 'x'.repeat(100_001) }],
  ])('is refused %s', async (_, body) => {
    const { item } = await answeredChat();
    const answer = await ask(org.agent, 'PATCH', item, body);
    expect([answer.status, answer.json]).toEqual([400, { message: [expect.any(String)] }]);
    expect((await ask(org.agent, 'GET', item)).json['is_edited']).toBe(false);
  });
});

describe('a deleted message', () => {
  it('stays without its contents, and cannot be edited', async () => {
    const { chatId, message, item } = await answeredChat();
    const before = await org.chat(chatId);
    const removed = await ask(org.agent, 'DELETE', item);
    expect([removed.status, removed.text]).toEqual([204, '']);
    const tombstone: Json = { ...message, message: null, deleted_at: TIME };
    expect((await ask(org.agent, 'GET', item)).json).toEqual(tombstone);
    expect(await org.chat(chatId)).toMatchObject({ message_count: before['message_count'], user_message_count: 1 });
    expect((await ask(org.agent, 'DELETE', item)).status).toBe(204);
    expect((await ask(org.agent, 'PATCH', item, { message: 'Back.' })).status).toBe(409);
    await eventually(async () => {
      const copies = await copiedMessages(chatId);
      expect(copies.find(({ facts }) => facts.includes(String(message['id'])))?.facts).toContain('"message":null');
    });
  });
});

describe('changes of messages', () => {
  it.each([
    ['PATCH', { message: 'x' }],
    ['DELETE', undefined],
  ])('by %s are for the sender, of texts that the chat has', async (method, body) => {
    const { chatId, asked, item } = await answeredChat();
    const { chatId: elsewhere } = await answeredChat();
    const status = async (person: Person, address: string) => (await ask(person, method, address, body)).status;
    expect(await status(org.agent, path(org.agent, chatId, asked))).toBe(403);
    await org.join(org.bot, chatId);
    const id = item.split('/').at(-1) ?? '';
    expect(await status(org.bot, path(org.bot, chatId, id))).toBe(403);
    expect(await status(org.agent, path(org.agent, elsewhere, id))).toBe(404);
    expect(await status(org.agent, path(org.agent, chatId, 'nonsense'))).toBe(404);
    const joined = (await org.messages(chatId, '?type__in=join')).find(
      ({ sender_id }) => sender_id === org.agent.user_id,
    );
    expect(await status(org.agent, path(org.agent, chatId, String(joined?.['id'])))).toBe(409);
    expect((await ask(org.agent, 'GET', item)).json).toMatchObject({ is_edited: false, deleted_at: null });
  });

  it('are told to apps', async () => {
    const own = await TestOrganization.open();
    const manager = await enrollAgent(own.organizationId, {}, ALL_SCOPES);
    const pattern = '/orgs/{organization_id}/owned_chats/*/messages';
    const { installation } = await installedApp(manager, [pattern]);
    const { chatId } = await own.say(unique('thread'), 'hello');
    await own.join(own.agent, chatId);
    const { json: message } = await ask(own.agent, 'POST', path(own.agent, chatId), { message: 'hi' });
    const item = path(own.agent, chatId, String(message['id']));
    await ask(own.agent, 'PATCH', item, { message: 'hi!' });
    await ask(own.agent, 'DELETE', item);
    const changes = (await acceptedFor(chatId, installation)).filter(({ body }) => body.action === 'changed');
    expect(changes.map(({ body }) => [body.resource_id, body.resource])).toEqual([
      [message['id'], { message: 'hi!', is_edited: true }],
      [message['id'], { message: null, deleted_at: TIME }],
    ]);
  });
});
