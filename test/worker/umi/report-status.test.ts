import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { ask, copiedMessages, TestOrganization, TIME, unique } from '../../support/worker/organization.ts';
import type { Answer } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

/** A message that the agent has sent to the channel, in a thread that D1 knows. */
async function sentMessage(own = org) {
  const threadId = unique('thread');
  const { chatId, ids } = await own.say(threadId, 'Where is it?');
  await own.join(own.agent, chatId);
  const messages = `/users/${own.agent.user_id}/chats/${chatId}/messages`;
  const { json } = await ask(own.agent, 'POST', messages, { message: 'On its way.' });
  await eventually(async () => expect((await own.request('GET', `/threads/${threadId}`)).status).toBe(200));
  return {
    threadId,
    chatId,
    asked: ids[0] ?? '',
    id: String(json['id']),
    message: json,
    item: `${messages}/${json['id']}`,
  };
}

const report = (id: string, body: unknown, own = org): Promise<Answer> =>
  own.request('POST', `/messages/${id}/status`, { body });

describe('a report of a channel', () => {
  it('shows the state wherever the message is shown', async () => {
    const { chatId, id, message, item } = await sentMessage();
    const socket = await LiveClient.ofUser(org.agent);
    const listened = `/api/v5/users/${org.agent.user_id}/chats/${chatId}/messages`;
    await socket.subscribe([listened]);
    const before = await org.chat(chatId);
    const at = String(message['created_at']);
    const delivered = await report(id, { status: 'delivered', at });
    const shown = { ...message, delivery_status: 'delivered', delivered_at: at };
    expect([delivered.status, delivered.json]).toEqual([200, shown]);
    expect((await ask(org.agent, 'GET', item)).json).toEqual(shown);
    expect(await socket.nextChange(listened)).toEqual({
      channel: listened,
      action: 'changed',
      resource_id: id,
      resource: { delivery_status: 'delivered', delivered_at: at },
    });
    socket.close();
    expect(await org.chat(chatId)).toEqual(before);
    await eventually(async () => {
      const [copy] = (await copiedMessages(chatId)).filter(({ facts }) => facts.includes(id));
      expect(copy?.facts).toContain('"state":"delivered"');
    });
  });

  it('never lowers a state, and may be repeated', async () => {
    const { id } = await sentMessage();
    const failed = { delivery_status: 'failed', failure_reason: 'mailbox full', delivered_at: null, read_at: null };
    expect((await report(id, { status: 'failed', reason: 'mailbox full' })).json).toMatchObject(failed);
    const read = { delivery_status: 'read', failure_reason: null, delivered_at: null, read_at: TIME };
    expect((await report(id, { status: 'read', reason: 'kept by nobody' })).json).toMatchObject(read);
    for (const status of ['delivered', 'failed', 'read']) {
      expect((await report(id, { status })).json).toMatchObject(read);
    }
  });

  it('makes no webhook of the channel', async () => {
    const { threadId, id } = await sentMessage();
    await report(id, { status: 'read' });
    const [event, ...others] = await org.events(threadId);
    expect([event?.['event_type'], others]).toEqual(['message_created', []]);
    expect(event?.['message']).not.toHaveProperty('delivery_status');
  });

  it.each([
    ['no status', {}, 'status'],
    ['a state of its own', { status: 'stored' }, 'status'],
    ['no time', { status: 'read', at: 'yesterday' }, 'at'],
    ['a long reason', { status: 'failed', reason: 'x'.repeat(501) }, 'reason'],
  ])('is refused with %s', async (_, body, field) => {
    const { id } = await sentMessage();
    const answer = await report(id, body);
    expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.any(String)] }]);
  });

  it('is 409 for what was not sent to the channel, and 404 for what the channel does not have', async () => {
    const { asked, id } = await sentMessage();
    expect((await report(asked, { status: 'read' })).status).toBe(409);
    const other = await TestOrganization.open();
    expect((await report(id, { status: 'read' }, other)).status).toBe(404);
    expect((await report('0190a000-0000-7000-8000-00000000dead', { status: 'read' })).status).toBe(404);
    const second = await org.gateway.register({ name: 'Other' });
    const path = `${org.channelPath.replace(org.channelId, second)}/messages/${id}/status`;
    expect((await ask(org.gateway, 'POST', path, { status: 'read' })).status).toBe(404);
  });
});
