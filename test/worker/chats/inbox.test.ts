import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import {
  arrive,
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  unique,
} from '../../support/worker/organization.ts';
import { admin, type Person } from '../../support/worker/requests.ts';

type Row = {
  chat: Json;
  visitor: Json | null;
  channel: Json | null;
  last_message: Json | null;
  participants: Json[];
  own: Json;
  tags: string[];
};

const inboxOf = (person: Person) => `/users/${person.user_id}/inbox`;
const view = async (person: Person, query: string): Promise<Row[]> => {
  const answer = await ask(person, 'GET', `${inboxOf(person)}?${query}`);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return resultsOf(answer) as unknown as Row[];
};
const idsOf = (rows: Row[]) => rows.map(({ chat }) => chat['id']);
const rowOf = async (person: Person, chatId: string, query = 'view=open') =>
  (await view(person, query)).find(({ chat }) => chat['id'] === chatId);
const counts = async (person: Person, query = '') =>
  (await ask(person, 'GET', `${inboxOf(person)}/counts${query}`)).json;
const write = async (person: Person, chatId: string, message: string) =>
  expect((await ask(person, 'POST', `/users/${person.user_id}/chats/${chatId}/messages`, { message })).status).toBe(
    200,
  );
const see = async (person: Person, chatId: string, at: string) => {
  const path = `/users/${person.user_id}/chat_memberships/${chatId}`;
  expect((await ask(person, 'PATCH', path, { last_seen_at: at })).status).toBe(200);
};

describe('the views of an inbox', () => {
  let org: TestOrganization;
  let agent: Person;
  let waiting: string;
  let later: string;
  let taken: string;
  let withBot: string;
  let ended: string;

  beforeAll(async () => {
    org = await TestOrganization.open({ name: 'Support mail', messaging_channel: 'email' });
    agent = org.agent;
    await arrive(agent);
    waiting = (await org.say('waits', 'Where is my order?', { variables: { username: 'Jane Doe' } })).chatId;
    taken = (await org.say('taken', 'Hello')).chatId;
    withBot = (await org.say('bot', 'Hello')).chatId;
    later = (await org.say('later', 'Hello?')).chatId;
    ended = (await org.say('ended', 'Hello')).chatId;
    await org.join(agent, taken);
    await org.join(org.bot, withBot);
    expect((await org.close('ended')).status).toBe(200);
  });

  it('has the chats of each view, in its order', async () => {
    await eventually(async () => expect(idsOf(await view(agent, 'view=closed'))).toEqual([ended]));
    expect(idsOf(await view(agent, 'view=waiting'))).toEqual([waiting, later]);
    expect(idsOf(await view(agent, 'view=waiting&order=created'))).toEqual([later, waiting]);
    expect(idsOf(await view(agent, 'view=mine'))).toEqual([taken]);
    expect(idsOf(await view(agent, 'view=bot'))).toEqual([withBot]);
    expect(idsOf(await view(agent, 'view=open'))).toEqual([later, withBot, taken, waiting]);
    expect(await counts(agent)).toEqual({ waiting: 2, mine: 1, mentioned: 0, open: 4, bot: 1 });
  });

  it('moves a chat to the front when somebody writes, and not when somebody reads', async () => {
    await write(agent, taken, 'It was shipped.');
    expect(idsOf(await view(agent, 'view=open'))[0]).toBe(taken);
    await org.say('bot', 'Are you there?');
    const before = idsOf(await view(agent, 'view=open'));
    expect(before.slice(0, 2)).toEqual([withBot, taken]);
    await see(agent, taken, new Date().toISOString());
    expect(idsOf(await view(agent, 'view=open'))).toEqual(before);
  });

  it('shows what a row needs', async () => {
    const { organizationId, channelId, gateway } = org;
    const row = await rowOf(agent, waiting);
    expect(row).toEqual({
      chat: (await ask(agent, 'GET', `/users/${agent.user_id}/routed_chats/${waiting}`)).json,
      visitor: { id: expect.any(String), name: 'Jane Doe', is_present: false },
      channel: { id: channelId, name: 'Support mail', messaging_channel: 'email', thread_id: 'waits' },
      last_message: {
        id: expect.any(String),
        created_at: expect.any(String),
        sender_type: 'visitor',
        sender_id: row?.visitor?.['id'],
        sender_name: 'Jane Doe',
        message: 'Where is my order?',
        is_encrypted: false,
        attachment_count: 0,
        deleted_at: null,
        delivery_status: 'stored',
      },
      participants: [],
      own: { is_participating: false, last_seen_at: null, unread_count: null, message_count: null },
      tags: [],
      draft: null,
      mention: null,
    });
    await ask(agent, 'POST', `/users/${agent.user_id}/chats/${taken}/tags`, { name: 'delivery' });
    expect(await rowOf(agent, taken, 'view=mine')).toMatchObject({
      participants: [
        { member_id: agent.user_id, member_organization_id: organizationId, is_bot: false, is_present: true },
      ],
      own: { is_participating: true },
      tags: ['delivery'],
    });
    expect(idsOf(await view(agent, `view=open&room_id=${gateway.roomId}`))).toHaveLength(4);
    const nowhere = `view=open&room_id=${org.channelId}`;
    expect(await view(agent, nowhere)).toEqual([]);
    expect(await view(agent, nowhere.replace('open', 'mine'))).toEqual([]);
    expect(await counts(agent, `?room_id=${org.channelId}`)).toEqual({
      waiting: 0,
      mine: 0,
      mentioned: 0,
      open: 0,
      bot: 0,
    });
  });

  it('cuts a long message by characters, and shows a deleted one without its text', async () => {
    await org.say('waits', '😀'.repeat(200));
    expect((await rowOf(agent, waiting))?.last_message?.['message']).toBe('😀'.repeat(140));
    const own = `/users/${agent.user_id}/chats/${taken}/messages`;
    const { json } = await ask(agent, 'POST', own, { message: 'A secret' });
    expect((await ask(agent, 'DELETE', `${own}/${json['id']}`)).status).toBe(204);
    expect((await rowOf(agent, taken))?.last_message).toMatchObject({
      id: json['id'],
      message: null,
      deleted_at: expect.any(String),
    });
  });

  it('counts what others have written since the user had seen all of it', async () => {
    const { chatId } = await org.say(unique('unread'), 'One');
    const unread = async () => (await rowOf(agent, chatId, 'view=mine'))?.own['unread_count'];
    await org.join(agent, chatId);
    expect(await unread()).toBe(1);
    await see(agent, chatId, new Date().toISOString());
    expect(await unread()).toBe(0);
    await write(agent, chatId, 'My own');
    expect(await unread()).toBe(0);
    const { json } = await ask(agent, 'GET', `/users/${agent.user_id}/chat_memberships/${chatId}`);
    await org.send([org.userSays(String((await rowOf(agent, chatId))?.channel?.['thread_id']), 'As the agent')]);
    await org.say(String((await rowOf(agent, chatId))?.channel?.['thread_id']), 'Two');
    expect(await unread()).toBe(1);
    await see(agent, chatId, new Date(Date.parse(String(json['last_seen_at'])) + 1).toISOString());
    expect(await unread()).toBe(1);
    await see(agent, chatId, new Date().toISOString());
    expect(await unread()).toBe(0);
  });

  it('offers a full user no chat that waits', async () => {
    const full = await enrollAgent(org.organizationId);
    await org.join(full, withBot);
    const limit = await ask(full, 'PATCH', `/users/${full.user_id}/preferences`, { chat_capacity: 1 });
    expect(limit.status).toBe(200);
    expect(await view(full, 'view=waiting')).toEqual([]);
    expect(await counts(full)).toMatchObject({ waiting: 0 });
  });

  it.each([
    ['an unknown view', 'view=all', { view: [expect.any(String)] }],
    ['an unknown order', 'view=open&order=id', { order: [expect.any(String)] }],
    ['an order of closed chats', 'view=closed&order=activity', { order: [expect.any(String)] }],
    ['a cursor of another view', 'view=open&cursor=x', { cursor: ['Invalid cursor.'] }],
    ['a malformed room', 'view=open&room_id=x', { room_id: ['Must be a valid UUID.'] }],
  ])('refuses %s', async (_, query, errors) => {
    const answer = await ask(agent, 'GET', `${inboxOf(agent)}?${query}`);
    expect([answer.status, answer.json]).toEqual([400, errors]);
  });

  it('goes on where a page ended, in both directions', async () => {
    for (const order of ['waiting', 'activity', 'created']) {
      const all = idsOf(await view(agent, `view=open&order=${order}`));
      const first = await ask(agent, 'GET', `${inboxOf(agent)}?view=open&order=${order}&page_size=2`);
      const second = await ask(agent, 'GET', String(first.json['next']));
      const ids = [first, second].flatMap((page) => idsOf(resultsOf(page) as unknown as Row[]));
      expect(ids).toEqual(all.slice(0, 4));
      const back = await ask(agent, 'GET', String(second.json['previous']));
      expect(idsOf(resultsOf(back) as unknown as Row[])).toEqual(all.slice(0, 2));
    }
  });
});

