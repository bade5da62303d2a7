import { beforeEach, describe, expect, test } from 'vitest';
import type { Command, JoinChat, MessagesReceived, PostMessage } from '../../../src/domain/commands.ts';
import { messageKey } from '../../../src/domain/fingerprints.ts';
import type { ChatGrant } from '../../../src/resources/chat-grant.ts';
import { AGENT } from '../../support/sample-events.ts';
import { IDENTITY, ORGANIZATION, receiveCommand, ThreadModel } from '../../support/thread-model.ts';

const ROUTED: ChatGrant = {
  kind: 'reach',
  reach: { organization_id: ORGANIZATION, room_ids: [] },
  is_pending: false,
};

let model: ThreadModel;
let chatId: string;

beforeEach(() => {
  model = new ThreadModel(1_800_000_000_000);
  chatId = receive('first').chat_id;
});

function receive(body: string): MessagesReceived {
  return answerOf<MessagesReceived>(messageCommand(body));
}

function messageCommand(body: string) {
  const content = { message_id: body, sender_type: 'visitor' as const, sender_id: 'customer@example.com', body };
  const rest = { created_at: null, selected_reply_suggestion_id: null, user: null };
  return receiveCommand({ messages: [{ ...content, ...rest, key: messageKey(content) }] });
}

function answerOf<Answer>(command: Command): Answer {
  const decision = model.execute(command);
  if (!decision.ok) throw new Error(decision.refusal.reason);
  return decision.answer as Answer;
}

function join(more: Partial<JoinChat> = {}): JoinChat {
  const command_id = crypto.randomUUID();
  const joins = { is_present: true, must_be_present: false, is_kept_out: false, is_participating: true };
  const rest = { grant: ROUTED, composing_status: 'idle' as const };
  return { v: 1, type: 'join_chat', command_id, chat_id: chatId, actor: AGENT, ...joins, ...rest, ...more };
}

function close(): Command {
  const command_id = crypto.randomUUID();
  return { v: 1, type: 'close_thread', command_id, identity: IDENTITY, organization_id: ORGANIZATION };
}

describe('a command that is repeated because its answer was lost', () => {
  test('joins once, and is answered as new again', () => {
    const command = join();
    expect(answerOf(command)).toMatchObject({ is_new: true });
    const { length } = model.log;
    expect(answerOf(command)).toMatchObject({ is_new: true });
    expect(model.log).toHaveLength(length);
  });

  test('does not make an existing member new', () => {
    answerOf(join({ is_participating: false }));
    const command = join();
    expect(answerOf(command)).toMatchObject({ is_new: false });
    expect(answerOf(command)).toMatchObject({ is_new: false, member: { is_participating: true } });
  });

  test('does not bring back a member who has left since', () => {
    const command = join();
    answerOf(command);
    answerOf(join({ is_participating: false }));
    expect(answerOf(command)).toMatchObject({ member: { is_participating: false } });
  });

  test('closes one session only, even after the next has opened and was busy', () => {
    const command = close();
    expect(answerOf(command)).toEqual({ chat_id: chatId, was_open: true });
    for (let place = 0; place < 20; place++) receive(`message ${place}`);
    expect(answerOf(command)).toEqual({ chat_id: chatId, was_open: true });
    expect(receive('last').is_new_session).toBe(false);
  });

  test('posts once, even if the session has ended and rotated in between', () => {
    answerOf(join());
    const head = { v: 1 as const, command_id: crypto.randomUUID(), chat_id: chatId, actor: AGENT };
    const plain = { selected_reply_suggestion_id: null, attachments: [], attachment_template: null };
    const command: PostMessage = { ...head, type: 'post_message', message: 'hi', ...plain };
    const first = answerOf(command);
    answerOf(close());
    receive('next session');
    const { length } = model.log;
    expect(answerOf(command)).toEqual(first);
    expect(model.log).toHaveLength(length);
  });

  test('receives once, and is not answered as a repeat, even after a rotation', () => {
    const command = messageCommand('second');
    const first = answerOf<MessagesReceived>(command);
    answerOf(close());
    receive('next session');
    expect(answerOf(command)).toEqual(first);
    expect(first.is_repeat).toBe(false);
    expect(answerOf({ ...command, command_id: crypto.randomUUID() })).toEqual({ ...first, is_repeat: true });
  });
});
