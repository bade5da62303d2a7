import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, MESSAGE_KEYS } from '../../support/worker/chat-keys.ts';
import {
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';
import { PLAIN, STORED } from '../../support/worker/plain-message.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const pathOf = (chatId: string, person = org.agent) => `/users/${person.user_id}/chats/${chatId}/messages`;
const post = (chatId: string, body: unknown) => ask(org.agent, 'POST', pathOf(chatId), body);
const list = (chatId: string, query = '') => ask(org.agent, 'GET', `${pathOf(chatId)}${query}`);

async function joinedChat(): Promise<{ thread: string; chatId: string }> {
  const thread = unique('thread');
  const { chatId } = await org.say(thread, 'help');
  await org.join(org.agent, chatId);
  return { thread, chatId };
}

describe('posting a message works', () => {
  it('with 200 and the whole message, and ends the waiting state', async () => {
    const { thread, chatId } = await joinedChat();
    expect(await org.chat(chatId)).toMatchObject({ is_waiting: true });
    const answer = await post(chatId, { message: ' Hello!\n', type: 'msg', colour: 'red' });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      id: UUID,
      type: 'msg',
      chat_id: chatId,
      room_id: org.gateway.roomId,
      created_at: TIME,
      sender_type: 'user',
      sender_id: org.agent.user_id,
      sender_public_name: 'Grace Hopper',
      sender_name: 'Grace Hopper',
      sender_avatar: null,
      message: ' Hello!\n',
      ...PLAIN,
      ...STORED,
    });
    expect(keysOf(answer.json)).toEqual(MESSAGE_KEYS);
    expect(await org.chat(chatId)).toMatchObject({
      is_waiting: false,
      is_pending: false,
      is_real_conversation: true,
      message_count: 2,
      user_message_count: 1,
      visitor_wait_time: expect.any(Number),
    });
    const [event] = await org.events(thread);
    expect({ ...(event?.['message'] as object), ...STORED }).toEqual(answer.json);
  });

  it('shows alias and avatar', async () => {
    const { chatId } = await joinedChat();
    const agent = await enrollAgent(org.organizationId, {
      alias: 'Team',
      avatar_url: 'https://images.example.com/a.png',
    });
    await org.join(agent, chatId);
    const answer = await ask(agent, 'POST', pathOf(chatId, agent), { message: 'hi' });
    expect(answer.json).toMatchObject({
      sender_name: 'Grace Hopper',
      sender_public_name: 'Team',
      sender_avatar: { id: expect.any(String), url: 'https://images.example.com/a.png' },
    });
  });

  it('as a bot, and makes no real conversation', async () => {
    const { chatId } = await org.say(unique('thread'), 'help');
    await org.join(org.bot, chatId);
    await ask(org.bot, 'POST', pathOf(chatId, org.bot), { message: 'beep' });
    expect(await org.chat(chatId)).toMatchObject({ is_real_conversation: false, is_waiting: false });
  });

  it('for a member who does not participate', async () => {
    const { chatId } = await org.say(unique('thread'), 'help');
    await org.join(org.agent, chatId, { is_participating: false, composing_status: 'idle' });
    expect((await post(chatId, { message: 'hi' })).status).toBe(200);
  });

  it('with a suggestion under each of its two names', async () => {
    const { thread, chatId } = await joinedChat();
    const { ids } = await org.say(thread, 'and?');
    const suggestion = await org.suggest(chatId, ids[0] ?? '');
    const shown = {
      selected_reply_suggestion_id: suggestion,
      selected_reply_suggestion: { id: suggestion, suggestion: 'It was shipped.', relevancy_score: 0.95 },
    };
    for (const name of ['selected_reply_suggestion_id', 'chat_reply_suggestion_id']) {
      const answer = await post(chatId, { message: 'edited', [name]: suggestion });
      expect([answer.status, answer.json]).toMatchObject([200, shown]);
    }
    expect((await post(chatId, { message: 'none', selected_reply_suggestion_id: null })).status).toBe(200);
  });

  it('with 100,000 characters in a channel’s chat, and 2,000 elsewhere', async () => {
    const { chatId } = await joinedChat();
    const own = String((await ask(org.agent, 'POST', `/users/${org.agent.user_id}/chats`, {})).json['id']);
    for (const [chat, characters] of [
      [chatId, 100_000],
      [own, 2000],
    ] as const) {
      for (const message of ['a'.repeat(characters), '🙂'.repeat(characters)]) {
        expect((await post(chat, { message })).json['message']).toBe(message);
        const longer = await post(chat, { message: `${message}a` });
        const error = `Ensure this field has no more than ${characters} characters.`;
        expect([longer.status, longer.json]).toEqual([400, { message: [error] }]);
      }
    }
  });
});

