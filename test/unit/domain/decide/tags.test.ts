import { beforeEach, describe, expect, test } from 'vitest';
import type { AddTag, RemoveTag } from '../../../../src/domain/commands.ts';
import { end, head, ROUTED, waitingChat } from '../../../support/sample-commands.ts';
import { AGENT } from '../../../support/sample-events.ts';
import type { ThreadModel } from '../../../support/thread-model.ts';

let model: ThreadModel;
let chatId: string;

beforeEach(() => {
  ({ model, chatId } = waitingChat());
});

const add = (name: string, more: Partial<AddTag> = {}): AddTag => {
  return { ...head(), type: 'add_tag', chat_id: chatId, grant: ROUTED, actor: AGENT, name, ...more };
};
const remove = (name: string, more: Partial<RemoveTag> = {}): RemoveTag => {
  return { ...head(), type: 'remove_tag', chat_id: chatId, grant: ROUTED, name, ...more };
};

describe('a tag', () => {
  test('is added with a message that names it and does not make the chat wait', () => {
    expect(model.eventsOf(add('Lead'))).toEqual(['tag_created', 'tag_added']);
    const message = model.log.flatMap((event) => (event.type === 'message_added' ? [event.message] : [])).at(-1);
    expect(message).toMatchObject({ message: 'Lead', sender_id: AGENT.id, sender_type: 'user' });
    expect(model.chat(chatId).facts).toMatchObject({ tag_count: 1, is_waiting: true, user_message_count: 0 });
  });

  test('that exists is answered unchanged; case and spaces make a different one', () => {
    const { tag } = model.answer(add('Lead'));
    expect(model.answer(add('Lead'))).toMatchObject({ tag, is_new: false });
    expect(model.answer(add('lead')).is_new).toBe(true);
    expect(model.answer(add(' Lead')).is_new).toBe(true);
    expect(model.chat(chatId).facts.tag_count).toBe(3);
  });

  test('is removed, and may be added again', () => {
    model.answer(add('Lead'));
    expect(model.answer(remove('Lead'))).toEqual({ name: 'Lead' });
    expect(model.chat(chatId).facts.tag_count).toBe(0);
    expect(model.refusal(remove('Lead'))).toBe('tag_not_found');
    expect(model.answer(add('Lead')).is_new).toBe(true);
  });

  test('may be changed after the end', () => {
    model.answer(end(chatId));
    expect(model.eventsOf(add('Lead'))).toEqual(['tag_created', 'tag_added']);
    expect(model.eventsOf(remove('Lead'))).toEqual(['tag_removed']);
    expect(model.chat(chatId).facts.is_waiting).toBe(false);
  });

  test('is refused where the grant does not cover the chat', () => {
    const grant = { kind: 'member' as const, user_id: AGENT.id };
    expect(model.refusal(add('Lead', { grant }))).toBe('not_a_member');
    expect(model.refusal(remove('Lead', { grant }))).toBe('not_a_member');
    expect(model.refusal(add('Lead', { chat_id: 'elsewhere' }))).toBe('chat_not_found');
  });

  test('is one of a thousand at most', () => {
    for (let place = 0; place < 1000; place++) model.answer(add(`tag ${place}`));
    expect(model.refusal(add('one more'))).toBe('too_many_tags');
    expect(model.refusal(add('tag 7'))).toBeNull();
    model.answer(remove('tag 7'));
    expect(model.refusal(add('one more'))).toBeNull();
  });

  test('is added and removed once by repeated commands', () => {
    const adding = add('Lead');
    const first = model.answer(adding);
    const removing = remove('Lead');
    model.answer(removing);
    const { length } = model.log;
    expect(model.answer(adding)).toEqual(first);
    expect(model.answer(removing)).toEqual({ name: 'Lead' });
    expect(model.log).toHaveLength(length);
  });
});
