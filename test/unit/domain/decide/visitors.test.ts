import { describe, expect, test } from 'vitest';
import { threadName } from '../../../../src/domain/address.ts';
import type { PostVisitorMessage, RenameVisitor, UpdateVisitorMembership } from '../../../../src/domain/commands.ts';
import { chatResource } from '../../../../src/resources/chat.ts';
import { head, incoming, open, START, visitorsChat, waitingChat } from '../../../support/sample-commands.ts';
import { AGENT, VISITOR } from '../../../support/sample-events.ts';
import { ThreadModel } from '../../../support/thread-model.ts';
import { VISITOR_IDENTITY } from '../../../support/thread-people.ts';

const say = (chat_id: string, more: Partial<PostVisitorMessage> = {}): PostVisitorMessage => ({
  ...head(),
  type: 'post_visitor_message',
  chat_id,
  visitor_id: VISITOR,
  content: { type: 'msg', message: 'hello' },
  ...more,
});

const update = (chat_id: string, more: Partial<UpdateVisitorMembership>): UpdateVisitorMembership => ({
  ...head(),
  type: 'update_visitor_membership',
  chat_id,
  visitor_id: VISITOR,
  is_participating: null,
  composing_status: null,
  last_seen_at: null,
  ...more,
});

const rename = (chat_id: string, name: string | null, visitor_id = VISITOR): RenameVisitor => ({
  ...head(),
  type: 'rename_visitor',
  chat_id,
  visitor_id,
  name,
});

/** A chat that the visitor has opened. */
function ownChat(): { model: ThreadModel; chatId: string } {
  const model = new ThreadModel(START, threadName(VISITOR_IDENTITY));
  return { model, chatId: model.answer(open({ actor: null })).chat.id };
}

const memberOf = (model: ThreadModel, chatId: string, id = VISITOR) =>
  model.state.chats.get(chatId)?.members.get(id)?.facts;

describe('a visitor who opens a chat', () => {
  test('is its only member, present and named', () => {
    const { model, chatId } = ownChat();
    const chat = model.state.chats.get(chatId)?.facts;
    expect(chat).toMatchObject({ member_count: 1, present_visitor_participant_count: 1, is_waiting: false });
    expect(memberOf(model, chatId)).toMatchObject({ name: 'Jane', is_present: true, is_participating: true });
  });

  test('resumes the open one, whoever participates in it, under their newest name', () => {
    const { model, chatId } = visitorsChat({ is_present: true });
    expect(memberOf(model, chatId)?.is_present).toBe(false);
    const again = open({ actor: null, chat_id: chatId, identity: null, visitor_name: 'Joan', is_kept_out: true });
    const answer = model.answer(again);
    expect([answer.chat.id, answer.is_new]).toEqual([chatId, false]);
    expect(answer.chat).toMatchObject({ member_count: 2, present_visitor_participant_count: 1 });
    expect(memberOf(model, chatId)).toMatchObject({ name: 'Joan', is_present: true });
    expect(memberOf(model, chatId, AGENT.id)).toBeDefined();
  });

  test('changes nothing by a repeat', () => {
    const { model, chatId } = ownChat();
    const before = model.state.last_seq;
    model.answer(open({ actor: null, chat_id: chatId, identity: null }));
    expect(model.state.last_seq).toBe(before);
  });
});

describe('a chat that starts with an autosuggestion', () => {
  const page = { url: 'https://shop.example/cart', title: 'Cart' };
  const autosuggestion = { sender: AGENT, message: 'May I help you?', page };

  test('has it as its first message, of the user who is no member, on the page of the visitor', () => {
    const model = new ThreadModel(START, threadName(VISITOR_IDENTITY));
    const command = open({ actor: null, autosuggestion });
    expect(model.eventsOf(command)).toEqual([
      'thread_opened',
      'chat_started',
      'visitor_named',
      'member_added',
      'autosuggest',
    ]);
    const { chat } = model.answer(command);
    expect(chatResource(chat)).toMatchObject({
      is_autosuggested: true,
      autosuggest_url: page.url,
      autosuggest_url_title: page.title,
    });
    const [added] = model.log.flatMap((event) => (event.type === 'message_added' ? [event.message] : []));
    expect(added).toMatchObject({ type: 'autosuggest', message: 'May I help you?', sender_id: AGENT.id });
    expect(memberOf(model, chat.id, AGENT.id)).toBeUndefined();
  });

  test('counts it in no number and does not wait for an answer', () => {
    const model = new ThreadModel(START, threadName(VISITOR_IDENTITY));
    const { chat } = model.answer(open({ actor: null, autosuggestion }));
    expect(chatResource(chat)).toMatchObject({
      is_waiting: false,
      is_pending: false,
      message_count: 0,
      user_message_count: 0,
      has_messages: false,
      has_user_messages: false,
      is_real_conversation: false,
      member_count: 1,
      user_member_count: 0,
    });
    expect([chat.message_counts, chat.first_answer_at, chat.last_activity_at]).toEqual([{}, null, null]);
    model.answer(say(chat.id));
    expect(chatResource(model.chat(chat.id).facts)).toMatchObject({ is_waiting: true, message_count: 1 });
  });

  test('is resumed without another one', () => {
    const { model, chatId } = ownChat();
    const again = open({ actor: null, chat_id: chatId, identity: null, autosuggestion });
    expect(model.eventsOf(again)).toEqual([]);
    expect(chatResource(model.chat(chatId).facts).is_autosuggested).toBe(false);
  });
});

