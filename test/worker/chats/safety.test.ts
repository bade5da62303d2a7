import { beforeAll, describe, expect, it } from 'vitest';
import { chatsRoutes } from '../../../src/api/chats/routes.ts';
import { uuidVersion7 } from '../../../src/resources/uuid.ts';
import { call } from '../http/hub.ts';
import { type Callers, enrollCallers, expectOwn, expectSafe } from '../safety.ts';
import { ask, Desk, unique } from '../umi/desk.ts';

const ID = uuidVersion7(1, { high12: 1, low62: 1n });

const document = chatsRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
const routes = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
);
const ofOrganizations = routes.filter(([, path]) => path.startsWith('/orgs/{organization_id}/'));
const ofUsers = routes.filter(([, path]) => path.startsWith('/users/{user_id}/'));

/** A valid body for each route that has one, so that a refusal is not about its form. */
function bodyFor(method: string, path: string): { body?: unknown } {
  if (method === 'GET') return {};
  if (path.endsWith('/memberships')) return { body: { is_participating: true, composing_status: 'idle' } };
  if (path.endsWith('/reply_suggestions')) return { body: { suggestion: 'x' } };
  if (path.endsWith('/messages')) return { body: { message: 'x' } };
  return { body: { is_ended: true } };
}

let callers: Callers;
let victim: Desk;
let chatId: string;
let messageId: string;

beforeAll(async () => {
  callers = await enrollCallers(['settings', 'reports', 'users']);
  victim = await Desk.open();
  const sent = await victim.say(unique('thread'), 'private');
  chatId = sent.chatId;
  messageId = sent.ids[0] ?? '';
  await victim.join(victim.agent, chatId);
});

describe('every route of the Chats API', () => {
  it('is in this table', () => {
    expect(routes.length).toBeGreaterThanOrEqual(12);
    expect(ofOrganizations.length + ofUsers.length).toBe(routes.length);
  });

  it.each(ofOrganizations)('%s %s refuses whom it must', async (method, path) => {
    const pathOf = (organizationId: string) =>
      `/api/v5${path.replace('{organization_id}', organizationId).replaceAll(/\{\w+\}/g, ID)}`;
    const needsScope = path.endsWith('/pending_chats');
    await expectSafe({ method, path: pathOf, ...bodyFor(method, path), unknown: 403, needsScope }, callers);
  });

  it.each(ofUsers)('%s %s is the user’s alone', async (method, path) => {
    const pathOf = (userId: string) => `/api/v5${path.replace('{user_id}', userId).replaceAll(/\{\w+\}/g, ID)}`;
    await expectOwn({ method, path: pathOf, ...bodyFor(method, path) }, callers);
  });

  it.each(routes)('%s %s knows no chat, room or visitor of another organization', async (method, path) => {
    const { owner } = callers;
    const visitor = String((await victim.memberships(chatId))[0]?.['member_id']);
    const before = [await victim.chat(chatId), await victim.memberships(chatId)];
    const own = path
      .replace('{organization_id}', owner.organization_id)
      .replace('{user_id}', owner.user_id)
      .replace('{chat_id}', chatId)
      .replace('{message_id}', messageId)
      .replace('{room_id}', victim.gateway.roomId)
      .replace('{visitor_id}', visitor);
    const answer = await call(`/api/v5${own}`, {
      method,
      authorization: `Bearer ${owner.token}`,
      ...bodyFor(method, path),
    });
    if (path === '/orgs/{organization_id}/owned_chats') {
      expect([answer.status, answer.json['results']]).toEqual([200, []]);
    } else {
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
    expect([await victim.chat(chatId), await victim.memberships(chatId)]).toEqual(before);
  });

  it('takes the schemes Bearer and Token', async () => {
    for (const scheme of ['Bearer', 'Token', 'bearer']) {
      const answer = await call(`/api/v5${victim.organizationPath}/owned_chats/${chatId}`, {
        authorization: `${scheme} ${victim.agent.token}`,
      });
      expect(answer.status).toBe(200);
    }
  });

  it('says which methods a path has', async () => {
    const answer = await ask(victim.agent, 'DELETE', `/users/${victim.agent.user_id}/chats/${chatId}`);
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'PUT, PATCH']);
  });
});
