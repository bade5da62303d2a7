import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { PLAIN, STORED } from '../../support/worker/plain-message.ts';
import { withoutD1 } from '../../support/worker/requests.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

const BUTTON = { type: 'button', is_disabled_on_selection: false, is_disabled_on_visitor_message: false };

let site: Site;
let visitor: Visitor;
let chatId: string;

beforeAll(async () => {
  site = await Site.open();
  visitor = await site.visitor();
  chatId = await site.chat(visitor);
});

const path = (who: Visitor, chat: string, below = '') => `/visitors/${who.id}/chats/${chat}/messages${below}`;
const post = (body: unknown, who = visitor, chat = chatId) => visit(who.token, 'POST', path(who, chat), body);
const list = (who: Visitor, chat: string, query = '') => visit(who.token, 'GET', path(who, chat, query));

describe('a message of a visitor', () => {
  it('is answered whole, without real names', async () => {
    const answer = await post({ type: 'msg', message: 'Hyvää päivää 👋' });
    expect([answer.status, answer.json]).toEqual([
      201,
      {
        id: UUID,
        type: 'msg',
        chat_id: chatId,
        room_id: site.roomId,
        created_at: TIME,
        sender_type: 'visitor',
        sender_id: visitor.id,
        sender_public_name: null,
        sender_avatar: null,
        message: 'Hyvää päivää 👋',
        ...PLAIN,
        ...STORED,
      },
    ]);
    const read = await visit(visitor.token, 'GET', path(visitor, chatId, `/${answer.json['id']}`));
    expect([read.status, read.json]).toEqual([200, answer.json]);
    expect((await post({ message: 'x'.repeat(2000) })).status).toBe(201);
  });

  it.each([
    ['nothing', {}, 'message'],
    ['null', { message: null }, 'message'],
    ['blank', { message: ' \n' }, 'message'],
    ['too long', { message: 'x'.repeat(2001) }, 'message'],
    ['a number', { message: 7 }, 'message'],
    ['of another type', { message: 'x', type: 'join' }, 'type'],
    ['of no type', { message: 'x', type: null }, 'type'],
  ])('is refused when it is %s', async (_, body, field) => {
    const answer = await post(body);
    expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.any(String)] }]);
  });

  it('is 409 in an ended chat and 404 in the chat of another visitor', async () => {
    const own = await site.visitor();
    const ended = await site.chat(own);
    await visit(own.token, 'PATCH', `/visitors/${own.id}/chats/${ended}`, { is_ended: true });
    expect((await post({ message: 'x' }, own, ended)).status).toBe(409);
    const foreign = await post({ message: 'x' }, own, chatId);
    expect([foreign.status, foreign.json]).toEqual([404, { detail: 'Chat not found.' }]);
    expect((await list(own, chatId)).status).toBe(404);
    for (const id of ['nonsense', crypto.randomUUID()]) expect((await list(own, id)).status).toBe(404);
  });
});

describe('the page from which a visitor writes', () => {
  it('is recorded from their first message', async () => {
    const details = { latest_page_url: 'https://shop.example/cart', latest_page_title: 'Cart' };
    const own = await site.visitor(details);
    const chat = await site.chat(own);
    expect(await site.ownedChat(chat)).toMatchObject({ first_visitor_message_url: null });
    await site.say(own, chat, 'first');
    const page = {
      first_visitor_message_url: details.latest_page_url,
      first_visitor_message_url_title: details.latest_page_title,
    };
    expect(await site.ownedChat(chat)).toMatchObject(page);
    const moved = { presence_expires_in: 60, latest_page_url: 'https://shop.example/other' };
    await visit(own.token, 'PATCH', `${site.room}/visitors/${own.id}`, moved);
    await site.say(own, chat, 'second');
    expect(await site.ownedChat(chat)).toMatchObject(page);
    const listed = await ask(site.integrator, 'GET', `/orgs/${site.organizationId}/owned_chats`);
    expect(resultsOf(listed).find(({ id }) => id === chat)).toMatchObject(page);
  });
});

