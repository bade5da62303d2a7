import { beforeAll, describe, expect, it } from 'vitest';
import { LiveClient, said } from '../../support/worker/live-client.ts';
import { enrollAgent } from '../../support/worker/organization.ts';
import { chat, message, PublishingThread } from '../../support/worker/publishing-thread.ts';
import { admin, enroll, type Person } from '../../support/worker/requests.ts';

let person: Person;
let organization: string;

beforeAll(async () => {
  person = await enroll();
  organization = person.organization_id;
});

const ownedMessages = (chatId = '*', organizationId = organization) =>
  `/api/v5/orgs/${organizationId}/owned_chats/${chatId}/messages`;

describe('a user’s socket', () => {
  it('gets only what it has subscribed to', async () => {
    const client = await LiveClient.ofUser(person);
    const thread = PublishingThread.ofOrganization(organization);
    const other = PublishingThread.ofOrganization(organization);
    const pattern = ownedMessages(thread.chatId);
    const subscribed = await client.subscribe([pattern]);
    expect(subscribed).toEqual({
      type: 'subscribed',
      channels: [pattern],
      refused: [],
      refused_count: 0,
      number: expect.any(Number),
    });
    await other.say('not heard');
    const update = thread.update('hello');
    await thread.publish([update]);
    expect(await client.next('notifications')).toEqual({
      type: 'notifications',
      number: Number(subscribed['number']) + 2,
      notifications: [
        {
          channel: pattern,
          action: 'added',
          resource_id: update.notifications[0]?.resource_id,
          resource: { id: update.notifications[0]?.resource_id, chat_id: thread.chatId, message: 'hello' },
        },
      ],
    });
    client.close();
  });

  it('gets all chats by a pattern, with its own ids or the placeholders', async () => {
    const client = await LiveClient.ofUser(person);
    await client.subscribe(['/api/v5/orgs/{organization_id}/owned_chats/*/messages']);
    for (const text of ['one', 'two']) {
      const thread = PublishingThread.ofOrganization(organization);
      const id = await thread.say(text);
      expect(said(await client.next('notifications'))).toEqual([[ownedMessages(thread.chatId), 'added', id]]);
    }
    client.close();
  });

  it('gets all notifications of an event in one frame, each topic once', async () => {
    const client = await LiveClient.ofUser(person);
    const thread = PublishingThread.ofOrganization(organization, {
      users: { open: [person.user_id], silent: [], before: {} },
    });
    const chats = `/api/v5/orgs/${organization}/owned_chats`;
    const own = `/api/v5/users/${person.user_id}/chats`;
    const wanted = [ownedMessages(), ownedMessages(thread.chatId), chats, own, `${own}/*/messages`];
    await client.subscribe(wanted);
    const post = message(thread.chatId, 'hello');
    const changed = chat(thread.chatId, { message_count: 7 });
    await thread.publish([thread.update('', { notifications: [changed, post] })]);
    const frame = await client.next('notifications');
    expect(said(frame).toSorted()).toEqual(
      [
        [ownedMessages(thread.chatId), 'added', post.resource_id],
        [chats, 'changed', thread.chatId],
        [own, 'changed', thread.chatId],
        [`${own}/${thread.chatId}/messages`, 'added', post.resource_id],
      ].toSorted(),
    );
    client.close();
  });

  it('gets nothing after it has unsubscribed', async () => {
    const client = await LiveClient.ofUser(person);
    const [first, second] = [
      PublishingThread.ofOrganization(organization),
      PublishingThread.ofOrganization(organization),
    ];
    await client.subscribe([ownedMessages(first.chatId), ownedMessages(second.chatId)]);
    client.send({ type: 'unsubscribe', channels: [ownedMessages(first.chatId), ownedMessages()] });
    expect(await client.next('unsubscribed')).toEqual({
      type: 'unsubscribed',
      channels: [ownedMessages(first.chatId)],
    });
    await first.say('unheard');
    const id = await second.say('heard');
    expect(said(await client.next('notifications'))).toEqual([[ownedMessages(second.chatId), 'added', id]]);
    client.close();
  });

  it('is refused topics of others and invalid ones, each with its reason', async () => {
    const stranger = await enroll();
    const colleague = await enrollAgent(organization);
    const client = await LiveClient.ofUser(person);
    const refused = [
      ownedMessages('*', stranger.organization_id),
      `/api/v5/users/${colleague.user_id}/chats`,
      `/api/v5/public/visitors/${'0'.repeat(32)}/chats`,
      `/api/v5/orgs/${organization}/rooms`,
      'nonsense',
      `/api/v5/${'x'.repeat(1000)}`,
    ];
    const answer = await client.subscribe([...refused, ownedMessages()]);
    expect(answer['channels']).toEqual([ownedMessages()]);
    expect(answer['refused']).toEqual(
      refused.map((channel) => ({ channel: channel.slice(0, 256), detail: expect.stringMatching(/\.$|\/$/) })),
    );
    await PublishingThread.ofOrganization(stranger.organization_id).say('theirs');
    const mine = PublishingThread.ofOrganization(organization);
    const id = await mine.say('ours');
    expect(said(await client.next('notifications'))).toEqual([[ownedMessages(mine.chatId), 'added', id]]);
    client.close();
  });

  it('needs the scope that the same path needs', async () => {
    const client = await LiveClient.ofUser(person);
    const room = `/api/v5/orgs/${organization}/rooms/*/chats`;
    expect(await client.subscribe([room])).toMatchObject({
      channels: [],
      refused: [{ channel: room, detail: 'The scope "reports" is required.' }],
    });
    const reporter = await enroll({ organization_id: organization, scopes: ['reports'] });
    const allowed = await LiveClient.ofUser(reporter);
    expect(await allowed.subscribe([room])).toMatchObject({ channels: [room], refused: [] });
    client.close();
    allowed.close();
  });

  it('does not get private history without that scope', async () => {
    const keeper = await enroll();
    const id = keeper.organization_id;
    await admin(`/organizations/${id}`, { method: 'PATCH', body: { private_chat_history: true } });
    const client = await LiveClient.ofUser(keeper);
    const pattern = ownedMessages('*', id);
    expect(await client.subscribe([pattern])).toMatchObject({
      channels: [],
      refused: [{ channel: pattern, detail: 'The scope "reports" is required.' }],
    });
    client.close();
  });

  it('gets the chats that are routed to its user', async () => {
    const { organization_id, user_id } = await enroll();
    const reached = await admin(`/organizations/${organization_id}/rooms`, { method: 'POST', body: { name: 'A' } });
    const closed = await admin(`/organizations/${organization_id}/rooms`, { method: 'POST', body: { name: 'B' } });
    const agent = await enrollAgent(organization_id);
    const route = (user: string, room: unknown) =>
      admin(`/organizations/${organization_id}/routers`, {
        method: 'POST',
        body: { name: 'R', targets: [{ kind: 'user', id: user }], room_ids: [room] },
      });
    await route(agent.user_id, reached.json['id']);
    await route(user_id, closed.json['id']);
    const client = await LiveClient.ofUser(agent);
    await client.subscribe([`/api/v5/users/${agent.user_id}/routed_chats/*/messages`]);
    const inRoom = (id: unknown) =>
      PublishingThread.ofOrganization(organization_id, { room: { id: String(id), organization_id } });
    await inRoom(closed.json['id']).say('not for them');
    const thread = inRoom(reached.json['id']);
    const id = await thread.say('for them');
    expect(said(await client.next('notifications'))).toEqual([
      [`/api/v5/users/${agent.user_id}/routed_chats/${thread.chatId}/messages`, 'added', id],
    ]);
    client.close();
  });
});
