import { beforeAll, describe, expect, it } from 'vitest';
import { LiveClient } from '../../support/worker/live-client.ts';
import { ask, resultsOf, TIME } from '../../support/worker/organization.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;
let visitor: Visitor;
let chatId: string;

beforeAll(async () => {
  site = await Site.open();
  visitor = await site.visitor();
  chatId = await site.chat(visitor);
});

const messages = () => `/visitors/${visitor.id}/chats/${chatId}/messages`;
const read = async (id: unknown) => (await visit(visitor.token, 'GET', `${messages()}/${id}`)).json;
const change = (method: string, id: unknown, body?: unknown) =>
  visit(visitor.token, method, `${messages()}/${id}`, body);
const write = async (message: string) => (await visit(visitor.token, 'POST', messages(), { message })).json;

describe('a visitor', () => {
  it('edits and deletes their own message, and their other pages are told', async () => {
    const message = await write('Helo');
    const socket = await LiveClient.ofVisitor(visitor);
    await socket.subscribe([`/api/v5/public/visitors/${visitor.id}/chats/*/messages`]);
    const edited = await change('PATCH', message['id'], { message: 'Hello' });
    const changed = { ...message, message: 'Hello', is_edited: true };
    expect([edited.status, edited.json]).toEqual([200, changed]);
    expect(await read(message['id'])).toEqual(changed);
    expect((await change('DELETE', message['id'])).status).toBe(204);
    expect(await read(message['id'])).toEqual({ ...changed, message: null, deleted_at: TIME });
    const told = [await socket.next('notifications'), await socket.next('notifications')];
    socket.close();
    expect(told.flatMap(({ notifications }) => notifications)).toMatchObject([
      { action: 'changed', resource_id: message['id'], resource: { message: 'Hello', is_edited: true } },
      { action: 'changed', resource_id: message['id'], resource: { message: null, deleted_at: TIME } },
    ]);
    const owned = `/orgs/${site.organizationId}/owned_chats/${chatId}/messages/${message['id']}`;
    expect((await ask(site.integrator, 'GET', owned)).json).toMatchObject({ message: null, is_edited: true });
  });

  it.each([
    ['PATCH', { message: 'x' }],
    ['DELETE', undefined],
  ])('changes nothing of others and of other types by %s', async (method, body) => {
    await site.answerBy(site.agent, chatId, 'Yes?');
    const all = resultsOf(await visit(visitor.token, 'GET', messages()));
    const answer = all.find(({ type, sender_type }) => type === 'msg' && sender_type === 'user');
    expect((await change(method, answer?.['id'], body)).status).toBe(403);
    expect((await change(method, '0190a000-0000-7000-8000-00000000dead', body)).status).toBe(404);
    expect(await read(answer?.['id'])).toEqual(answer);
  });

  it.each([
    ['nothing', {}],
    ['a blank', { message: ' ' }],
    ['too long a text', { message: 'x'.repeat(2001) }],
  ])('gives no message %s', async (_, body) => {
    const { id } = await write('Hi');
    const answer = await change('PATCH', id, body);
    expect([answer.status, answer.json]).toEqual([400, { message: [expect.any(String)] }]);
    expect((await read(id))['message']).toBe('Hi');
  });
});
