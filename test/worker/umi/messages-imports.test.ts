import { beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../../support/worker/copied-rows.ts';
import {
  ask,
  copiedMessages,
  type Json,
  resultsOf,
  TestOrganization,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';

/** `created_at`, `skip_webhooks` and `echo_user_messages`. */

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const OLD = ['2019-03-01T09:00:00.000Z', '2019-03-01T09:00:30.500Z', '2019-03-02T10:00:00.000Z'] as const;

function conversation(thread: string) {
  return [
    visitorSays(thread, 'question', { created_at: OLD[0] }),
    org.userSays(thread, 'answer', { created_at: OLD[1] }),
    visitorSays(thread, 'thanks', { created_at: OLD[2] }),
  ];
}

async function expectRefused(payload: Json, places: Json[]): Promise<void> {
  const rows = await countRows();
  const answer = await org.post(payload);
  expect([answer.status, answer.json]).toEqual([400, { messages: places }]);
  expect(await countRows()).toEqual(rows);
}

const FUTURE = { created_at: ['The time may not be in the future.'] };
const DISORDER = { created_at: ['The time may not be before that of the preceding message.'] };

describe('an import', () => {
  it('keeps the times of its messages, ends the session and sends no webhook', async () => {
    const thread = unique('thread');
    const before = await org.ledger();
    const sent = await org.send(conversation(thread), { close_session: true });
    expect(sent.json).toMatchObject({ messages_created: 3, is_new_session: true });
    expect(await copiedTimes(sent.chatId)).toEqual([...OLD]);
    const chat = await org.chat(sent.chatId);
    expect(chat).toMatchObject({
      is_ended: true,
      is_waiting: false,
      message_count: 3,
      is_real_conversation: true,
      visitor_wait_time: 30.5,
      duration: 90_000,
      active_duration: 90.5,
    });
    expect(await org.events(thread)).toEqual([]);
    expect(await org.ledger()).toEqual(before);
    const later = await org.send(conversation(thread), { close_session: true });
    expect(later.json).toMatchObject({ messages_created: 3, is_new_session: true });
    expect(later.chatId).not.toBe(sent.chatId);
  });

  it('shows those times to its members', async () => {
    const sent = await org.send(conversation(unique('thread')), { close_session: true });
    const path = `/users/${org.agent.user_id}/chats/${sent.chatId}/messages`;
    const shown = resultsOf(await ask(org.agent, 'GET', path));
    expect(shown.map(({ id, created_at }) => [id, created_at])).toEqual(
      OLD.map((time, place) => [sent.ids[place], time]),
    );
  });

  it('accepts any ISO time, the present, equal times and messages without a time at its end', async () => {
    const thread = unique('thread');
    const times = ['2020-02-29', '2020-02-29T12:00', '2020-02-29 14:00:00+02:00', '2020-02-29T12:00:00.000001Z'];
    const messages = times.slice(1).map((created_at) => visitorSays(thread, created_at, { created_at }));
    const sent = await org.send(
      [...messages, visitorSays(thread, 'now'), visitorSays(thread, 'null', { created_at: null })],
      {
        close_session: true,
      },
    );
    const imported = await copiedTimes(sent.chatId);
    expect(imported.slice(0, 3)).toEqual(Array(3).fill('2020-02-29T12:00:00.000Z'));
    expect(imported[3]).toBe(imported[4]);
    const dateOnly = await org.post({
      messages: [visitorSays(unique('thread'), 'x', { created_at: times[0] })],
      close_session: true,
    });
    expect(dateOnly.status).toBe(400);
  });

  it('into an open session may not precede its last message', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'now');
    await expectRefused({ messages: conversation(thread), close_session: true }, [DISORDER, {}, {}]);
    expect((await org.chat(chatId))['is_ended']).toBe(false);
    await org.close(thread);
    const next = await org.send(conversation(thread), { close_session: true });
    expect(next.json['is_new_session']).toBe(true);
  });

  it('is refused when its times run backwards or into the future', async () => {
    const thread = unique('thread');
    const at = (created_at: string) => visitorSays(thread, created_at, { created_at });
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await expectRefused({ messages: [at(OLD[1]), at(OLD[0])], close_session: true }, [{}, DISORDER]);
    await expectRefused({ messages: [visitorSays(thread, 'now'), at(OLD[0])], close_session: true }, [{}, DISORDER]);
    await expectRefused({ messages: [at(OLD[0]), at(tomorrow)], close_session: true }, [{}, FUTURE]);
    expect((await org.close(thread)).status).toBe(404);
  });

  it('is refused without close_session', async () => {
    const thread = unique('thread');
    const field = { created_at: ['Only allowed together with "close_session".'] };
    await expectRefused({ messages: conversation(thread) }, [field, field, field]);
    await expectRefused({ messages: conversation(thread), close_session: false }, [field, field, field]);
  });

  it('without created_at sends its webhooks like any other request', async () => {
    const thread = unique('thread');
    await org.send([visitorSays(thread, 'q'), org.userSays(thread, 'a')], { close_session: true });
    expect(await org.events(thread)).toHaveLength(1);
  });

  it('of one message with a time silences the whole request', async () => {
    const thread = unique('thread');
    const messages = [visitorSays(thread, 'q', { created_at: OLD[0] }), org.userSays(thread, 'a')];
    await org.send(messages, { close_session: true });
    expect(await org.events(thread)).toEqual([]);
  });
});

describe('skip_webhooks', () => {
  it('silences the messages of its request and no other', async () => {
    const own = await TestOrganization.open();
    const thread = unique('thread');
    await own.send([own.userSays(thread, 'told')]);
    await own.send([own.userSays(thread, 'untold'), own.userSays(thread, 'untold too')], { skip_webhooks: true });
    const last = await own.send([own.userSays(thread, 'told again')]);
    const events = await own.events(thread);
    expect(events.map(({ message }) => (message as Json)['message'])).toEqual(['told', 'told again']);
    expect(events[1]).toMatchObject({ seq: last.seqs[0], prev_seq: events[0]?.['seq'] });
    expect(await own.ledger()).toMatchObject({ accepted: 2, pending: 2 });
  });
});

describe('echo_user_messages', () => {
  it('false excludes a channel’s own messages from its webhooks, and no others', async () => {
    const own = await TestOrganization.open({ echo_user_messages: false });
    const thread = unique('thread');
    const { chatId, ids } = await own.send([visitorSays(thread, 'q'), own.userSays(thread, 'own')]);
    expect(await own.events(thread)).toEqual([]);
    expect(await own.ledger()).toMatchObject({ accepted: 0 });
    await own.suggest(chatId, ids[0] ?? '');
    await own.join(own.agent, chatId);
    await own.post({ messages: [own.userSays(thread, 'own again')] });
    expect((await own.events(thread)).map(({ event_type }) => event_type)).toEqual(['reply_suggestion_created']);
    await own.request('PATCH', '', { body: { echo_user_messages: true } });
    await own.send([own.userSays(thread, 'now told')]);
    expect(await own.ledger()).toMatchObject({ accepted: 2 });
  });
});

/** The times of a chat's messages in D1's copy. */
async function copiedTimes(chatId: string): Promise<string[]> {
  const facts = (await copiedMessages(chatId)).map((row) => JSON.parse(row.facts) as { created_at: number });
  return facts.map(({ created_at }) => new Date(created_at).toISOString());
}
