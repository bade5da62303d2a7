import { beforeEach, describe, expect, test } from 'vitest';
import type { AddReplySuggestion, UpdateReplySuggestion } from '../../../../src/domain/commands.ts';
import { end, FOREIGNER, head, join, PENDING, post, ROUTED, waitingChat } from '../../../support/sample-commands.ts';
import { AGENT, BOT } from '../../../support/sample-events.ts';
import type { ThreadModel } from '../../../support/thread-model.ts';

let model: ThreadModel;
let chatId: string;
let messageId: string;

beforeEach(() => {
  ({ model, chatId } = waitingChat());
  const first = model.log.flatMap((event) => (event.type === 'message_added' ? [event.message.id] : []))[0];
  if (first === undefined) throw new Error('no message');
  messageId = first;
});

const suggest = (more: Partial<AddReplySuggestion> = {}): AddReplySuggestion => ({
  ...head(),
  type: 'add_reply_suggestion',
  chat_id: chatId,
  message_id: messageId,
  grant: ROUTED,
  actor: BOT,
  suggestion: 'Hello!',
  relevancy_score: 0.5,
  ...more,
});
const improve = (suggestionId: string, more: Partial<UpdateReplySuggestion> = {}): UpdateReplySuggestion => ({
  ...head(),
  type: 'update_reply_suggestion',
  chat_id: chatId,
  message_id: messageId,
  suggestion_id: suggestionId,
  grant: ROUTED,
  actor: AGENT,
  ...more,
});

describe('a reply suggestion', () => {
  test('is added to a message of a chat that the grant covers, even after the end', () => {
    expect(model.refusal(suggest({ message_id: chatId }))).toBe('message_not_found');
    expect(model.refusal(suggest({ grant: { kind: 'member', user_id: BOT.id } }))).toBe('not_a_member');
    const { suggestion } = model.answer(suggest({ grant: PENDING }));
    expect(suggestion).toMatchObject({
      created_by_user: BOT,
      updated_by_user: BOT,
      organization_id: BOT.organization_id,
    });
    model.answer(end(chatId));
    expect(model.refusal(suggest())).toBeNull();
  });

  test('changes in the given fields, and records who changed it and when', () => {
    const { suggestion } = model.answer(suggest());
    const better = model.answer(improve(suggestion.id, { suggestion: 'Good day!' })).suggestion;
    expect(better).toEqual({
      ...suggestion,
      suggestion: 'Good day!',
      updated_by_user: AGENT,
      updated_at: model.state.last_at,
    });
    expect(model.answer(improve(suggestion.id, { relevancy_score: null })).suggestion).toMatchObject({
      suggestion: 'Good day!',
      relevancy_score: null,
    });
    expect(model.state.suggestions.get(suggestion.id)?.facts.relevancy_score).toBeNull();
  });

  test('does not change without a difference', () => {
    const { suggestion } = model.answer(suggest());
    expect(model.eventsOf(improve(suggestion.id, { suggestion: 'Hello!', relevancy_score: 0.5 }))).toEqual([]);
    expect(model.eventsOf(improve(suggestion.id))).toEqual([]);
  });

  test('is changed by users of its organization only, under its message', () => {
    const { suggestion } = model.answer(suggest());
    const said = { suggestion: 'No.' };
    expect(model.refusal(improve(suggestion.id, { ...said, actor: FOREIGNER }))).toBe('reply_suggestion_not_found');
    expect(model.refusal(improve(messageId, said))).toBe('reply_suggestion_not_found');
    expect(model.refusal(improve(suggestion.id, { ...said, message_id: chatId }))).toBe('message_not_found');
    model.answer(join(chatId));
    const { message } = model.answer(post(chatId));
    expect(model.refusal(improve(suggestion.id, { ...said, message_id: message.id }))).toBe(
      'reply_suggestion_not_found',
    );
    expect(model.state.suggestions.get(suggestion.id)?.facts.suggestion).toBe('Hello!');
  });

  test('is added and changed once by repeated commands', () => {
    const adding = suggest();
    const added = model.answer(adding);
    const changing = improve(added.suggestion.id, { suggestion: 'Good day!' });
    const changed = model.answer(changing);
    model.answer(improve(added.suggestion.id, { suggestion: 'Hi!' }));
    const { length } = model.log;
    expect(model.answer(adding)).toEqual(added);
    expect(model.answer(changing)).toEqual(changed);
    expect(model.log).toHaveLength(length);
  });

  test('is shown by a message as it was when the message was sent', () => {
    model.answer(join(chatId));
    const { suggestion } = model.answer(suggest());
    const { message } = model.answer(post(chatId, { selected_reply_suggestion_id: suggestion.id }));
    model.answer(improve(suggestion.id, { suggestion: 'Hi!' }));
    expect(message.selected_reply_suggestion).toEqual({
      id: suggestion.id,
      suggestion: 'Hello!',
      relevancy_score: 0.5,
    });
    expect(model.refusal(post(chatId, { selected_reply_suggestion_id: messageId }))).toBe('suggestion_not_in_chat');
  });
});
