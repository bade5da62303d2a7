import { beforeEach, describe, expect, test } from 'vitest';
import type { PostVisitorMessage } from '../../../../src/domain/commands.ts';
import { messageKey } from '../../../../src/domain/fingerprints.ts';
import type { AttachmentTemplate, NewAction } from '../../../../src/resources/attachment.ts';
import { isUuid } from '../../../../src/resources/uuid.ts';
import {
  ACTION,
  ATTACHMENT,
  COLLEAGUE,
  choice,
  end,
  incoming,
  join,
  post,
  say,
  visitorsChat,
  waitingChat,
} from '../../../support/sample-commands.ts';
import { AGENT, VISITOR } from '../../../support/sample-events.ts';
import { receiveCommand, type ThreadModel } from '../../../support/thread-model.ts';

let model: ThreadModel;
let chatId: string;

beforeEach(() => {
  ({ model, chatId } = visitorsChat());
});

function offer(action: Partial<NewAction> = {}, template: AttachmentTemplate = 'generic') {
  const attachments = [{ ...ATTACHMENT, actions: [{ ...ACTION, ...action }] }];
  return model.answer(post(chatId, { attachments, attachment_template: template })).message;
}

const respond = (content: PostVisitorMessage['content']) => model.answer(say(model, chatId, content)).message;
const refusal = (content: PostVisitorMessage['content']) => model.refusal(say(model, chatId, content));

describe("a user's message", () => {
  test('ends the waiting; only members can post, and not in an ended chat', () => {
    const waiting = waitingChat();
    expect(waiting.model.refusal(post(waiting.chatId))).toBe('not_a_member');
    waiting.model.answer(join(waiting.chatId, { is_participating: false }));
    waiting.model.answer(post(waiting.chatId));
    expect(waiting.model.chat(waiting.chatId).facts).toMatchObject({ is_waiting: false, user_message_count: 1 });
    waiting.model.answer(end(waiting.chatId));
    expect(waiting.model.refusal(post(waiting.chatId))).toBe('message_to_ended_chat');
  });

  test('has files only in a chat of its sender’s organization', () => {
    const file = { id: 'f1', name: 'a.pdf', content_type: 'application/pdf', size: 1, sha256: '' };
    const attachments = [{ ...ATTACHMENT, file }];
    const guest = { ...AGENT, id: COLLEAGUE.id, organization_id: '0190a000-0000-7000-8000-00000000f0f0' };
    model.answer(join(chatId, { actor: guest }));
    expect(model.refusal(post(chatId, { actor: guest, attachments }))).toBe('files_of_other_organization');
    expect(model.answer(post(chatId, { actor: guest })).message.attachments).toEqual([]);
    const { message } = model.answer(post(chatId, { message: '', attachments, attachment_template: 'generic' }));
    expect(message).toMatchObject({ message: '', attachments: [{ file }] });
  });

  test('gives its attachments and their actions ids that do not change', () => {
    const message = model.answer(
      post(chatId, {
        attachments: [ATTACHMENT, { ...ATTACHMENT, actions: [ACTION, ACTION] }],
        attachment_template: 'generic',
      }),
    ).message;
    const ids = message.attachments.flatMap(({ id, actions }) => [id, ...actions.map((action) => action.id)]);
    expect(new Set(ids).size).toBe(5);
    expect(ids.every(isUuid)).toBe(true);
    const [first] = message.attachments;
    expect(first).toEqual({ ...ATTACHMENT, id: first?.id, actions: [{ ...ACTION, id: first?.actions[0]?.id }] });
    expect(message.attachment_template).toBe('generic');
  });

  test('is posted once by a retry, with the same ids of its attachments', () => {
    const command = post(chatId, { attachments: [ATTACHMENT], attachment_template: 'generic' });
    const first = model.answer(command);
    const { length } = model.log;
    expect(model.answer(command)).toEqual(first);
    expect(model.log).toHaveLength(length);
  });

  test('makes the conversation real only together with a visitor’s message, and not if a bot sent it', () => {
    model.answer(post(chatId));
    expect(model.chat(chatId).facts).toMatchObject({ has_human_message: true, visitor_message_count: 0 });
  });
});

describe("a visitor's text", () => {
  test('makes the chat wait and carries their name', () => {
    const message = respond({ type: 'msg', message: 'hello?' });
    expect(message).toMatchObject({ type: 'msg', sender_type: 'visitor', sender_id: VISITOR, sender_name: 'Jane' });
    expect(model.chat(chatId).facts).toMatchObject({ is_waiting: true, visitor_message_count: 1 });
  });

  test('is refused in the chat of another visitor, in an unknown chat, and in an ended one', () => {
    const another = { ...say(model, chatId), visitor_id: 'f'.repeat(32) };
    expect(model.refusal(another)).toBe('chat_not_found');
    expect(model.refusal(say(model, 'elsewhere'))).toBe('chat_not_found');
    model.answer(end(chatId));
    expect(model.refusal(say(model, chatId))).toBe('message_to_ended_chat');
  });

  test('is posted once by a retry', () => {
    const command = say(model, chatId);
    const first = model.answer(command);
    expect(model.answer(command)).toEqual(first);
    expect(model.chat(chatId).facts.visitor_message_count).toBe(1);
  });
});

