import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import { accepted, newChannel, receive, receiveCommand, stubOf, visitorMessage } from '../../support/worker/threads.ts';

test('a message opens a session, the next one joins it, and D1 has both', async () => {
  const channel = newChannel();
  const first = await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
  const second = await receive(receiveCommand(channel, 't', [visitorMessage('two')]));
  expect(first.is_new_session).toBe(true);
  expect(second).toMatchObject({ is_new_session: false, chat_id: first.chat_id, mapping_id: first.mapping_id });
  const { results } = await env.DB.prepare('SELECT place AS id, seq FROM messages WHERE chat_id = ? ORDER BY seq')
    .bind(first.chat_id)
    .all();
  expect(results).toEqual([
    { id: first.message_ids[0], seq: first.seqs[0] },
    { id: second.message_ids[0], seq: second.seqs[0] },
  ]);
});

test('a plain message costs one D1 batch with two rows and three rows in the object', async () => {
  const channel = newChannel();
  await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
  const command = receiveCommand(channel, 't', [visitorMessage('two')]);
  const { cost } = await stubOf(channel, 't').execute(command);
  expect(cost.d1.trips).toBe(1);
  expect(cost.d1.rowsWritten).toBe(2);
  expect(cost.thread.rowsWritten).toBe(3);
});

test('fingerprints differ between threads, and are known after an eviction', async () => {
  const channel = newChannel();
  const message = visitorMessage('the same text', 'm-1');
  const objectIn = (thread_id: string) =>
    env.THREADS.getByName(threadName({ kind: 'channel', channel_id: channel.channelId, thread_id }));
  const stored = async (thread: string) => {
    const { message_ids } = await receive(receiveCommand(channel, thread, [message]));
    const keys = await runInDurableObject(objectIn(thread), (_, { storage }) =>
      storage.sql.exec<{ key: string }>('SELECT key FROM received').toArray(),
    );
    await evictDurableObject(objectIn(thread));
    const again = await receive(receiveCommand(channel, thread, [message]));
    expect(again).toMatchObject({ message_ids, messages_created: 1, is_repeat: true });
    return keys.map(({ key }) => key);
  };
  const keys = [...(await stored('one')), ...(await stored('two'))];
  expect(new Set(keys).size).toBe(2);
  expect(keys).not.toContain(message.key);
});

test('fifty parallel messages to a new and to a just-ended thread make one session each', async () => {
  const channel = newChannel();
  const send = (text: string) => receive(receiveCommand(channel, 't', [visitorMessage(text)]));
  const first = await Promise.all(Array.from({ length: 50 }, (_, index) => send(`first ${index}`)));
  expect(new Set(first.map((answer) => answer.chat_id)).size).toBe(1);
  expect(first.filter((answer) => answer.is_new_session)).toHaveLength(1);
  await receive(receiveCommand(channel, 't', [visitorMessage('bye')], { close_session: true }));
  const second = await Promise.all(Array.from({ length: 50 }, (_, index) => send(`second ${index}`)));
  expect(new Set(second.map((answer) => answer.chat_id)).size).toBe(1);
  expect(second[0]?.chat_id).not.toBe(first[0]?.chat_id);
  expect(second.filter((answer) => answer.is_new_session)).toHaveLength(1);
});

test('a retried close does not end the session that has started since', async () => {
  const channel = newChannel();
  const first = await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
  const { identity, organization_id } = receiveCommand(channel, 't', []);
  const close = { v: 1, type: 'close_thread', command_id: crypto.randomUUID(), identity, organization_id } as const;
  const stub = stubOf(channel, 't');
  expect(accepted((await stub.execute(close)).result)).toEqual({ chat_id: first.chat_id, was_open: true });
  const second = await receive(receiveCommand(channel, 't', [visitorMessage('two')]));
  expect(accepted((await stub.execute(close)).result)).toEqual({ chat_id: first.chat_id, was_open: true });
  const third = await receive(receiveCommand(channel, 't', [visitorMessage('three')]));
  expect(third).toMatchObject({ chat_id: second.chat_id, is_new_session: false });
});
