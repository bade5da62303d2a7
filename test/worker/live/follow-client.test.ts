import { beforeEach, expect, it } from 'vitest';
import { LiveClient, said, userPath } from '../../support/worker/live-client.ts';
import { ask, enrollAgent, type Json } from '../../support/worker/organization.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { call, enroll, type Person } from '../../support/worker/requests.ts';
import { Site } from '../../support/worker/visitor-site.ts';

let person: Person;
let clients: string;
const MESSAGES = '/api/v5/orgs/{organization_id}/owned_chats/*/messages';
const TAGS = '/api/v5/orgs/{organization_id}/owned_chats/*/tags';

beforeEach(async () => {
  person = await enroll();
  clients = `/users/${person.user_id}/clients`;
});

async function newClient(body: Json = {}): Promise<string> {
  return String((await ask(person, 'POST', clients, body)).json['id']);
}

it('a socket gets what its client carries, and what is put there later', async () => {
  const clientId = await newClient({ subscribed_channels: [TAGS] });
  const socket = await LiveClient.ofUser(person);
  socket.send({ type: 'follow', client_id: clientId });
  expect(await socket.next('subscribed')).toMatchObject({ channels: [TAGS], refused: [] });
  const thread = PublishingThread.ofOrganization(person.organization_id);
  await thread.say('not heard');

  const put = await ask(person, 'PUT', `${clients}/${clientId}`, { subscribed_channels: [MESSAGES] });
  expect([put.status, put.json['subscribed_channels']]).toEqual([200, [MESSAGES]]);
  expect((await socket.next('unsubscribed'))['channels']).toEqual([TAGS]);
  expect((await socket.next('subscribed'))['channels']).toEqual([MESSAGES]);
  const id = await thread.say('heard');
  expect(said(await socket.next('notifications'))).toEqual([[expect.stringContaining('/messages'), 'added', id]]);

  // Renewing leaves the channels, and tells nobody.
  const renewed = await ask(person, 'PATCH', `${clients}/${clientId}`, {});
  expect(renewed.json['subscribed_channels']).toEqual([MESSAGES]);
  expect((await ask(person, 'GET', `${clients}/${clientId}`)).json['subscribed_channels']).toEqual([MESSAGES]);
  expect((await ask(person, 'DELETE', `${clients}/${clientId}`)).status).toBe(204);
  expect((await socket.next('unsubscribed'))['channels']).toEqual([MESSAGES]);
  socket.close();
});

it('a socket that comes back resumes with the channels of its client', async () => {
  const clientId = await newClient({ subscribed_channels: [MESSAGES] });
  const first = await LiveClient.ofUser(person);
  first.send({ type: 'follow', client_id: clientId });
  const { number } = await first.next('subscribed');
  first.close();
  const id = await PublishingThread.ofOrganization(person.organization_id).say('missed');
  const again = await LiveClient.ofUser(person);
  again.send({ type: 'follow', client_id: clientId, after: number });
  await again.next('subscribed');
  expect(said(await again.next('notifications'))).toEqual([[expect.stringContaining('/messages'), 'added', id]]);
  again.close();
});

it('nobody follows a client of somebody else, and visitors follow none', async () => {
  const clientId = await newClient({ subscribed_channels: [MESSAGES] });
  const colleague = await LiveClient.ofUser(await enrollAgent(person.organization_id));
  colleague.send({ type: 'follow', client_id: clientId });
  expect(await colleague.next('error')).toEqual({ type: 'error', detail: 'The user has no such client.' });
  colleague.close();
  const site = await Site.open();
  const visitor = await LiveClient.ofVisitor(await site.visitor());
  visitor.send({ type: 'follow', client_id: clientId });
  expect(await visitor.next('error')).toEqual({ type: 'error', detail: 'Visitors have no clients.' });
  visitor.close();
});

it('a channel for which a token has no right is kept and refused to the socket', async () => {
  const agent = await enrollAgent(person.organization_id);
  const room = '/api/v5/orgs/{organization_id}/rooms/*/chats';
  const made = await ask(agent, 'POST', `/users/${agent.user_id}/clients`, { subscribed_channels: [room] });
  expect([made.status, made.json['subscribed_channels']]).toEqual([201, [room]]);
  const socket = await LiveClient.open(userPath(agent), agent.token);
  socket.send({ type: 'follow', client_id: made.json['id'] });
  expect(await socket.next('subscribed')).toMatchObject({ channels: [], refused: [{ channel: room }] });
  socket.close();
});

it.each<[string, unknown, string]>([
  ['a path without notifications', ['/api/v5/users/{user_id}/clients'], 'There is no channel with this path.'],
  ['another organization', ['/api/v5/orgs/0190a000-0000-7000-8000-00000000dead/owned_chats'], 'own organization'],
  ['another user', ['/api/v5/users/0190a000-0000-7000-8000-00000000dead/chats'], 'own organization and their own'],
  ['a text', '/api/v5/users/{user_id}/chats', 'Expected a list'],
  ['too many', Array.from({ length: 101 }, () => TAGS), 'no more than 100'],
])('%s is refused', async (_, subscribed_channels, detail) => {
  const clientId = await newClient({ subscribed_channels: [TAGS] });
  for (const [method, path] of [
    ['POST', clients],
    ['PATCH', `${clients}/${clientId}`],
  ] as const) {
    const answer = await ask(person, method, path, { subscribed_channels } as Json);
    expect([answer.status, answer.json]).toEqual([400, { subscribed_channels: [expect.stringContaining(detail)] }]);
  }
  expect((await ask(person, 'GET', `${clients}/${clientId}`)).json['subscribed_channels']).toEqual([TAGS]);
});

it('without a token nothing is told', async () => {
  const clientId = await newClient();
  const answer = await call(`/api/v5${clients}/${clientId}`, { method: 'PUT', body: { subscribed_channels: [TAGS] } });
  expect(answer.status).toBe(401);
});
