import { beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../../support/worker/copied-rows.ts';
import {
  copiedMessages,
  type Incoming,
  type Json,
  TestOrganization,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';

/** A repeated message is stored once, and a repeated request gets the first answer. */

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const isReplayed = (answer: { headers: Headers }) => answer.headers.get('Idempotent-Replayed');

async function textsOf(chatId: string): Promise<unknown[]> {
  return (await org.messages(chatId, '?type__in=msg&page_size=200')).map(({ message }) => message);
}

describe('the same message again', () => {
  it('is stored once: it gets the same answer, marked as replayed, and writes no row', async () => {
    const thread = unique('thread');
    const payload = { messages: [visitorSays(thread, 'one'), org.userSays(thread, 'two')], variables: { a: '1' } };
    const first = await org.post(payload);
    expect([first.status, isReplayed(first)]).toEqual([201, null]);
    expect(first.json).toMatchObject({ messages_created: 2, is_new_session: true });
    const before = await countRows();
    for (let copy = 0; copy < 3; copy++) {
      const again = await org.post(payload);
      expect([again.status, isReplayed(again), again.json]).toEqual([201, 'true', first.json]);
    }
    expect(await countRows()).toEqual(before);
    expect(await textsOf(String(first.json['chat_id']))).toEqual(['one', 'two']);
    expect(await org.events(thread)).toHaveLength(1);
  });

  it.each([
    ['another body', { body: 'changed' }],
    ['a body with other white space', { body: 'one ' }],
    ['another sender', { sender_id: 'other@example.com' }],
  ])('but with %s is a new message', async (_, change) => {
    const thread = unique('thread');
    const message = visitorSays(thread, 'one');
    const first = await org.send([message]);
    const second = await org.send([{ ...message, ...change }]);
    expect(second.json).toMatchObject({ messages_created: 1, is_new_session: false });
    expect(isReplayed(second)).toBeNull();
    expect(second.ids).not.toEqual(first.ids);
    expect(await copiedMessages(first.chatId)).toHaveLength(2);
    expect(isReplayed(await org.send([{ ...message, ...change }]))).toBe('true');
  });

  it('but with another sender type is a new message', async () => {
    const thread = unique('thread');
    const message = visitorSays(thread, 'one', { sender_id: org.agent.user_id });
    const first = await org.send([message]);
    const second = await org.send([{ ...message, sender_type: 'user' }]);
    expect(second.json).toMatchObject({ chat_id: first.chatId, messages_created: 1 });
  });

  it('in another thread or channel is another message', async () => {
    const message = visitorSays(unique('thread'), 'one');
    const first = await org.send([message]);
    const elsewhere = await org.send([{ ...message, thread_id: unique('thread') }]);
    expect([isReplayed(elsewhere), elsewhere.json['is_new_session']]).toEqual([null, true]);
    const other = await org.gateway.register();
    const path = `https://hub.example${org.gateway.root}/${other}/messages`;
    const answer = await org.request('POST', path, { body: { messages: [message] } });
    expect([isReplayed(answer), answer.json['is_new_session']]).toEqual([null, true]);
    expect(answer.json['chat_id']).not.toBe(first.chatId);
  });

  it('twice in one batch is one message, named twice', async () => {
    const thread = unique('thread');
    const message = visitorSays(thread, 'one');
    const payload = { messages: [message, visitorSays(thread, 'two'), message] };
    const first = await org.post(payload);
    const ids = first.json['message_ids'] as string[];
    expect(first.json).toMatchObject({ messages_created: 2, is_new_session: true });
    expect(ids[2]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(2);
    expect(await copiedMessages(String(first.json['chat_id']))).toHaveLength(2);
    const again = await org.post(payload);
    expect([isReplayed(again), again.json]).toEqual(['true', first.json]);
  });

  it('with a user id in upper case is the same', async () => {
    const thread = unique('thread');
    const message = org.userSays(thread, 'one');
    const first = await org.send([message]);
    const again = await org.send([{ ...message, sender_id: org.agent.user_id.toUpperCase() }]);
    expect([isReplayed(again), again.ids]).toEqual(['true', first.ids]);
  });
});

describe('a wholly repeated request', () => {
  it('that equals no earlier one is answered with is_new_session false and 0 created', async () => {
    const thread = unique('thread');
    const [a, b] = [visitorSays(thread, 'a'), visitorSays(thread, 'b')];
    const first = await org.send([a]);
    const second = await org.send([b]);
    for (const messages of [
      [a, b],
      [b, a],
      [a, a],
    ]) {
      const again = await org.send(messages);
      expect(isReplayed(again)).toBe('true');
      expect(again.json).toMatchObject({ chat_id: first.chatId, is_new_session: false, messages_created: 0 });
      expect(again.ids).toEqual(messages.map((message) => (message === a ? first.ids[0] : second.ids[0])));
      expect(again.seqs).toEqual(messages.map((message) => (message === a ? first.seqs[0] : second.seqs[0])));
    }
    const same = await org.send([a]);
    expect(same.json).toEqual(first.json);
    const withOption = await org.send([a], { skip_webhooks: true });
    expect(withOption.json).toMatchObject({ is_new_session: false, messages_created: 0 });
  });

  it('applies none of its options', async () => {
    const thread = unique('thread');
    const message = org.userSays(thread, 'answer');
    const { chatId } = await org.send([visitorSays(thread, 'help')]);
    await org.send([message]);
    await org.say(thread, 'more help');
    const before = await org.chat(chatId);
    const rows = await countRows();
    const again = await org.send([message], { close_session: true, variables: { username: 'Late' } });
    expect(isReplayed(again)).toBe('true');
    expect(await org.chat(chatId)).toEqual(before);
    expect(before).toMatchObject({ is_ended: false, is_waiting: true });
    expect((await org.memberships(chatId))[0]?.['member_name']).toBeNull();
    expect(await countRows()).toEqual(rows);
  });

  it('opens no session in a thread whose session has ended, and names the chat that has the message', async () => {
    const thread = unique('thread');
    const message = visitorSays(thread, 'one');
    const first = await org.send([message], { close_session: true });
    const again = await org.send([message], { close_session: true });
    expect([isReplayed(again), again.json]).toEqual(['true', first.json]);
    const next = await org.say(thread, 'two');
    expect(next.json).toMatchObject({ is_new_session: true });
    const late = await org.send([message], { close_session: true });
    expect([isReplayed(late), late.json]).toEqual(['true', first.json]);
    expect((await org.chat(next.chatId))['is_ended']).toBe(false);
    expect(await textsOf(next.chatId)).toEqual(['two']);
  });

  it('over several sessions names the chat of its last message', async () => {
    const thread = unique('thread');
    const [a, b] = [visitorSays(thread, 'a'), visitorSays(thread, 'b')];
    const first = await org.send([a], { close_session: true });
    const second = await org.send([b], { close_session: true });
    expect((await org.send([a, b])).chatId).toBe(second.chatId);
    const back = await org.send([b, a]);
    expect([back.chatId, back.ids]).toEqual([first.chatId, [second.ids[0], first.ids[0]]]);
  });
});

describe('a partly repeated request', () => {
  it('stores and counts the new messages, and returns the first ids of the others', async () => {
    const thread = unique('thread');
    const [a, b, c] = ['a', 'b', 'c'].map((body) => visitorSays(thread, body)) as [Incoming, Incoming, Incoming];
    const first = await org.send([a]);
    const payload = { messages: [b, a, c] };
    const second = await org.post(payload);
    expect([second.status, isReplayed(second)]).toEqual([201, null]);
    expect(second.json).toMatchObject({ chat_id: first.chatId, messages_created: 2, is_new_session: false });
    expect((second.json['message_ids'] as string[])[1]).toBe(first.ids[0]);
    expect((second.json['seqs'] as number[])[1]).toBe(first.seqs[0]);
    expect(await textsOf(first.chatId)).toEqual(['a', 'b', 'c']);
    const again = await org.post(payload);
    expect([isReplayed(again), again.json]).toEqual(['true', second.json]);
  });

  it('applies its options to the new messages', async () => {
    const thread = unique('thread');
    const question = visitorSays(thread, 'help');
    const first = await org.send([question]);
    await org.send([org.userSays(thread, 'answer')]);
    const options = { close_session: false, variables: { username: 'Ann' } };
    await org.send([question, org.userSays(thread, 'more')], options);
    const chat = await org.chat(first.chatId);
    expect(chat).toMatchObject({ is_waiting: false, message_count: 3 });
    expect((await org.memberships(first.chatId))[0]?.['member_name']).toBe('Ann');
    await org.send([question, visitorSays(thread, 'bye')], { close_session: true });
    expect((await org.chat(first.chatId))['is_ended']).toBe(true);
  });

  it('after the end opens a session for the new messages', async () => {
    const thread = unique('thread');
    const [a, b] = [visitorSays(thread, 'a'), visitorSays(thread, 'b')];
    const first = await org.send([a], { close_session: true });
    const second = await org.send([a, b]);
    expect(second.json).toMatchObject({ is_new_session: true, messages_created: 1 });
    expect(second.chatId).not.toBe(first.chatId);
    expect(second.ids[0]).toBe(first.ids[0]);
    expect(await textsOf(second.chatId)).toEqual(['b']);
  });
});

describe('repeats at the same time', () => {
  it('of one message, fifty times, get the same answer, and one of them is the first', async () => {
    const thread = unique('thread');
    const payload = { messages: [visitorSays(thread, 'once')] };
    const answers = await Promise.all(Array.from({ length: 50 }, () => org.post(payload)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.json).toMatchObject({ messages_created: 1, is_new_session: true });
    expect(answers.filter((answer) => isReplayed(answer) === null)).toHaveLength(1);
    expect(await copiedMessages(String(answers[0]?.json['chat_id']))).toHaveLength(1);
  });

  it('of one message to a thread that has just ended store it once', async () => {
    const thread = unique('thread');
    const old = await org.say(thread, 'old', { close_session: true });
    const payload = { messages: [visitorSays(thread, 'once')] };
    const answers = await Promise.all(Array.from({ length: 50 }, () => org.post(payload)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.json).toMatchObject({ messages_created: 1, is_new_session: true });
    expect(answers[0]?.json['chat_id']).not.toBe(old.chatId);
  });

  it('of every kind of request, three times, get the same answer', async () => {
    const threads = Array.from({ length: 10 }, () => unique('thread'));
    const requests: { messages: Incoming[]; [option: string]: unknown }[] = threads.flatMap((thread) => [
      { messages: [visitorSays(thread, 'a')] },
      { messages: [visitorSays(thread, 'b'), org.userSays(thread, 'c')], variables: { username: thread } },
      { messages: [org.userSays(thread, 'd')], skip_waiting_state: true },
      { messages: [visitorSays(thread, 'e')], skip_webhooks: true },
    ]);
    const answers = await Promise.all(
      requests.flatMap((request) => [org.post(request), org.post(request), org.post(request)]),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const byThread = new Map<string, Json[]>();
    for (const [place, request] of requests.entries()) {
      const three = answers.slice(place * 3, place * 3 + 3);
      expect(new Set(three.map(({ text }) => text)).size).toBe(1);
      expect(three.filter((answer) => isReplayed(answer) === null)).toHaveLength(1);
      const thread = request.messages[0]?.thread_id ?? '';
      byThread.set(thread, [...(byThread.get(thread) ?? []), three[0]?.json ?? {}]);
    }
    for (const [thread, own] of byThread) {
      expect(new Set(own.map(({ chat_id }) => chat_id)).size).toBe(1);
      expect(own.filter(({ is_new_session }) => is_new_session === true)).toHaveLength(1);
      const chatId = String(own[0]?.['chat_id']);
      expect((await textsOf(chatId)).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
      const seqs = own.flatMap(({ seqs }) => seqs as number[]);
      expect(new Set(seqs).size).toBe(5);
      expect(await org.events(thread)).toHaveLength(2);
    }
  });
});
