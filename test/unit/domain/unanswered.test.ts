import { describe, expect, test } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import { fateOf } from '../../../src/domain/unanswered.ts';
import { end, incoming, join, open, post, ROUTED, START, say } from '../../support/sample-commands.ts';
import { AGENT } from '../../support/sample-events.ts';
import { ThreadModel } from '../../support/thread-model.ts';
import { VISITOR_IDENTITY } from '../../support/thread-people.ts';

const LATER = START + 24 * 3_600_000;

/** A thread in which the visitor has opened a chat and written. */
function written(): { model: ThreadModel; chatId: string } {
  const model = new ThreadModel(START, threadName(VISITOR_IDENTITY));
  const chatId = openChat(model);
  model.answer(say(model, chatId));
  return { model, chatId };
}

function openChat(model: ThreadModel): string {
  return model.answer(open({ actor: null })).chat.id;
}

const isMarked = ({ state }: ThreadModel, chatId: string) => [
  state.thread?.is_unanswered,
  state.chats.get(chatId)?.facts.is_unanswered,
];

describe('a visitor’s thread', () => {
  test('goes when its newest chat ended before the time', () => {
    const { model, chatId } = written();
    expect(fateOf(model.state, chatId, LATER)).toBe('not_yet');
    model.answer(end(chatId));
    const endedAt = model.state.chats.get(chatId)?.facts.ended_at ?? 0;
    expect(fateOf(model.state, chatId, endedAt)).toBe('not_yet');
    expect(fateOf(model.state, chatId, endedAt + 1)).toBe('goes');
    const next = openChat(model);
    expect([fateOf(model.state, chatId, LATER), fateOf(model.state, next, LATER)]).toEqual(['never', 'not_yet']);
    model.answer(end(next));
    expect(fateOf(model.state, next, LATER)).toBe('goes');
  });

  test.each([
    ['joins', (chatId: string) => [join(chatId)]],
    [
      'reads along first, and then takes part',
      (chatId: string) => [join(chatId, { is_participating: false }), join(chatId)],
    ],
    [
      'joins, answers and leaves',
      (chatId: string) => [join(chatId), post(chatId), join(chatId, { is_participating: false })],
    ],
    ['opens the chat that the visitor has', () => [open()]],
  ])('stays for ever when a user %s', (_, commandsIn) => {
    const { model, chatId } = written();
    expect(isMarked(model, chatId)).toEqual([true, true]);
    for (const command of commandsIn(chatId)) model.answer(command);
    expect(isMarked(model, chatId)).toEqual([undefined, undefined]);
    model.answer(end(chatId));
    const next = openChat(model);
    expect(isMarked(model, next)).toEqual([undefined, undefined]);
    model.answer(end(next));
    expect(fateOf(model.state, next, LATER)).toBe('never');
  });

  test('goes although a user reads along, tags and ends its chat', () => {
    const { model, chatId } = written();
    model.answer(join(chatId, { is_participating: false }));
    const about = { v: 1 as const, command_id: 'tagged', chat_id: chatId, actor: AGENT };
    model.answer({ ...about, type: 'add_tag', grant: ROUTED, name: 'spam' });
    model.answer(end(chatId));
    expect(fateOf(model.state, chatId, LATER)).toBe('goes');
  });
});

test('a channel’s thread never goes', () => {
  const model = new ThreadModel(START);
  const { chat_id } = model.answer(incoming('hello'));
  model.answer(end(chat_id));
  expect([isMarked(model, chat_id), fateOf(model.state, chat_id, LATER)]).toEqual([[undefined, undefined], 'never']);
});
