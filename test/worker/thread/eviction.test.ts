import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { PostMessage } from '../../../src/domain/commands.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { LeasedDelivery } from '../../../src/rpc/lane.ts';
import type { ReplicaBatch } from '../../../src/rpc/projector.ts';
import { projectorStub } from '../../../src/rpc/projector.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { countWrites } from '../../support/worker/projector.ts';
import {
  accepted,
  allRooms,
  nameOf,
  newChannel,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  stubOf,
  userMessage,
  visitorMessage,
} from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function copiedMessages(chatId: string): Promise<unknown[]> {
  const { results } = await env.DB.prepare('SELECT place AS id FROM messages WHERE chat_id = ? ORDER BY seq')
    .bind(chatId)
    .all();
  return results.map(({ id }) => id);
}

describe('a thread that was evicted', () => {
  test('continues with the next seq, the same session, its repeats and its retries', async () => {
    const channel = newChannel();
    const user = newUser(channel.organizationId);
    const first = receiveCommand(channel, 't', [visitorMessage('one', 'm-1'), userMessage('two', user)]);
    const opening = await receive(first);
    const post: PostMessage = {
      v: 1,
      type: 'post_message',
      command_id: crypto.randomUUID(),
      chat_id: opening.chat_id,
      actor: user,
      rooms: allRooms(channel.organizationId),
      message: 'three',
      selected_reply_suggestion_id: null,
      attachments: [],
      attachment_template: null,
    };
    const posted = accepted((await stubOf(channel, 't').execute(post)).result);
    await evictDurableObject(objectOf(channel));
    expect(accepted((await stubOf(channel, 't').execute(post)).result)).toEqual(posted);
    await evictDurableObject(objectOf(channel));
    const repeat = await receive({ ...first, command_id: crypto.randomUUID() });
    expect(repeat).toMatchObject({ message_ids: opening.message_ids, is_repeat: true });
    const next = await receive(receiveCommand(channel, 't', [visitorMessage('four')]));
    expect(next).toMatchObject({ chat_id: opening.chat_id, mapping_id: opening.mapping_id, is_new_session: false });
    expect(next.seqs).toEqual([(opening.seqs.at(-1) ?? 0) + 2]);
    expect(await copiedMessages(opening.chat_id)).toHaveLength(4);
  });

  testAlarm('sends what D1 did not get, without a further command', async (ring) => {
    const channel = newChannel();
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    const { chat_id, message_ids } = await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
    await evictDurableObject(objectOf(channel));
    onFault(null);
    passTime(31_000);
    expect(await ring(objectOf(channel))).toBe(true);
    expect(await copiedMessages(chat_id)).toEqual(message_ids);
  });

  testAlarm('keeps its leases, its versions and its alarm', async (ring) => {
    const channel = newChannel();
    const user = newUser(channel.organizationId);
    await receive(receiveCommand(channel, 't', [userMessage('one', user), userMessage('two', user)]));
    const request = { v: 1 as const, receiver: channel.receiver, track: 'lane' as const, drain: false };
    const claim = () => stubOf(channel, 't').claim({ ...request, lease_milliseconds: 15_000 });
    const head = (await claim()) as LeasedDelivery;
    await evictDurableObject(objectOf(channel));
    expect((await claim()).kind).toBe('wait');
    const attempt = { at: Date.now(), duration: 1, status: 200, response: '', error: null };
    const outcome = { kind: 'delivered' as const, attempt };
    const report = { v: 1 as const, lease_token: head.lease_token, outcome, next: null };
    expect(await stubOf(channel, 't').report(report)).toMatchObject({ is_stale: false });
    await evictDurableObject(objectOf(channel));
    const second = (await claim()) as LeasedDelivery;
    await stubOf(channel, 't').report({ ...report, lease_token: second.lease_token });
    const versions = await runInDurableObject(objectOf(channel), (_, state) =>
      state.storage.sql.exec('SELECT version FROM deliveries UNION ALL SELECT version FROM lanes').toArray(),
    );
    expect(new Set(versions.map(({ version }) => version)).size).toBe(3);
    passTime(31_000);
    expect(await ring(objectOf(channel))).toBe(true);
    const copy = await env.DB.prepare('SELECT accepted, delivered, pending FROM lanes WHERE receiver = ?')
      .bind(channel.receiver)
      .first();
    expect(copy).toEqual({ accepted: 2, delivered: 2, pending: 0 });
  });

  testAlarm('does not write its log to D1 twice once the checkpoint is stored', async (ring) => {
    const channel = newChannel();
    await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
    await ring(objectOf(channel));
    await evictDurableObject(objectOf(channel));
    const writes = await countWrites(nameOf(channel));
    await runInDurableObject(objectOf(channel), (instance) =>
      (instance as unknown as { alarm(): Promise<void> }).alarm(),
    );
    expect(writes.count()).toBe(0);
  });
});

test('a projector that was evicted takes the next batch', async () => {
  const thread = '0000000000000000000';
  const row = () => JSON.stringify([newUuid(Date.now()), newUuid(Date.now()), newUuid(Date.now()), 1]);
  const batch = (): ReplicaBatch => ({ v: 4, thread, rows: { visitors: [row()] }, size: 100 });
  expect(await projectorStub(env, 'DB', thread).write('DB', [batch()])).toMatchObject([{ ok: true }]);
  await evictDurableObject(env.PROJECTORS.getByName('DB/0'));
  expect(await projectorStub(env, 'DB', thread).write('DB', [batch()])).toMatchObject([{ ok: true }]);
});

test('a thread that starts behind D1, with more than a batch, sends a changed flag', async () => {
  const channel = newChannel();
  const user = newUser(channel.organizationId);
  const long = Array.from({ length: 12 }, () => visitorMessage('🙂'.repeat(100_000)));
  const { chat_id } = await receive(receiveCommand(channel, 't', [userMessage('hello', user), ...long]));
  const chat = () => env.DB.prepare('SELECT seq, is_waiting FROM chats WHERE id = ?').bind(chat_id).first();
  await eventually(async () => expect(await chat()).toEqual({ seq: 17, is_waiting: 1 }));
  // Its checkpoint is not stored yet, so it sends the log again, in two batches, after the flag has changed.
  await evictDurableObject(objectOf(channel));
  await receive(receiveCommand(channel, 't', [userMessage('answer', user)]));
  await eventually(async () => expect(await chat()).toEqual({ seq: 18, is_waiting: 0 }));
});
