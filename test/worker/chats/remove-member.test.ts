import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { LiveClient, said } from '../../support/worker/live-client.ts';
import { ask, enrollAgent, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { shareRoom } from '../../support/worker/organization-setup.ts';
import { type Answer, admin, type Person } from '../../support/worker/requests.ts';

const OPEN = { is_participating: true, composing_status: 'idle' };

const own = (person: Person, path: string) => `/users/${person.user_id}${path}`;
const get = (person: Person, path: string) => ask(person, 'GET', path);
const idsOf = (answer: Answer) => resultsOf(answer).map(({ id }) => id);

describe('removing a member', () => {
  const memberships = (own_: TestOrganization, chatId: string) =>
    `${own_.organizationPath}/owned_chats/${chatId}/memberships`;

  it.each([['settings'], ['users']])('is for tokens with the scope %s, and tells as leaving does', async (scope) => {
    const org = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, [scope]);
    const { chatId } = await org.say(unique('thread'), 'hello');
    await org.join(org.agent, chatId);
    const socket = await LiveClient.ofUser(org.agent);
    const listened = [`/api/v5${own(org.agent, '/chats')}`, `/api/v5${own(org.agent, '/chat_memberships')}`];
    const watched = `/api/v5${memberships(org, chatId)}`;
    await socket.subscribe([...listened, watched]);
    const path = `${memberships(org, chatId)}/${org.agent.user_id}`;
    expect((await ask(manager, 'DELETE', path)).status).toBe(204);
    const told: unknown[] = [];
    const isTold = () => JSON.stringify(told).includes(`"removed","${chatId}"`);
    while (!isTold()) told.push(...said(await socket.next('notifications')));
    expect(told).toContainEqual([listened[0], 'removed', chatId]);
    expect(told).toContainEqual([listened[1], 'removed', chatId]);
    expect(told).toContainEqual([watched, 'removed', org.agent.user_id]);
    socket.close();

    expect(await org.memberships(chatId)).toHaveLength(1);
    expect((await get(manager, path)).status).toBe(404);
    expect((await ask(manager, 'DELETE', path)).status).toBe(404);
    expect(await org.chat(chatId)).toMatchObject({ user_member_count: 0, is_pending: true });
    const types = (await org.messages(chatId)).map(({ type }) => type);
    expect(types).toEqual(['msg', 'join', 'leave']);
    expect((await get(org.agent, own(org.agent, `/chats/${chatId}`))).status).toBe(404);
    for (const list of ['/chats', '/chat_memberships']) {
      await eventually(async () => expect(resultsOf(await get(org.agent, own(org.agent, list)))).toEqual([]));
    }
    expect((await ask(org.agent, 'POST', own(org.agent, `/routed_chats/${chatId}/memberships`), OPEN)).status).toBe(
      201,
    );
    await eventually(async () => expect(idsOf(await get(org.agent, own(org.agent, '/chats')))).toEqual([chatId]));
  });

  it('takes the chat out of the visitor’s memberships that the user sees in a later chat', async () => {
    const org = await TestOrganization.open();
    const threadId = unique('thread');
    const { chatId } = await org.say(threadId, 'hello');
    await org.join(org.agent, chatId);
    await org.close(threadId);
    const later = (await org.say(threadId, 'again')).chatId;
    await org.join(org.agent, later);
    const [visitor] = await org.memberships(later);
    const path = own(org.agent, `/chats/${later}/visitors/${visitor?.['member_id']}/chat_memberships`);
    const chats = async () => resultsOf(await get(org.agent, path)).map(({ chat_id }) => chat_id);
    await eventually(async () => expect(await chats()).toEqual([chatId, later]));
    const removal = `/organizations/${org.organizationId}/chats/${chatId}/memberships/${org.agent.user_id}`;
    expect((await admin(removal, { method: 'DELETE' })).status).toBe(204);
    await eventually(async () => expect(await chats()).toEqual([later]));
  });

  it('works for a partner’s user and in ended chats, by the operator too', async () => {
    const owner = await TestOrganization.open();
    const partner = await TestOrganization.open();
    await shareRoom(owner, owner.gateway.roomId, partner);
    await owner.routeTo([{ kind: 'organization', id: partner.organizationId }]);
    const threadId = unique('thread');
    const { chatId } = await owner.say(threadId, 'hello');
    await partner.join(partner.agent, chatId);
    await owner.close(threadId);
    const involved = `${partner.organizationPath}/involved_chats`;
    await eventually(async () => expect(idsOf(await get(partner.agent, involved))).toEqual([chatId]));
    const path = `/organizations/${owner.organizationId}/chats/${chatId}/memberships/${partner.agent.user_id}`;
    expect((await admin(path.replace(owner.organizationId, partner.organizationId), { method: 'DELETE' })).status).toBe(
      404,
    );
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect((await get(partner.agent, own(partner.agent, `/chats/${chatId}/messages`))).status).toBe(404);
    await eventually(async () => expect(idsOf(await get(partner.agent, involved))).toEqual([]));
    expect((await admin(path, { method: 'DELETE' })).status).toBe(404);
  });

  it('ends the invitations that they have sent, so that nobody comes back by them', async () => {
    const owner = await TestOrganization.open();
    const partner = await TestOrganization.open();
    await shareRoom(owner, owner.gateway.roomId, partner);
    const [colleague, answering] = [await enrollAgent(partner.organizationId), await enrollAgent(owner.organizationId)];
    const { chatId } = await owner.say(unique('thread'), 'hello');
    const joining = { ...OPEN, member_id: partner.agent.user_id };
    const routed = `${partner.organizationPath}/routed_chats/${chatId}/memberships`;
    expect((await ask(partner.agent, 'POST', routed, joining)).status).toBe(201);
    await owner.join(answering, chatId);
    const invite = async (from: Person, to: Person) => {
      const path = own(from, `/chats/${chatId}/outgoing_chat_invitations`);
      const sent = await ask(from, 'POST', path, { invited_user_id: to.user_id });
      expect(sent.status).toBe(201);
      const accepted = own(to, `/incoming_chat_invitations/${sent.json['id']}`);
      return () => ask(to, 'PATCH', accepted, { is_accepted: true });
    };
    const comesBack = await invite(partner.agent, partner.agent);
    const comesAfter = await invite(partner.agent, colleague);
    const isWelcome = await invite(answering, owner.agent);
    const share = `/organizations/${owner.organizationId}/rooms/${owner.gateway.roomId}/shares/${partner.organizationId}`;
    expect((await admin(share, { method: 'DELETE' })).status).toBe(204);
    const path = `/organizations/${owner.organizationId}/chats/${chatId}/memberships/${partner.agent.user_id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    for (const accept of [comesBack, comesAfter]) {
      const refused = await accept();
      expect([refused.status, refused.json]).toEqual([400, { non_field_errors: [expect.any(String)] }]);
    }
    expect((await get(partner.agent, own(partner.agent, `/chats/${chatId}`))).status).toBe(404);
    expect((await isWelcome()).status).toBe(200);
  });

  it('is refused without the scope, for the visitor, and in chats of others', async () => {
    const org = await TestOrganization.open();
    const other = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, ['settings']);
    const { chatId } = await org.say(unique('thread'), 'hello');
    await org.join(org.agent, chatId);
    const remove = (person: Person, id: string, chat = chatId, of = org) =>
      ask(person, 'DELETE', `${memberships(of, chat)}/${id}`);
    for (const person of [org.agent, org.reporter]) {
      const refused = await remove(person, org.agent.user_id);
      expect([refused.status, refused.json]).toEqual([403, { detail: 'The scope "users" or "settings" is required.' }]);
    }
    const elsewhere = (await other.say(unique('thread'), 'hello')).chatId;
    await other.join(other.agent, elsewhere);
    expect((await remove(manager, other.agent.user_id, elsewhere)).status).toBe(404);
    expect((await remove(manager, other.agent.user_id, elsewhere, other)).status).toBe(403);
    expect((await remove(manager, org.bot.user_id)).status).toBe(404);
    const [visitor] = await org.memberships(chatId);
    const refused = await remove(manager, String(visitor?.['member_id']));
    expect([refused.status, refused.json]).toEqual([409, { detail: 'The visitor cannot be removed from the chat.' }]);
    expect(await org.memberships(chatId)).toHaveLength(2);
  });
});