describe('while D1 cannot be reached', () => {
  const cut = { env: { ...withoutD1, AUTH_CACHE_SECONDS: '3600' } };
  const sayCut = (who: Visitor, chat: string) => visit(who.token, 'POST', path(who, chat), { message: 'x' }, cut);

  it('a visitor’s first message is accepted, and its page is unknown', async () => {
    const own = await site.visitor({ latest_page_url: 'https://shop.example/cart' });
    const chat = await site.chat(own);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect((await sayCut(own, chat)).status).toBe(201);
    expect(log.mock.calls.flat()).toEqual([expect.stringContaining('visitor_page_unknown')]);
    log.mockRestore();
    expect(await site.ownedChat(chat)).toMatchObject({ visitor_message_count: 1, first_visitor_message_url: null });
  });

  it('later messages do not need D1', async () => {
    const own = await site.visitor();
    const chat = await site.chat(own);
    for (const text of ['first', 'second']) expect((await site.say(own, chat, text)).status).toBe(201);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect((await sayCut(own, chat)).status).toBe(201);
    expect(log).not.toHaveBeenCalled();
    log.mockRestore();
  });
});

describe('the messages of a chat, as its visitor reads them', () => {
  it('are listed oldest first, page by page, without internal messages', async () => {
    const own = await site.visitor();
    const chat = await site.chat(own);
    await site.say(own, chat, 'one');
    await site.answerBy(site.agent, chat, 'two');
    const tagged = await ask(site.agent, 'POST', `/users/${site.agent.user_id}/chats/${chat}/tags`, { name: 'Rude' });
    expect(tagged.status).toBe(201);
    await site.say(own, chat, 'three');
    const shown = ({ type, message }: Json) => [type, message];
    const all = [
      ['msg', 'one'],
      ['join', null],
      ['msg', 'two'],
      ['msg', 'three'],
    ];
    const whole = await list(own, chat);
    expect(resultsOf(whole).map(shown)).toEqual(all);
    expect([whole.text.includes('Rude'), whole.text.includes('sender_name')]).toEqual([false, false]);
    expect(resultsOf(await list(own, chat, '?ordering=-created_at')).map(shown)).toEqual(all.toReversed());
    const first = await list(own, chat, '?page_size=3');
    const second = await visit(own.token, 'GET', String(first.json['next']).replace(/^.*\/public/, ''));
    expect([...resultsOf(first), ...resultsOf(second)].map(shown)).toEqual(all);
    expect((await list(own, chat, '?cursor=x')).status).toBe(400);

    const messages = `/users/${site.agent.user_id}/chats/${chat}/messages?type__in=tag_created`;
    const [note] = resultsOf(await ask(site.agent, 'GET', messages));
    const hidden = await visit(own.token, 'GET', path(own, chat, `/${note?.['id']}`));
    expect([hidden.status, hidden.json]).toEqual([404, { detail: 'Message not found.' }]);
  });
});

