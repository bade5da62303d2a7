import { beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../../support/worker/copied-rows.ts';
import { type Json, TestOrganization, unique, visitorSays } from '../../support/worker/organization.ts';

/** `selected_reply_suggestion_id` (UMI documentation, 2.1). */

let org: TestOrganization;
let other: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
  other = await TestOrganization.open();
});

const NOT_IN_SESSION = ['The reply suggestion does not belong to this chat session and organization.'];
const NO_SESSION = ['A reply suggestion can only be selected in an existing conversation.'];

async function suggested(owner: TestOrganization = org) {
  const thread = unique('thread');
  const sent = await owner.say(thread, 'Where is my order?');
  const suggestion = await owner.suggest(sent.chatId, sent.ids[0] ?? '', 'It was shipped.');
  return { thread, chatId: sent.chatId, suggestion };
}

function answerWith(thread: string, suggestion: string | null, more: Json = {}) {
  return org.userSays(thread, 'It was shipped yesterday.', { selected_reply_suggestion_id: suggestion, ...more });
}

async function expectRefused(payload: Json, fields: Json): Promise<void> {
  const rows = await countRows();
  const answer = await org.post(payload);
  expect([answer.status, answer.json]).toEqual([400, fields]);
  expect(await countRows()).toEqual(rows);
}

describe('a selected reply suggestion', () => {
  it('is shown nested in the message and in its webhook', async () => {
    const { thread, chatId, suggestion } = await suggested();
    const sent = await org.send([answerWith(thread, suggestion.toUpperCase())]);
    expect(sent.json).toMatchObject({ chat_id: chatId, messages_created: 1, is_new_session: false });
    const shown = {
      selected_reply_suggestion_id: suggestion,
      selected_reply_suggestion: { id: suggestion, suggestion: 'It was shipped.', relevancy_score: 0.95 },
    };
    const read = await org.messages(chatId, '?type__in=msg');
    expect(read.map(({ id }) => id)).toContain(sent.ids[0]);
    const { selected_reply_suggestion_id, selected_reply_suggestion } = read.at(-1) ?? {};
    expect({ selected_reply_suggestion_id, selected_reply_suggestion }).toEqual(shown);
    const events = await org.events(thread);
    expect(events.map(({ event_type }) => event_type)).toEqual(['reply_suggestion_created', 'message_created']);
    expect(events[1]).toMatchObject({ message: shown });
  });

  it('may be selected more than once, by a bot too, in a batch with other messages', async () => {
    const { thread, suggestion } = await suggested();
    const byBot = answerWith(thread, suggestion, { sender_id: org.bot.user_id });
    const sent = await org.send([visitorSays(thread, 'hello?'), byBot, answerWith(thread, suggestion)]);
    expect(sent.json['messages_created']).toBe(3);
  });

  it('null or absent means none', async () => {
    const { thread, chatId } = await suggested();
    await org.send([answerWith(thread, null), visitorSays(thread, 'x', { selected_reply_suggestion_id: null })]);
    expect((await org.messages(chatId)).at(-1)).toMatchObject({ selected_reply_suggestion_id: null });
  });

  it('does not make a repeat another message', async () => {
    const { thread, chatId, suggestion } = await suggested();
    const payload = { messages: [answerWith(thread, suggestion)] };
    const first = await org.post(payload);
    await org.close(thread);
    const again = await org.post(payload);
    expect([again.headers.get('Idempotent-Replayed'), again.json]).toEqual(['true', first.json]);
    expect((await org.chat(chatId))['message_count']).toBe(2);
  });
});

describe('a reply suggestion is refused', () => {
  it('on a visitor message', async () => {
    const { thread, suggestion } = await suggested();
    await expectRefused(
      { messages: [visitorSays(thread, 'hi', { selected_reply_suggestion_id: suggestion })] },
      { messages: [{ selected_reply_suggestion_id: ['Only valid for messages with the sender type "user".'] }] },
    );
  });

  it('in a new thread, and in a new session of an old one', async () => {
    const { thread, suggestion } = await suggested();
    const fields = { selected_reply_suggestion_id: NO_SESSION };
    const fresh = unique('thread');
    await expectRefused({ messages: [answerWith(fresh, suggestion)] }, { messages: [fields] });
    await expectRefused(
      { messages: [visitorSays(fresh, 'opens the session'), answerWith(fresh, suggestion)] },
      { messages: [{}, fields] },
    );
    expect((await org.close(fresh)).status).toBe(404);
    await org.close(thread);
    await expectRefused({ messages: [answerWith(thread, suggestion)] }, { messages: [fields] });
    await org.say(thread, 'next session');
    await expectRefused(
      { messages: [answerWith(thread, suggestion)] },
      { messages: [{ selected_reply_suggestion_id: NOT_IN_SESSION }] },
    );
  });

  it('of another thread, another organization, or unknown', async () => {
    const { thread } = await suggested();
    const elsewhere = (await suggested()).suggestion;
    const foreign = (await suggested(other)).suggestion;
    for (const suggestion of [elsewhere, foreign, '0190a000-0000-7000-8000-00000000dead']) {
      await expectRefused(
        { messages: [visitorSays(thread, 'good'), answerWith(thread, suggestion), visitorSays(thread, 'good')] },
        { messages: [{}, { selected_reply_suggestion_id: NOT_IN_SESSION }, {}] },
      );
    }
  });
});
