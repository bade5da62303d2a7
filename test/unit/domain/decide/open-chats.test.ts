import { describe, expect, test } from 'vitest';
import { threadName } from '../../../../src/domain/address.ts';
import type { StartUserChat } from '../../../../src/domain/commands.ts';
import {
  COLLEAGUE,
  end,
  head,
  incoming,
  join,
  open,
  START,
  visitorsChat,
  waitingChat,
} from '../../../support/sample-commands.ts';
import { AGENT, BOT, VISITOR } from '../../../support/sample-events.ts';
import { ORGANIZATION, ROOM, ThreadModel } from '../../../support/thread-model.ts';
import { USERS_IDENTITY } from '../../../support/thread-people.ts';

function start(): StartUserChat {
  const place = { identity: USERS_IDENTITY, database: 'DB', organization_id: ORGANIZATION };
  return { ...head(), type: 'start_user_chat', ...place, actor: AGENT, is_present: true };
}

describe('a chat between users', () => {
  const model = () => new ThreadModel(START, threadName(USERS_IDENTITY));

  test('is of type operator, without room and visitor, and its starter participates', () => {
    const users = model();
    const command = start();
    expect(users.eventsOf(command)).toEqual(['thread_opened', 'chat_started', 'member_added', 'join']);
    const { chat, is_new } = users.answer(command);
    expect(is_new).toBe(true);
    expect(chat).toMatchObject({
      chat_type: 'operator',
      room: null,
      visitor_id: null,
      organization_id: ORGANIZATION,
      is_private: false,
      lifetime: { idle: null, total: null },
      member_count: 1,
      present_user_participant_count: 1,
    });
    expect(users.log).toHaveLength(4);
  });

  test('becomes a group with the third user, and stays one', () => {
    const users = model();
    const chatId = users.answer(start()).chat.id;
    const involved = { kind: 'involved' as const, organization_id: ORGANIZATION };
    users.answer(join(chatId, { actor: COLLEAGUE, grant: involved }));
    expect(users.chat(chatId).facts.chat_type).toBe('operator');
    users.answer(join(chatId, { actor: BOT, grant: involved, is_participating: false }));
    expect(users.chat(chatId).facts.chat_type).toBe('group');
    users.answer(join(chatId, { actor: COLLEAGUE, grant: involved, is_participating: false }));
    expect(users.chat(chatId).facts.chat_type).toBe('group');
  });

  test('is in no set of rooms', () => {
    const users = model();
    const chatId = users.answer(start()).chat.id;
    expect(users.refusal(join(chatId, { actor: COLLEAGUE }))).toBe('not_routed');
  });
});

