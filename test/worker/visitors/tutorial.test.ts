import { describe, expect, it } from 'vitest';
import { ask, resultsOf, UUID } from '../../support/worker/organization.ts';
import { authenticate, Site, visit } from '../../support/worker/visitor-site.ts';

describe('the tutorial for a third-party chat (visitors’ API)', () => {
  it('leads a visitor from the first step to the end of the chat', async () => {
    const site = await Site.open();
    const { organizationId, roomId, agent } = site;
    const visitor = await authenticate(organizationId);
    const own = `/visitors/${visitor.id}/chats`;

    const come = await visit(visitor.token, 'POST', `${site.room}/visitors`, { id: visitor.id });
    expect([come.status, come.json]).toEqual([201, { id: visitor.id, room_id: roomId, presence_expires_in: 120 }]);
    const named = await site.setVariable(visitor, 'username', 'Väinö');
    expect([named.status, named.json]).toEqual([201, expect.objectContaining({ key: 'username', value: 'Väinö' })]);
    // The example posts this without a body.
    const path = `/orgs/${organizationId}/rooms/${roomId}/visitors/${visitor.id}/chats`;
    const headers = { 'Content-Type': 'application/json' };
    const opened = await visit(visitor.token, 'POST', path, undefined, { headers });
    expect([opened.status, opened.json]).toEqual([
      201,
      expect.objectContaining({ id: UUID, room_id: roomId, chat_type: 'visitor', is_waiting: false, is_ended: false }),
    ]);
    const chatId = String(opened.json['id']);
    expect(await site.ownedChat(chatId)).toMatchObject({ present_visitor_participant_count: 1, is_pending: false });

    const asked = { type: 'msg', message: 'Where is my order?' };
    const said = await visit(visitor.token, 'POST', `${own}/${chatId}/messages`, asked);
    expect([said.status, said.json]).toEqual([
      201,
      expect.objectContaining({ ...asked, sender_type: 'visitor', sender_id: visitor.id, sender_public_name: 'Väinö' }),
    ]);
    expect(await site.ownedChat(chatId)).toMatchObject({ is_waiting: true, is_pending: true, message_count: 1 });

    await site.answerBy(agent, chatId, 'On its way.');
    expect(await site.ownedChat(chatId)).toMatchObject({ is_waiting: false, present_user_participant_count: 1 });
    const read = await visit(visitor.token, 'GET', `${own}/${chatId}/messages`);
    expect(resultsOf(read).map(({ type, message, sender_public_name }) => [type, message, sender_public_name])).toEqual(
      [
        ['msg', 'Where is my order?', 'Väinö'],
        ['join', null, 'Amazing Grace'],
        ['msg', 'On its way.', 'Amazing Grace'],
      ],
    );
    expect(read.text).not.toContain('Hopper');

    const memberships = await ask(site.integrator, 'GET', `/orgs/${organizationId}/owned_chats/${chatId}/memberships`);
    expect(resultsOf(memberships)[0]).toMatchObject({ member_type: 'visitor', member_name: 'Väinö', is_present: true });

    const ended = await visit(visitor.token, 'PATCH', `${own}/${chatId}`, { is_ended: true });
    expect([ended.status, ended.json]).toEqual([200, expect.objectContaining({ id: chatId, is_ended: true })]);
    const again = await site.openChat(visitor);
    expect([again.status, again.json['id'] === chatId]).toEqual([201, false]);
  });
});