describe('the texts of an inbox', () => {
  it('are those that the user may read in the chat', async () => {
    const org = await TestOrganization.open();
    const thread = unique('private');
    const { chatId } = await org.say(thread, 'A secret');
    await org.join(org.agent, chatId);
    await ask(org.agent, 'POST', `/users/${org.agent.user_id}/chats/${chatId}/tags`, { name: 'vip' });
    const silent = await enrollAgent(org.organizationId);
    await admin(`/organizations/${org.organizationId}`, { method: 'PATCH', body: { private_chat_history: true } });
    const join = { is_participating: false, composing_status: 'idle' };
    expect((await org.join(silent, chatId, join)).status).toBe(201);
    const stranger = await enrollAgent(org.organizationId);
    const seen = async (person: Person) => {
      const row = await rowOf(person, chatId);
      return [row?.last_message?.['message'], row?.tags];
    };
    expect(await seen(org.agent)).toEqual(['A secret', ['vip']]);
    expect(await seen(org.reporter)).toEqual(['A secret', ['vip']]);
    expect(await seen(silent)).toEqual([undefined, ['vip']]);
    expect(await seen(stranger)).toEqual([undefined, []]);
    await org.say(thread, 'Another one');
    expect(await seen(silent)).toEqual(['Another one', ['vip']]);
    expect(await seen(stranger)).toEqual([undefined, []]);
  });

  it('are gone after a purge', async () => {
    const org = await TestOrganization.open();
    const { chatId } = await org.say(unique('purged'), 'A secret');
    const settings = await enrollAgent(org.organizationId, {}, ['settings', 'users', 'reports']);
    const purge = await ask(settings, 'POST', `${org.organizationPath}/owned_chats/${chatId}/purge`, {});
    expect(purge.status).toBeLessThan(300);
    await eventually(async () => {
      const row = await rowOf(org.agent, chatId);
      expect(row).toBeDefined();
      expect(JSON.stringify(row)).not.toContain('A secret');
    });
  });
});
