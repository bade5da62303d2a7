import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, SUGGESTION_KEYS } from '../../support/worker/chat-keys.ts';
import {
  arrive,
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  unique,
} from '../../support/worker/organization.ts';
import { idsOf, own } from '../../support/worker/organization-setup.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const DETAIL = { detail: expect.any(String) };
const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

/** A chat of which the bot is a member, with two messages and three suggestions, oldest first. */
async function suggested() {
  const thread = unique('thread');
  const { chatId, ids } = await org.say(thread, 'Where is my order?');
  const second = await org.say(thread, 'Hello?');
  await org.join(org.bot, chatId);
  const [first = '', other = ''] = [ids[0], second.ids[0]];
  const suggestions = [
    await org.suggest(chatId, first, 'one'),
    await org.suggest(chatId, other, 'two'),
    await org.suggest(chatId, first, 'three'),
  ];
  return { thread, chatId, first, other, suggestions };
}

describe.each(['chats', 'routed_chats'])('reply suggestions under %s', (collection) => {
  const path = (chatId: string, rest: string) => `/${collection}/${chatId}${rest}`;

  it('are listed for a chat and for a message, in both orders, and read one by one', async () => {
    const { chatId, first, suggestions } = await suggested();
    const [one, two, three] = suggestions;
    const list = async (rest: string) => idsOf(await own(org.bot, path(chatId, rest)));
    expect(await list('/reply_suggestions')).toEqual([one, two, three]);
    expect(await list('/reply_suggestions?ordering=-created_at')).toEqual([three, two, one]);
    expect(await list(`/messages/${first}/reply_suggestions`)).toEqual([one, three]);
    expect(await list(`/messages/${first}/reply_suggestions?ordering=-created_at`)).toEqual([three, one]);
    const page = await own(org.bot, path(chatId, '/reply_suggestions?page_size=2&ordering=-created_at'));
    const next = await ask(org.bot, 'GET', String(page.json['next']));
    expect([idsOf(page), idsOf(next)]).toEqual([[three, two], [one]]);
    expect(idsOf(await ask(org.bot, 'GET', String(next.json['previous'])))).toEqual([three, two]);
    const [shown] = resultsOf(await own(org.bot, path(chatId, '/reply_suggestions')));
    expect(keysOf(shown)).toEqual(SUGGESTION_KEYS);
    for (const place of ['', `/messages/${first}`]) {
      const read = await own(org.bot, path(chatId, `${place}/reply_suggestions/${one}`));
      expect([read.status, read.json]).toEqual([200, shown]);
    }
    for (const query of ['ordering=updated_at', 'cursor=x', 'page_size=x']) {
      expect((await own(org.bot, path(chatId, `/reply_suggestions?${query}`))).status).toBe(400);
    }
  });

  it('are 404 under another chat or message', async () => {
    const { chatId, first, other, suggestions } = await suggested();
    for (const rest of [
      `/reply_suggestions/${UNKNOWN}`,
      '/reply_suggestions/nonsense',
      `/messages/${other}/reply_suggestions/${suggestions[0]}`,
      `/messages/${UNKNOWN}/reply_suggestions`,
    ]) {
      const answer = await own(org.bot, path(chatId, rest));
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
    }
    const elsewhere = await enrollAgent((await TestOrganization.open()).organizationId);
    for (const rest of ['/reply_suggestions', `/messages/${first}/reply_suggestions`]) {
      expect((await own(elsewhere, path(chatId, rest))).status).toBe(404);
    }
  });

  it('are changed by a user of the organization that made them', async () => {
    const { chatId, first, suggestions } = await suggested();
    const editor = await enrollAgent(org.organizationId, { first_name: 'Edith' });
    await arrive(editor);
    await org.join(editor, chatId);
    const place = path(chatId, `/messages/${first}/reply_suggestions/${suggestions[0]}`);
    const change = (method: string, body: unknown) => ask(editor, method, `/users/${editor.user_id}${place}`, body);
    const before = (await own(org.bot, place)).json;
    const patched = await change('PATCH', { suggestion: 'better' });
    expect([patched.status, patched.json]).toEqual([
      200,
      {
        ...before,
        suggestion: 'better',
        updated_at: TIME,
        updated_by_user_id: editor.user_id,
        updated_by_user: expect.objectContaining({ id: editor.user_id, first_name: 'Edith' }),
      },
    ]);
    const scored = await change('PATCH', { relevancy_score: null });
    expect([scored.status, scored.json]).toMatchObject([200, { suggestion: 'better', relevancy_score: null }]);
    const put = await change('PUT', { suggestion: 'best', relevancy_score: 1 });
    expect([put.status, put.json]).toMatchObject([200, { suggestion: 'best', relevancy_score: 1 }]);
    const reset = await change('PUT', { suggestion: 'best' });
    expect([reset.status, reset.json]).toMatchObject([200, { suggestion: 'best', relevancy_score: null }]);
    expect((await own(org.bot, place)).json).toEqual(reset.json);
    expect(idsOf(await own(org.bot, path(chatId, '/reply_suggestions')))).toEqual(suggestions);
  });

  it.each<[string, Json, Json]>([
    ['PUT', {}, { suggestion: ['This field is required.'] }],
    ['PUT', { relevancy_score: 1 }, { suggestion: ['This field is required.'] }],
    ['PATCH', {}, { suggestion: ['This field is required.'] }],
    ['PATCH', { suggestion: ' ' }, { suggestion: ['This field may not be blank.'] }],
    ['PATCH', { suggestion: null }, { suggestion: ['This field may not be null.'] }],
    ['PATCH', { relevancy_score: 2 }, { relevancy_score: ['Ensure this value is less than or equal to 1.'] }],
    ['PUT', { suggestion: 'a', relevancy_score: 'high' }, { relevancy_score: ['A valid number is required.'] }],
  ])('refuse a %s of %j', async (method, body, fields) => {
    const { chatId, first, suggestions } = await suggested();
    const place = path(chatId, `/messages/${first}/reply_suggestions/${suggestions[0]}`);
    const answer = await ask(org.bot, method, `/users/${org.bot.user_id}${place}`, body);
    expect([answer.status, answer.json]).toEqual([400, fields]);
  });

  it('cannot be changed under another chat or message: 404', async () => {
    const { chatId, first, other, suggestions } = await suggested();
    for (const rest of [
      `/messages/${other}/reply_suggestions/${suggestions[0]}`,
      `/messages/${UNKNOWN}/reply_suggestions/${suggestions[0]}`,
      `/messages/${first}/reply_suggestions/${UNKNOWN}`,
      `/messages/${first}/reply_suggestions/nonsense`,
    ]) {
      for (const method of ['PUT', 'PATCH']) {
        const answer = await ask(org.bot, method, `/users/${org.bot.user_id}${path(chatId, rest)}`, {
          suggestion: 'x',
        });
        expect([answer.status, answer.json]).toEqual([404, DETAIL]);
      }
    }
  });
});
