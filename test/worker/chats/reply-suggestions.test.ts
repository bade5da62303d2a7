import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, NESTED_USER_KEYS, SUGGESTION_KEYS } from '../../support/worker/chat-keys.ts';
import {
  ask,
  enrollAgent,
  type Json,
  TestOrganization,
  TIME,
  UUID,
  unique,
} from '../../support/worker/organization.ts';
import type { Person } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const suggest = (
  collection: string,
  place: { chatId: string; messageId: string },
  body: unknown,
  person: Person = org.bot,
) =>
  ask(
    person,
    'POST',
    `/users/${person.user_id}/${collection}/${place.chatId}/messages/${place.messageId}/reply_suggestions`,
    body,
  );

async function question(own = org): Promise<{ thread: string; chatId: string; messageId: string }> {
  const thread = unique('thread');
  const { chatId, ids } = await own.say(thread, 'Where is my order?');
  return { thread, chatId, messageId: ids[0] ?? '' };
}

describe('a reply suggestion under routed_chats', () => {
  it('is made by a user who is not a member, with every documented key', async () => {
    const bot = await enrollAgent(org.organizationId, {
      first_name: 'AI',
      last_name: '',
      is_bot: true,
      is_staff: true,
      avatar_url: 'https://images.example.com/bot.png',
    });
    const place = await question();
    const answer = await suggest('routed_chats', place, { suggestion: 'Shipped.', relevancy_score: 0.92, id: 1 }, bot);
    const avatar = { id: expect.any(String), url: 'https://images.example.com/bot.png' };
    const user = {
      id: bot.user_id,
      first_name: 'AI',
      last_name: '',
      full_name: 'AI',
      organization_id: org.organizationId,
      avatar_id: expect.any(String),
      avatar,
      is_bot: true,
      is_staff: true,
    };
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      id: UUID,
      created_by_user_id: bot.user_id,
      created_by_user: user,
      updated_by_user_id: bot.user_id,
      updated_by_user: user,
      chat_id: place.chatId,
      message_id: place.messageId,
      room_id: org.gateway.roomId,
      organization_id: org.organizationId,
      created_at: TIME,
      updated_at: answer.json['created_at'],
      suggestion: 'Shipped.',
      relevancy_score: 0.92,
      target_organization: null,
    });
    expect(keysOf(answer.json)).toEqual(SUGGESTION_KEYS);
    expect(keysOf(answer.json['created_by_user'])).toEqual(NESTED_USER_KEYS);
    expect(await org.memberships(place.chatId)).toHaveLength(1);
    expect(await org.events(place.thread)).toMatchObject([{ reply_suggestion: answer.json }]);
    expect(await org.chat(place.chatId)).toMatchObject({ message_count: 1, is_waiting: true });
  });

  it('is 404 in a chat that is routed to others', async () => {
    const other = await TestOrganization.open();
    const foreign = await question(other);
    const answer = await suggest('routed_chats', foreign, { suggestion: 'x' });
    expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    expect(await other.events(foreign.thread)).toEqual([]);
  });
});

describe('a reply suggestion under chats', () => {
  it('is made only by a member', async () => {
    const place = await question();
    const refused = await suggest('chats', place, { suggestion: 'x' });
    expect([refused.status, refused.json]).toEqual([404, { detail: expect.any(String) }]);
    await org.join(org.bot, place.chatId);
    expect((await suggest('chats', place, { suggestion: 'x' })).status).toBe(201);
  });
});

describe.each(['chats', 'routed_chats'])('under %s', (collection) => {
  async function joined() {
    const place = await question();
    await org.join(org.bot, place.chatId);
    return place;
  }

  it.each<[Json, number | null]>([
    [{ suggestion: ' kept \n' }, null],
    [{ suggestion: 'a', relevancy_score: null }, null],
    [{ suggestion: 'a', relevancy_score: 0 }, 0],
    [{ suggestion: 'a', relevancy_score: 1 }, 1],
    [{ suggestion: 'a', relevancy_score: '0.9' }, 0.9],
  ])('%j is accepted', async (body, score) => {
    const answer = await suggest(collection, await joined(), body);
    expect([answer.status, answer.json]).toMatchObject([
      201,
      { suggestion: body['suggestion'], relevancy_score: score },
    ]);
  });

  it.each<[Json, Json]>([
    [{}, { suggestion: ['This field is required.'] }],
    [{ suggestion: '' }, { suggestion: ['This field may not be blank.'] }],
    [{ suggestion: 7 }, { suggestion: ['Not a valid string.'] }],
    [
      { suggestion: 'a', relevancy_score: 1.01 },
      { relevancy_score: ['Ensure this value is less than or equal to 1.'] },
    ],
    [
      { suggestion: 'a', relevancy_score: -0.1 },
      { relevancy_score: ['Ensure this value is greater than or equal to 0.'] },
    ],
    [{ suggestion: 'a', relevancy_score: '0,9' }, { relevancy_score: ['A valid number is required.'] }],
  ])('%j is refused', async (body, fields) => {
    const place = await joined();
    const answer = await suggest(collection, place, body);
    expect([answer.status, answer.json]).toEqual([400, fields]);
    expect(await org.events(place.thread)).toEqual([]);
  });

  it('a suggestion needs a message of the chat', async () => {
    const place = await joined();
    const { messageId } = await question();
    await org.close(place.thread);
    const next = await org.say(place.thread, 'next session');
    await org.join(org.bot, next.chatId);
    for (const [chatId, message] of [
      [place.chatId, messageId],
      [place.chatId, crypto.randomUUID()],
      [place.chatId, '0190a000-0000-7000-8000-00000000dead'],
      [place.chatId, 'nonsense'],
      [place.chatId, place.chatId],
      [next.chatId, place.messageId],
      ['0190a000-0000-7000-8000-00000000dead', place.messageId],
      [crypto.randomUUID(), place.messageId],
    ] as const) {
      const answer = await suggest(collection, { chatId, messageId: message }, { suggestion: 'x' });
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
  });

  it('a suggestion may be made in an ended chat', async () => {
    const place = await joined();
    await org.close(place.thread);
    expect((await suggest(collection, place, { suggestion: 'late' })).status).toBe(201);
    expect(await org.events(place.thread)).toHaveLength(1);
  });
});