describe('posting a message refuses', () => {
  it.each<[Json, Json]>([
    [{}, { message: ['This field is required.'] }],
    [{ message: null }, { message: ['This field may not be null.'] }],
    [{ message: '' }, { message: ['This field may not be blank.'] }],
    [{ message: ' \n' }, { message: ['This field may not be blank.'] }],
    [{ message: 5 }, { message: ['Not a valid string.'] }],
    [
      { message: 'a', selected_reply_suggestion_id: 'best' },
      { selected_reply_suggestion_id: ['Must be a valid UUID.'] },
    ],
    [
      { message: 'a', selected_reply_suggestion_id: '0190a000-0000-7000-8000-00000000dead' },
      { selected_reply_suggestion_id: ['The reply suggestion does not belong to this chat.'] },
    ],
  ])('%#', async (body, fields) => {
    const { chatId } = await joinedChat();
    const answer = await post(chatId, body);
    expect([answer.status, answer.json]).toEqual([400, fields]);
    expect((await org.chat(chatId))['message_count']).toBe(1);
  });

  it('a suggestion of another chat of the thread', async () => {
    const { thread, chatId } = await joinedChat();
    const { ids } = await org.say(thread, 'and?');
    const suggestion = await org.suggest(chatId, ids[0] ?? '');
    await org.close(thread);
    const next = await org.say(thread, 'next');
    await org.join(org.agent, next.chatId);
    const answer = await post(next.chatId, { message: 'a', selected_reply_suggestion_id: suggestion });
    expect(answer.status).toBe(400);
  });

  it('an ended chat: 409, even after the next session has begun', async () => {
    const { thread, chatId } = await joinedChat();
    await org.close(thread);
    const answer = await post(chatId, { message: 'late' });
    expect([answer.status, answer.json]).toEqual([409, { detail: 'The chat has ended.' }]);
    await org.say(thread, 'next session');
    expect((await post(chatId, { message: 'late' })).status).toBe(409);
    expect((await org.chat(chatId))['message_count']).toBe(1);
  });

  it('a user who is not a member, and unknown chats: 404', async () => {
    const { chatId } = await org.say(unique('thread'), 'help');
    const other = await TestOrganization.open();
    const foreign = (await other.say(unique('thread'), 'help')).chatId;
    for (const id of [chatId, foreign, crypto.randomUUID(), '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      const posted = await post(id, { message: 'hi' });
      expect([posted.status, posted.json]).toEqual([404, { detail: expect.any(String) }]);
      const read = await list(id);
      expect([read.status, read.json]).toEqual([404, { detail: expect.any(String) }]);
    }
    expect((await org.chat(chatId))['message_count']).toBe(1);
  });
});

describe('the list of messages', () => {
  const textsOf = (answer: { json: Json }) => resultsOf(answer).map(({ message }) => message);

  async function longChat() {
    const thread = unique('thread');
    const texts = Array.from({ length: 7 }, (_, place) => `text ${place}`);
    const { chatId } = await org.send(texts.map((text) => visitorSays(thread, text)));
    await org.join(org.agent, chatId);
    return { thread, chatId, texts };
  }

  it('is ascending, and descending on request', async () => {
    const { chatId, texts } = await longChat();
    const answer = await list(chatId);
    expect([answer.status, Object.keys(answer.json)]).toEqual([200, ['next', 'previous', 'results']]);
    expect([answer.json['next'], answer.json['previous']]).toEqual([null, null]);
    expect(textsOf(answer)).toEqual([...texts, null]);
    expect(textsOf(await list(chatId, '?ordering=created_at'))).toEqual([...texts, null]);
    expect(textsOf(await list(chatId, '?ordering=-created_at'))).toEqual([null, ...texts.reverse()]);
  });

  it.each([
    ['created_at', [['text 0', 'text 1', 'text 2'], ['text 3', 'text 4', 'text 5'], ['text 6']]],
    ['-created_at', [['text 6', 'text 5', 'text 4'], ['text 3', 'text 2', 'text 1'], ['text 0']]],
  ])('is paged forwards and backwards in the order %s', async (ordering, pages) => {
    const { chatId } = await longChat();
    const first = await list(chatId, `?type__in=msg&page_size=3&ordering=${ordering}&extra=x`);
    const second = await ask(org.agent, 'GET', String(first.json['next']));
    const third = await ask(org.agent, 'GET', String(second.json['next']));
    expect([first, second, third].map(textsOf)).toEqual(pages);
    expect([first.json['previous'], third.json['next']]).toEqual([null, null]);
    expect(first.json['next']).toMatch(/^https:\/\/hub\.example\/api\/v5\/users\/.*extra=x/);
    const back = await ask(org.agent, 'GET', String(third.json['previous']));
    expect(textsOf(back)).toEqual(pages[1]);
    const start = await ask(org.agent, 'GET', String(back.json['previous']));
    expect([textsOf(start), start.json['previous']]).toEqual([pages[0], null]);
    expect(textsOf(await ask(org.agent, 'GET', String(start.json['next'])))).toEqual(pages[1]);
  });

  it('keeps its position while messages arrive', async () => {
    const { thread, chatId } = await longChat();
    const first = await list(chatId, '?page_size=7&ordering=created_at');
    await org.say(thread, 'new');
    const rest = await ask(org.agent, 'GET', String(first.json['next']));
    expect(textsOf(rest)).toEqual([null, 'new']);
  });

  it('is filtered by types', async () => {
    const { chatId } = await longChat();
    await org.join(org.agent, chatId, { is_participating: false, composing_status: 'idle' });
    const typesOf = async (query: string) => [...new Set(resultsOf(await list(chatId, query)).map(({ type }) => type))];
    expect(await typesOf('')).toEqual(['msg', 'join', 'leave']);
    expect(await typesOf('?type__in=join,leave')).toEqual(['join', 'leave']);
    expect(await typesOf('?type__not_in=msg')).toEqual(['join', 'leave']);
    expect(await typesOf('?type__in=msg,join&type__not_in=msg')).toEqual(['join']);
    expect(await typesOf('?type__in=action')).toEqual([]);
  });

  it('contains only the messages of its own session, even of an ended one', async () => {
    const { thread, chatId, texts } = await longChat();
    await org.close(thread);
    const next = await org.say(thread, 'next session');
    await org.join(org.agent, next.chatId);
    expect(textsOf(await list(chatId, '?type__in=msg'))).toEqual(texts);
    expect(textsOf(await list(next.chatId, '?type__in=msg'))).toEqual(['next session']);
  });

  it('refuses a malformed page', async () => {
    const { chatId } = await longChat();
    const cursor = new URL(String((await list(chatId, '?page_size=1')).json['next'])).searchParams.get('cursor');
    for (const [query, field] of [
      ['?page_size=0', 'page_size'],
      ['?page_size=many', 'page_size'],
      ['?ordering=updated_at', 'ordering'],
      ['?cursor=rubbish', 'cursor'],
      [`?cursor=${cursor}&ordering=-created_at`, 'cursor'],
    ] as const) {
      const answer = await list(chatId, query);
      expect([answer.status, Object.keys(answer.json)]).toEqual([400, [field]]);
    }
    expect(resultsOf(await list(chatId, '?page_size=100000'))).toHaveLength(8);
  });
});
