import { beforeAll, describe, expect, it } from 'vitest';
import { type Json, resultsOf, TIME } from '../../support/worker/organization.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;
let visitor: Visitor;
let chatId: string;

beforeAll(async () => {
  site = await Site.open();
  visitor = await site.visitor();
  await site.setVariable(visitor, 'username', 'Väinö');
  chatId = await site.chat(visitor);
  await site.say(visitor, chatId, 'hello');
  await site.answerBy(site.agent, chatId, 'hi');
});

const ofChat = (who: Visitor, below = '', chat = chatId) =>
  visit(who.token, 'GET', `/visitors/${who.id}/chats/${chat}/memberships${below}`);
const own = (who: Visitor, below = '') => visit(who.token, 'GET', `/visitors/${who.id}/chat_memberships${below}`);
const change = (body: unknown, method = 'PATCH', who = visitor, chat = chatId) =>
  visit(who.token, method, `/visitors/${who.id}/chat_memberships/${chat}`, body);

describe('the memberships of a visitor’s chat', () => {
  it('show public names only, the visitor first', async () => {
    const answer = await ofChat(visitor);
    const [first, second] = resultsOf(answer);
    expect([answer.status, first]).toEqual([
      200,
      {
        member_id: visitor.id,
        member_type: 'visitor',
        member_public_name: 'Väinö',
        member_avatar: null,
        member_organization_id: null,
        chat_id: chatId,
        room_id: site.roomId,
        room_organization_id: site.organizationId,
        created_at: TIME,
        last_seen_at: null,
        updated_at: TIME,
        chat_created_at: TIME,
        is_bot: false,
        is_user_deleted: false,
        is_participating: true,
        is_present: true,
        composing_status: 'idle',
        message_count: 1,
        legacy_member_id: visitor.id,
      },
    ]);
    expect(second).toMatchObject({ member_id: site.agent.user_id, member_public_name: 'Amazing Grace' });
    expect([answer.text.includes('Hopper'), answer.text.includes('"member_name"')]).toEqual([false, false]);
    const page = await ofChat(visitor, '?page_size=1');
    expect(resultsOf(page)).toEqual([first]);
    const next = await visit(visitor.token, 'GET', String(page.json['next']).replace(/^.*\/public/, ''));
    expect(resultsOf(next)).toEqual([second]);
    expect((await ofChat(visitor, '?cursor=x')).status).toBe(400);
    expect((await ofChat(visitor, `/${site.agent.user_id}`)).json).toEqual(second);
    expect((await ofChat(visitor, '/nobody')).status).toBe(404);
  });

  it('are hidden from other visitors', async () => {
    const other = await site.visitor();
    expect((await ofChat(other)).status).toBe(404);
    expect((await ofChat(other, `/${visitor.id}`)).status).toBe(404);
    expect((await own(other, `/${chatId}`)).status).toBe(404);
    expect((await change({ is_participating: false }, 'PATCH', other)).status).toBe(404);
    expect((await ofChat(visitor, '', 'nonsense')).status).toBe(404);
  });
});

describe('the visitor’s own memberships', () => {
  it('are one for each of their chats', async () => {
    const who = await site.visitor();
    const first = await site.chat(who);
    await visit(who.token, 'PATCH', `/visitors/${who.id}/chats/${first}`, { is_ended: true });
    const second = await site.chat(who);
    const shown = ({ member_id, chat_id }: Json) => [member_id, chat_id];
    const all = [
      [who.id, first],
      [who.id, second],
    ];
    const answer = await own(who);
    expect([answer.status, resultsOf(answer).map(shown)]).toEqual([200, all]);
    expect(answer.text).not.toContain('"member_name"');
    const page = await own(who, '?page_size=1');
    const next = await visit(who.token, 'GET', String(page.json['next']).replace(/^.*\/public/, ''));
    expect([...resultsOf(page), ...resultsOf(next)].map(shown)).toEqual(all);
    expect((await own(who, '?cursor=x')).status).toBe(400);
    const item = await own(who, `/${first}`);
    expect([item.status, shown(item.json)]).toEqual([200, all[0]]);
  });

  it('show typing and what was seen', async () => {
    const seen = '2026-03-01T09:00:00.000Z';
    const typing = await change({ is_participating: true, composing_status: 'typing', last_seen_at: seen }, 'PUT');
    expect([typing.status, typing.json]).toMatchObject([200, { composing_status: 'typing', last_seen_at: seen }]);
    expect((await own(visitor, `/${chatId}`)).json).toMatchObject({ composing_status: 'typing' });
    const earlier = await change({ last_seen_at: '2020-03-01T09:00:00.000Z' });
    expect(earlier.json).toMatchObject({ composing_status: 'typing', last_seen_at: seen });
    await site.say(visitor, chatId, 'done');
    expect((await own(visitor, `/${chatId}`)).json).toMatchObject({ composing_status: 'idle' });
  });

  it('can be left and resumed, without a message', async () => {
    const messages = async () =>
      (await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${chatId}/messages`)).text;
    const before = await messages();
    await change({ composing_status: 'typing' });
    const left = await change({ is_participating: false });
    const gone = { is_participating: false, is_present: false, composing_status: 'idle' };
    expect([left.status, left.json]).toMatchObject([200, gone]);
    expect(await site.ownedChat(chatId)).toMatchObject({ present_visitor_participant_count: 0, is_ended: false });
    const back = await site.openChat(visitor);
    expect([back.status, back.json]).toMatchObject([200, { id: chatId, present_visitor_participant_count: 1 }]);
    expect(await messages()).toBe(before);
  });

  it('accept only known fields and values', async () => {
    for (const [body, method, field] of [
      [{}, 'PATCH', 'is_participating'],
      [{ is_participating: 'x' }, 'PATCH', 'is_participating'],
      [{ composing_status: 'shouting' }, 'PATCH', 'composing_status'],
      [{ last_seen_at: 'yesterday' }, 'PATCH', 'last_seen_at'],
      [{ last_seen_at: '9999-12-31T00:00:00Z' }, 'PATCH', 'last_seen_at'],
      [{ is_participating: true }, 'PUT', 'composing_status'],
    ] as const) {
      const answer = await change(body, method);
      expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.any(String)] }]);
    }
  });

  it('cannot be changed once the chat has ended', async () => {
    const who = await site.visitor();
    const chat = await site.chat(who);
    await visit(who.token, 'PATCH', `/visitors/${who.id}/chats/${chat}`, { is_ended: true });
    const answer = await change({ is_participating: false }, 'PATCH', who, chat);
    expect([answer.status, answer.json]).toEqual([400, { non_field_errors: ['The chat has ended.'] }]);
  });
});