describe('the answer to an attachment', () => {
  let offer: Json;
  let attachment: Json;
  let own: Visitor;
  let chat: string;

  beforeAll(async () => {
    own = await site.visitor();
    chat = await site.chat(own);
    await site.say(own, chat, 'hello');
    offer = await site.answerBy(site.agent, chat, 'Choose', {
      attachment_template: 'generic',
      attachments: [
        {
          title: 'Sizes',
          title_link_url: 'https://shop.example/sizes',
          actions: [
            { ...BUTTON, text: 'Small', value: 's', is_disabled_on_selection: true },
            { ...BUTTON, text: 'Large', value: 'l' },
          ],
        },
      ],
    });
    attachment = (offer['attachments'] as Json[])[0] ?? {};
  });

  const answer = (more: Json) =>
    post(
      {
        type: 'action',
        response_to_message_id: offer['id'],
        response_to_attachment_id: attachment['id'],
        ...more,
      },
      own,
      chat,
    );
  const action = (place: number) => (attachment['actions'] as Json[])[place] ?? {};

  it('shows what was chosen, and does not make the chat wait', async () => {
    const chosen = await answer({ response_to_action_id: action(1)['id'] });
    expect([chosen.status, chosen.json]).toEqual([
      201,
      expect.objectContaining({
        type: 'action',
        message: 'Large',
        response_value: 'l',
        response_to_message_id: offer['id'],
        response_to_attachment_id: attachment['id'],
        response_to_attachment: attachment,
        response_to_action_id: action(1)['id'],
        response_to_action: action(1),
      }),
    ]);
    expect(await site.ownedChat(chat)).toMatchObject({ is_waiting: false, visitor_message_count: 1 });
    const link = await answer({ response_value: 'https://shop.example/sizes' });
    expect([link.status, link.json]).toMatchObject([
      201,
      { message: 'Sizes', response_value: 'https://shop.example/sizes', response_to_action: null },
    ]);
    const disabled = await answer({ response_to_action_id: action(0)['id'] });
    expect(disabled.status).toBe(409);
  });

  it('is refused when it was not offered', async () => {
    const unknown = '0190a000-0000-7000-8000-00000000dead';
    for (const [more, field] of [
      [{ response_to_message_id: undefined }, 'response_to_message_id'],
      [{ response_to_message_id: 'x' }, 'response_to_message_id'],
      [{ response_to_message_id: unknown }, 'response_to_message_id'],
      [{ response_to_attachment_id: null }, 'response_to_attachment_id'],
      [{ response_to_attachment_id: unknown }, 'response_to_attachment_id'],
      [{ response_to_action_id: unknown }, 'response_to_action_id'],
      [{ response_value: 'https://elsewhere.example/' }, 'response_value'],
    ] as const) {
      const refused = await answer(more);
      expect([more, refused.status, refused.json]).toEqual([more, 400, { [field]: [expect.any(String)] }]);
    }
  });

  it('may have the longest link that attachments allow', async () => {
    const link = 'https://shop.example/'.padEnd(2048, 'x');
    const sent = await site.answerBy(site.agent, chat, 'Look', {
      attachments: [{ title: 'Here', title_link_url: link }],
    });
    const [wakeUps] = sent['attachments'] as Json[];
    const names = { response_to_message_id: sent['id'], response_to_attachment_id: wakeUps?.['id'] };
    const chosen = await answer({ ...names, response_value: link });
    expect([chosen.status, chosen.json]).toMatchObject([201, { response_value: link }]);
    const longer = await answer({ ...names, response_value: `${link}x` });
    expect([longer.status, Object.keys(longer.json)]).toEqual([400, ['response_value']]);
  });

  it('is refused once the action is disabled, by an answer to its own attachment or by a later text', async () => {
    const who = await site.visitor();
    const place = await site.chat(who);
    await site.say(who, place, 'hello');
    const once = { ...BUTTON, text: 'Once', value: 'o', is_disabled_on_selection: true };
    const early = { ...BUTTON, text: 'Early', value: 'e', is_disabled_on_visitor_message: true };
    const both = {
      ...BUTTON,
      text: 'Both',
      value: 'b',
      is_disabled_on_selection: true,
      is_disabled_on_visitor_message: true,
    };
    const always = { ...BUTTON, text: 'Always', value: 'a' };
    const attachments = [
      { title: 'First', title_link_url: 'https://shop.example/', actions: [once, early, always] },
      { title: 'Second', actions: [once, both] },
    ];
    const sent = await site.answerBy(site.agent, place, 'Choose', { attachments });
    const [first, second] = sent['attachments'] as [Json, Json];
    const choose = async (of: Json, at: number | null) => {
      const chosen = at === null ? {} : { response_to_action_id: (of['actions'] as Json[])[at]?.['id'] };
      const value = at === null ? { response_value: 'https://shop.example/' } : {};
      const names = { response_to_message_id: sent['id'], response_to_attachment_id: of['id'] };
      return (await post({ type: 'action', ...names, ...chosen, ...value }, who, place)).status;
    };
    const states = async () => [await choose(first, 1), await choose(first, 2), await choose(first, null)];
    expect(await choose(second, 1)).toBe(201);
    expect([await choose(second, 0), await choose(second, 1)]).toEqual([409, 409]);
    expect([await choose(first, 0), await choose(first, 0)]).toEqual([201, 409]);
    expect(await states()).toEqual([201, 201, 201]);
    await site.answerBy(site.agent, place, 'a text of a user disables nothing');
    expect(await states()).toEqual([201, 201, 201]);
    await site.say(who, place, 'a text of their own');
    expect(await states()).toEqual([409, 201, 201]);
    expect([await choose(first, 0), await choose(second, 0), await choose(second, 1)]).toEqual([409, 409, 409]);
  });
});
