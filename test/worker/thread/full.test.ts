import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import {
  newChannel,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  stubOf,
  visitorMessage,
} from '../../support/worker/threads.ts';

const NINE_GIGABYTES = 9_000_000_000;

test('a full thread accepts no message and no tag, but it accepts reports of presence and ends its chats', async () => {
  const channel = newChannel();
  const { chat_id } = await receive(receiveCommand(channel, 't', [visitorMessage('hello')]));
  await runInDurableObject(objectOf(channel), (_, state) => {
    Object.defineProperty(state.storage.sql, 'databaseSize', { get: () => NINE_GIGABYTES, configurable: true });
  });
  // The thread checks its size every fifty commands.
  for (let command = 0; command < 49; command++) await receive(receiveCommand(channel, 't', [visitorMessage('more')]));
  const head = () => ({ v: 1 as const, command_id: crypto.randomUUID() });
  const grant = {
    kind: 'reach' as const,
    reach: { organization_id: channel.organizationId, room_ids: [] },
    is_pending: false,
  };
  const thread = stubOf(channel, 't');
  const actor = newUser(channel.organizationId);
  const full = { ok: false, refusal: { reason: 'thread_full' } };

  const message = await thread.execute(receiveCommand(channel, 't', [visitorMessage('more')]));
  expect(message.result).toEqual(full);
  expect((await thread.execute({ ...head(), type: 'add_tag', chat_id, grant, actor, name: 'Lead' })).result).toEqual(
    full,
  );
  const told = { ...head(), type: 'change_presence' as const, chat_id, user_id: actor.id, is_present: true };
  expect((await thread.execute(told)).result).toEqual({ ok: true, answer: { is_watched: false }, is_repeat: false });
  const ended = await thread.execute({
    ...head(),
    type: 'update_chat',
    chat_id,
    grant,
    is_ended: true,
    is_waiting: null,
  });
  expect(ended.result).toMatchObject({ ok: true, answer: { chat: { ended_at: expect.any(Number) } } });
});