describe('the page of a visitor', () => {
  const page = { url: 'https://shop.example/cart', title: 'Cart' };

  test('is recorded only from their first message', () => {
    const { model, chatId } = ownChat();
    model.answer(say(chatId, { page }));
    model.answer(say(chatId, { page: { url: 'https://shop.example/other', title: null } }));
    expect(model.state.chats.get(chatId)?.facts.first_visitor_message_page).toEqual(page);
  });

  test('stays unknown when it was unknown at the first message', () => {
    const { model, chatId } = ownChat();
    model.answer(say(chatId, { page: null }));
    model.answer(say(chatId, { page }));
    expect(model.state.chats.get(chatId)?.facts.first_visitor_message_page).toBeUndefined();
  });
});

describe('the membership of a visitor', () => {
  test('changes without a message, and last_seen_at never goes back', () => {
    const { model, chatId } = ownChat();
    const left = model.answer(update(chatId, { is_participating: false, last_seen_at: START + 2 }));
    expect(left.member).toMatchObject({ is_participating: false, last_seen_at: START + 2 });
    expect(left.chat).toMatchObject({ present_visitor_participant_count: 0, newest_message_at: null });
    const back = model.answer(update(chatId, { is_participating: true, last_seen_at: START + 1 }));
    expect(back.member).toMatchObject({ is_participating: true, last_seen_at: START + 2 });
  });

  test('is not seen in the future', () => {
    const { model, chatId } = ownChat();
    const { last_at: before } = model.state;
    expect(model.refusal(update(chatId, { last_seen_at: before + 120_000 }))).toBe('last_seen_in_future');
    const { member } = model.answer(update(chatId, { last_seen_at: before + 30_000 }));
    expect(member.last_seen_at).toBe(model.state.last_at);
    expect(model.state.last_at).toBeLessThan(before + 30_000);
  });

  test('can be changed only by them, and not after the end of the chat', () => {
    const { model, chatId } = ownChat();
    expect(model.refusal(update(chatId, { visitor_id: 'another' }))).toBe('chat_not_found');
    const grant = { kind: 'visitor' as const, room_id: null, visitor_id: VISITOR };
    model.answer({ ...head(), type: 'update_chat', chat_id: chatId, grant, is_ended: true, is_waiting: null });
    expect(model.refusal(update(chatId, { is_participating: false }))).toBe('membership_of_ended_chat');
  });
});

describe('the name of a visitor', () => {
  test('changes in the open chat and in later ones, not in earlier messages', () => {
    const { model, chatId } = ownChat();
    const first = model.answer(say(chatId));
    expect(model.answer(rename(chatId, 'Joan'))).toEqual({ name: 'Joan' });
    expect(memberOf(model, chatId)).toMatchObject({ name: 'Joan', public_name: 'Joan' });
    expect(first.message.sender_name).toBe('Jane');
    expect(model.answer(say(chatId)).message.sender_name).toBe('Joan');
    expect(model.eventsOf(rename(chatId, 'Joan'))).toEqual([]);
  });

  test('is removed when the variable is deleted', () => {
    const { model, chatId } = ownChat();
    model.answer(rename(chatId, null));
    expect(memberOf(model, chatId)).toMatchObject({ name: null, public_name: null });
    expect(model.answer(say(chatId)).message.sender_name).toBeNull();
  });

  test('can be set in a channel’s thread, for the next session too', () => {
    const { model, chatId } = waitingChat();
    const visitor = model.state.thread?.visitor_id ?? '';
    model.answer(rename(chatId, 'Joan', visitor));
    const grant = { kind: 'visitor' as const, room_id: null, visitor_id: visitor };
    model.answer({ ...head(), type: 'update_chat', chat_id: chatId, grant, is_ended: true, is_waiting: null });
    model.answer(rename(chatId, 'Jill', visitor));
    expect(memberOf(model, chatId, visitor)?.name).toBe('Joan');
    const next = model.answer(incoming('again')).chat_id;
    expect(next).not.toBe(chatId);
    expect(memberOf(model, next, visitor)?.name).toBe('Jill');
  });

  test('is not reset by a repeated command', () => {
    const { model, chatId } = ownChat();
    const first = rename(chatId, 'Joan');
    model.answer(first);
    model.answer(rename(chatId, 'Jill'));
    expect(model.eventsOf(first)).toEqual([]);
    expect(memberOf(model, chatId)?.name).toBe('Jill');
  });

  test('is refused for another visitor', () => {
    const { model, chatId } = ownChat();
    expect(model.refusal(rename(chatId, 'Joan', 'another'))).toBe('chat_not_found');
  });
});