describe("a visitor's choice", () => {
  test('to an action repeats its text and value; it does not count or make the chat wait, but keeps it alive', () => {
    const message = offer();
    const before = model.chat(chatId).facts;
    const response = respond(choice(message));
    expect(response).toMatchObject({
      type: 'action',
      message: 'Yes',
      sender_type: 'visitor',
      attachments: [],
      response_to: {
        message_id: message.id,
        attachment: message.attachments[0],
        action: message.attachments[0]?.actions[0],
        value: 'yes',
        text: null,
      },
    });
    const after = model.chat(chatId).facts;
    expect(after).toMatchObject({ is_waiting: false, visitor_message_count: before.visitor_message_count });
    expect(after.last_activity_at).toBe(response.created_at);
    expect(after.last_message_at).toBe(before.last_message_at);
  });

  test.each(['https://example.com/title', 'https://example.com/text', null])(
    'to the link %s repeats the title',
    (value) => {
      const response = respond(choice(offer(), { action_id: null, value }));
      expect(response).toMatchObject({ message: 'Helpful?', response_to: { action: null, value } });
    },
  );

  test('without a title has no text', () => {
    const untitled = { attachments: [{ ...ATTACHMENT, title: null }], attachment_template: 'generic' as const };
    const { message } = model.answer(post(chatId, untitled));
    expect(respond(choice(message, { action_id: null })).message).toBeNull();
  });

  test('is refused when the message does not offer it', () => {
    const message = offer();
    const unknown = '018f0000-0000-7000-8000-0000000000ff';
    expect(refusal(choice(message, { message_id: unknown }))).toBe('message_not_found');
    expect(refusal(choice(message, { attachment_id: unknown }))).toBe('attachment_not_found');
    expect(refusal(choice(message, { action_id: unknown }))).toBe('action_not_found');
    expect(refusal(choice(message, { action_id: null, value: 'https://example.com/' }))).toBe('response_value_unknown');
  });

  test('to an interaction needs a text', () => {
    const message = offer({}, 'interaction');
    expect(refusal(choice(message))).toBe('response_text_required');
    expect(refusal(choice(message, { text: ' ' }))).toBe('response_text_required');
    expect(respond(choice(message, { text: 'five stars' })).response_to?.text).toBe('five stars');
  });

  test('disables an action that is disabled on selection, even if another was chosen', () => {
    const lasting = offer();
    respond(choice(lasting));
    expect(refusal(choice(lasting))).toBeNull();
    const once = offer({ is_disabled_on_selection: true });
    respond(choice(once, { action_id: null }));
    expect(refusal(choice(once))).toBe('action_disabled');
  });

  test('is refused for an action that is disabled on a visitor message, but only after a later text of the visitor', () => {
    model.answer(say(model, chatId));
    const message = offer({ is_disabled_on_visitor_message: true });
    model.answer(join(chatId, { actor: COLLEAGUE }));
    model.answer(post(chatId));
    expect(refusal(choice(message))).toBeNull();
    model.answer(say(model, chatId));
    expect(refusal(choice(message))).toBe('action_disabled');
  });

  test('is made once by a retry, although its action is disabled by then', () => {
    const command = say(model, chatId, choice(offer({ is_disabled_on_selection: true })));
    const first = model.answer(command);
    const { length } = model.log;
    expect(model.answer(command)).toEqual(first);
    expect(model.log).toHaveLength(length);
  });
});

describe('messages of a channel', () => {
  test('start a session that is private if the organization’s setting says so, and that does not end by itself', () => {
    const channel = waitingChat();
    channel.model.answer(end(channel.chatId));
    const { chat_id } = channel.model.answer(incoming('next', { is_private: true }));
    expect(channel.model.chat(chat_id).facts).toMatchObject({
      is_private: true,
      chat_type: 'external',
      lifetime: { idle: null, total: null },
    });
  });

  test('of an import may not be older than a join in the chat', () => {
    const channel = waitingChat();
    const at = channel.model.state.last_at;
    channel.model.answer(join(channel.chatId, { actor: AGENT }), 1000);
    const [message] = incoming('late').messages;
    if (message === undefined) throw new Error('no message');
    const importOf = (created_at: number) =>
      incoming('late', { messages: [{ ...message, created_at }], close_session: true });
    expect(channel.model.refusal(importOf(at + 500))).toBe('created_at_out_of_order');
    expect(channel.model.refusal(importOf(channel.model.state.last_at))).toBeNull();
  });

  test('that are partly repeated answer a retry with the chat that got the new ones', () => {
    const channel = waitingChat();
    channel.model.answer(end(channel.chatId));
    const [old] = incoming('hello').messages;
    const [fresh] = incoming('next').messages;
    if (old === undefined || fresh === undefined) throw new Error('no messages');
    const command = incoming('', { messages: [fresh, old] });
    const first = channel.model.answer(command);
    expect(first).toMatchObject({ is_new_session: true, messages_created: 1 });
    expect(channel.model.answer(command)).toEqual(first);
  });
});

test('of users through a channel cannot exceed the maximum of members', () => {
  const { model, chatId } = waitingChat();
  const from = (first: number, count: number) =>
    receiveCommand({
      messages: Array.from({ length: count }, (_, place) => {
        const user = { ...AGENT, id: `018f0000-0000-7000-8000-${String(first + place).padStart(12, '0')}` };
        const message = { message_id: user.id, sender_type: 'user' as const, sender_id: user.id, body: 'hello' };
        return { ...message, created_at: null, selected_reply_suggestion_id: null, user, key: messageKey(message) };
      }),
    });
  model.answer(from(1, 500));
  model.answer(from(501, 499));
  expect(model.chat(chatId).members.size).toBe(1000);
  expect(model.refusal(from(1000, 1))).toBe('too_many_members');
  expect(model.refusal(incoming('the visitor still writes'))).toBeNull();
});