describe("a user's chat with a visitor", () => {
  test('starts in its own thread, with the visitor, their name and the user', () => {
    const model = new ThreadModel(START, visitorsChat().model.state.name);
    const command = open({ is_private: true });
    expect(model.eventsOf(command)).toEqual([
      'thread_opened',
      'chat_started',
      'visitor_named',
      'member_added',
      'member_added',
      'join',
    ]);
    const { chat } = model.answer(command);
    expect(chat).toMatchObject({
      chat_type: 'visitor',
      visitor_id: VISITOR,
      room: ROOM,
      is_private: true,
      lifetime: { idle: 3_600_000, total: null },
      is_waiting: false,
      member_count: 2,
    });
    expect(model.state.thread).toMatchObject({ visitor_id: VISITOR, visitor_name: 'Jane', room_id: ROOM.id });
    expect(model.chat(chat.id).members.get(VISITOR)?.facts).toMatchObject({ name: 'Jane', is_present: false });
  });

  test('has no name without the variable, or with a blank one', () => {
    for (const visitor_name of [null, ' ']) {
      const model = new ThreadModel(START, visitorsChat().model.state.name);
      expect(model.eventsOf(open({ visitor_name }))).not.toContain('visitor_named');
      expect(model.state.thread).toMatchObject({ visitor_name: null });
    }
  });

  test('is joined when it is open, even by a user who had left it', () => {
    const { model, chatId } = visitorsChat();
    const opened = model.answer(open({ actor: COLLEAGUE }));
    expect(opened).toMatchObject({ is_new: false, chat: { id: chatId, user_member_count: 2 } });
    expect(model.eventsOf(open({ actor: COLLEAGUE }))).toEqual([]);
    model.answer(join(chatId, { is_participating: false }));
    expect(model.eventsOf(open())).toEqual(['member_changed', 'join']);
  });

  test('is refused to a user who may not join taken chats when another agent is present', () => {
    const { model, chatId } = visitorsChat();
    expect(model.refusal(open({ actor: COLLEAGUE, is_kept_out: true }))).toBe('chat_taken');
    expect(model.refusal(open({ is_kept_out: true }))).toBeNull();
    model.answer({ ...head(), type: 'change_presence', chat_id: chatId, user_id: AGENT.id, is_present: false });
    expect(model.refusal(open({ actor: COLLEAGUE, is_kept_out: true }))).toBeNull();
  });

  test('starts a new session of the same visitor and name after an ended one', () => {
    const { model, chatId } = visitorsChat();
    model.answer(end(chatId));
    const command = open({ chat_id: chatId, identity: null, visitor_name: 'Somebody' });
    expect(model.eventsOf(command)).toEqual(['chat_started', 'member_added', 'member_added', 'join']);
    const { chat, is_new } = model.answer(command);
    expect({ is_new, isOther: chat.id !== chatId }).toEqual({ is_new: true, isOther: true });
    expect(model.chat(chat.id).members.get(VISITOR)?.facts.name).toBe('Jane');
  });

  test("in a channel's thread continues there: the session is external and does not end by itself", () => {
    const { model, chatId } = waitingChat();
    const visitor_id = model.state.thread?.visitor_id ?? '';
    const named = { chat_id: chatId, identity: null, visitor_id };
    expect(model.answer(open(named))).toMatchObject({ is_new: false, chat: { id: chatId } });
    model.answer(end(chatId));
    const { chat } = model.answer(open(named));
    expect(chat).toMatchObject({ chat_type: 'external', lifetime: { idle: null, total: null }, visitor_id });
  });

  test('is not found when the named chat belongs to another visitor or room, or does not exist', () => {
    const { model, chatId } = waitingChat();
    const visitor_id = model.state.thread?.visitor_id ?? '';
    const named = { chat_id: chatId, identity: null, visitor_id };
    const { length } = model.log;
    expect(model.refusal(open({ ...named, visitor_id: VISITOR }))).toBe('chat_not_found');
    expect(model.refusal(open({ ...named, room: { ...ROOM, id: 'another' } }))).toBe('chat_not_found');
    expect(model.refusal(open({ ...named, chat_id: 'elsewhere' }))).toBe('chat_not_found');
    expect(new ThreadModel(START).refusal(open(named))).toBe('chat_not_found');
    expect(model.log).toHaveLength(length);
  });

  test('is not the session that a channel has since started in another room', () => {
    const { model, chatId } = waitingChat();
    const named = { chat_id: chatId, identity: null, visitor_id: model.state.thread?.visitor_id ?? '' };
    model.answer(end(chatId));
    const moved = model.answer(incoming('later', { room: { ...ROOM, id: 'another' } }));
    expect(model.refusal(open(named))).toBe('chat_taken');
    expect(model.chat(moved.chat_id).members.has(AGENT.id)).toBe(false);
    model.answer(end(moved.chat_id));
    expect(model.answer(open(named))).toMatchObject({ is_new: true, chat: { room: ROOM } });
  });

  test('is for a retry the one that was opened first, even if that has ended and another has started', () => {
    const { model, chatId } = visitorsChat();
    model.answer(end(chatId));
    const command = open({ chat_id: chatId, identity: null });
    const first = model.answer(command);
    model.answer(end(first.chat.id));
    model.answer(open());
    const { length } = model.log;
    expect(model.answer(command)).toMatchObject({ is_new: true, chat: { id: first.chat.id } });
    expect(model.log).toHaveLength(length);
  });
});
