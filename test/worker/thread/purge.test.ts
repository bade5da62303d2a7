import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';
import { onFault } from '../../../src/platform/faults.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { type PurgeOrder, threadStub } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { writeBatches } from '../../support/worker/batches.ts';
import { passTime } from '../../support/worker/clock.ts';
import { storedIn } from '../../support/worker/everything-stored.ts';
import { dumpCopy } from '../../support/worker/rich-history.ts';
import {
  accepted,
  type Channel,
  execute,
  nameOf,
  newChannel,
  newUser,
  newVisitorChat,
  nextVisitorChat,
  objectOf,
  readMessages,
  receive,
  receiveCommand,
  rowsOf,
  stubOf,
  visitorMessage,
} from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

const orderFor = (organization_id: string, more: Partial<PurgeOrder> = {}): PurgeOrder => ({
  id: newUuid(Date.now()),
  organization_id,
  chat_id: null,
  covers: 'visitor',
  before: null,
  ...more,
});

/** Orders a purge and waits until the thread says that it is done. */
async function purge(thread: string, order: PurgeOrder): Promise<void> {
  const answer = () => threadStub(env, thread).purge({ v: 1, order });
  await eventually(async () => expect(accepted(await answer())).toMatchObject({ is_done: true }));
}

const storedOf = (thread: string) => storedIn(env.THREADS.getByName(thread));

/** The copy as text, without the visitors' own tables. */
async function copied(): Promise<string> {
  const { visitors: _, visitor_variables: __, ...copy } = await dumpCopy();
  return JSON.stringify(copy);
}

const THREAD_ID = 't';

/** Two sessions of a channel's thread, with webhooks of every outcome and canaries in everything that can be written. */
async function writtenThread(canary: string): Promise<{ channel: Channel; thread: string; chats: string[] }> {
  const channel = newChannel();
  const thread = nameOf(channel);
  const actor = newUser(channel.organizationId);
  const grant = { kind: 'member' as const, user_id: actor.id };
  const chats: string[] = [];
  for (const session of [1, 2]) {
    const message = { ...visitorMessage(`${canary} asks ${session}`), sender_id: `${canary}@example.com` };
    const variables = { username: `${canary} Jane ${session}`, city: canary, [canary]: 'x' };
    const { chat_id, message_ids } = await receive(receiveCommand(channel, THREAD_ID, [message], { variables }));
    chats.push(chat_id);
    const joins = { is_present: true, must_be_present: false, is_kept_out: false, composing_status: 'idle' as const };
    const reach = { organization_id: channel.organizationId, room_ids: [] };
    await execute(thread, {
      type: 'join_chat',
      chat_id,
      actor,
      grant: { kind: 'reach', reach, is_pending: false },
      is_participating: true,
      ...joins,
    });
    const { suggestion } = await execute(thread, {
      type: 'add_reply_suggestion',
      chat_id,
      message_id: message_ids[0] ?? '',
      grant,
      actor,
      suggestion: `${canary} suggested`,
      relevancy_score: null,
    });
    const posts = { chat_id, actor, attachments: [], attachment_template: null };
    const answered = await execute(thread, {
      type: 'post_message',
      ...posts,
      message: `${canary} answered`,
      selected_reply_suggestion_id: suggestion.id,
    });
    const of = { message_id: answered.message.id, chat_id };
    const report = { type: 'report_message_status' as const, ...of, channel_id: channel.channelId, at: null };
    await execute(thread, { ...report, status: 'failed', reason: `${canary} has no mailbox` });
    await execute(thread, { type: 'edit_message', by: 'user', actor, ...of, message: `${canary} answered again` });
    const stub = stubOf(channel, THREAD_ID);
    const lane = { v: 1 as const, receiver: channel.receiver, track: 'lane' as const, drain: true };
    const claimed = await stub.claim({ ...lane, lease_milliseconds: 15_000 });
    if (claimed.kind !== 'head') throw new Error('no webhook');
    const attempt = { at: Date.now(), duration: 1, status: session === 1 ? 200 : 500, response: canary, error: canary };
    const { lease_token } = claimed;
    const outcome =
      session === 1
        ? { kind: 'delivered' as const, attempt }
        : { kind: 'failed' as const, attempt, max_retry_count: 5, retry_after: null };
    await stub.report({ v: 1, lease_token, outcome, next: null });
    if (session === 1) await execute(thread, { type: 'close_thread', ...closing(channel) });
  }
  return { channel, thread, chats };
}

function closing(channel: Channel) {
  const { identity, organization_id } = receiveCommand(channel, THREAD_ID, []);
  return { identity, organization_id };
}

test('nothing of a purged thread is left in its object, its copy or the log of webhooks, nor after a rebuild', async () => {
  const canary = `canary-${crypto.randomUUID()}`;
  const { channel, thread, chats } = await writtenThread(canary);
  expect(await storedOf(thread)).toContain(canary);
  await eventually(async () => expect(await copied()).toContain(canary));
  await purge(thread, orderFor(channel.organizationId));
  expect(await storedOf(thread)).not.toContain(canary);
  const copy = await copied();
  expect(copy).not.toContain(canary);
  const seqs = await rowsOf<{ seq: number }>(channel, 'SELECT seq FROM events ORDER BY seq');
  expect(seqs.map(({ seq }) => seq)).toEqual(seqs.map((_, place) => place + 1));
  // What a rebuild makes of the log is what the purge left.
  expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
  expect(await copied()).toBe(copy);
  for (const chat_id of chats) {
    const { results } = await env.DB.prepare(
      `SELECT facts ->> '$.purged.at' AS purged_at, facts ->> '$.message' AS message FROM messages WHERE chat_id = ?`,
    )
      .bind(chat_id)
      .all();
    expect(results.length).toBeGreaterThan(1);
    for (const row of results) expect(row).toEqual({ purged_at: expect.any(Number), message: null });
  }
});

test('webhooks of what was purged end as skipped, are counted, and are not sent again', async () => {
  const { channel, thread } = await writtenThread('canary');
  const before = await rowsOf<{ status: string }>(channel, 'SELECT status FROM deliveries');
  expect(new Set(before.map(({ status }) => status))).toEqual(new Set(['delivered', 'pending']));
  await purge(thread, orderFor(channel.organizationId));
  const pending = before.filter(({ status }) => status === 'pending').length;
  const [lane] = await rowsOf<Record<string, number>>(channel, 'SELECT * FROM lanes');
  expect(lane).toMatchObject({ accepted: before.length, delivered: before.length - pending, skipped_purged: pending });
  const ledger = await env.DELIVERY_LOG.prepare('SELECT * FROM ledgers WHERE receiver = ?')
    .bind(channel.receiver)
    .first();
  expect(ledger).toMatchObject({ accepted: before.length, pending: 0, skipped_purged: pending });
  const stub = stubOf(channel, THREAD_ID);
  const filter = { status: null, from: null, to: null };
  expect(await stub.replay({ v: 1, receiver: channel.receiver, filter })).toEqual({ replayed: 0 });
  const [delivery] = await rowsOf<{ id: string }>(channel, 'SELECT id FROM deliveries');
  expect(await stub.readDelivery({ v: 1, delivery_id: delivery?.id ?? '' })).toEqual({ body: null, attempts: [] });
  const { events } = accepted(
    await stub.readEvents({
      v: 1,
      identity: `channel/${channel.channelId}/t`,
      receiver: channel.receiver,
      after: 0,
      limit: 50,
    }),
  );
  expect(events.length).toBe(before.length);
  expect(JSON.stringify(events)).not.toContain('canary');
});

test('a batch that was under way before the purge brings nothing back', async () => {
  const canary = `canary-${crypto.randomUUID()}`;
  const channel = newChannel();
  const message = receiveCommand(channel, THREAD_ID, [visitorMessage(canary)], { variables: { username: canary } });
  const { handed } = await stubOf(channel, THREAD_ID).execute(message, { acknowledged: [] });
  if (handed === null || handed === undefined) throw new Error('no batch');
  expect(JSON.stringify(handed)).toContain(canary);
  await purge(nameOf(channel), orderFor(channel.organizationId));
  const copy = await copied();
  await writeBatches([handed.slice]);
  expect(await copied()).toBe(copy);
  expect(copy).not.toContain(canary);
});

testAlarm('a long thread is purged in portions, and goes on after a crash before each step', async (ring) => {
  const channel = newChannel();
  const thread = nameOf(channel);
  const texts = (part: number) => Array.from({ length: 400 }, (_, index) => visitorMessage(`canary ${part} ${index}`));
  for (const part of [1, 2]) await receive(receiveCommand(channel, THREAD_ID, texts(part)));
  let steps = 0;
  onFault((step, crash) => {
    if (step !== 'before a step of a purge') return;
    steps += 1;
    if (steps % 2 === 1) crash();
  });
  const order = orderFor(channel.organizationId, { covers: 'messages' });
  const ask = async () => {
    const answer = await threadStub(env, thread)
      .purge({ v: 1, order })
      .catch(() => null);
    return answer?.ok === true && answer.answer.is_done;
  };
  for (let rings = 0; !(await ask()); rings++) {
    if (rings > 60) throw new Error('the purge does not come to an end');
    passTime(301_000);
    await ring(objectOf(channel)).catch(() => null);
  }
  // Four portions of the log, and what comes before and after them.
  expect(steps).toBeGreaterThan(10);
  onFault(null);
  expect(await storedOf(thread)).not.toContain('canary');
  const purges = await rowsOf<{ seq: number }>(channel, `SELECT seq FROM events WHERE type = 'purged'`);
  expect(purges.length).toBeGreaterThan(0);
});

test('the same order again does nothing, and another organization’s is refused', async () => {
  const { channel, thread, chats } = await writtenThread('canary');
  const order = orderFor(channel.organizationId);
  await purge(thread, order);
  const events = () => rowsOf<{ seq: number }>(channel, 'SELECT seq FROM events');
  const before = await events();
  await purge(thread, order);
  expect(await events()).toEqual(before);
  const refused = async (more: Partial<PurgeOrder>) => {
    const answer = await threadStub(env, thread).purge({
      v: 1,
      order: { ...orderFor(channel.organizationId), ...more },
    });
    return answer.ok ? null : answer.refusal.reason;
  };
  expect(await refused({ organization_id: newUuid(Date.now()) })).toBe('thread_not_found');
  expect(await refused({ chat_id: newUuid(Date.now()) })).toBe('chat_not_found');
  expect(await refused({ chat_id: chats[0] ?? '' })).toBeNull();
  const unknown = { v: 1 as const, order: orderFor(channel.organizationId) };
  expect(await threadStub(env, '0123456789abcdef012').purge(unknown)).toMatchObject({ ok: false });
});

test('a purge of older messages keeps the newer ones, in the object and in the copy', async () => {
  const { thread, chat_id, actor, grant } = await newVisitorChat();
  const posts = { type: 'post_message' as const, chat_id, actor, attachments: [], attachment_template: null };
  const say = (message: string) => execute(thread, { ...posts, message, selected_reply_suggestion_id: null });
  await say('canary');
  passTime(1000);
  const { message } = await say('kept');
  const order = orderFor(actor.organization_id, { covers: 'messages', chat_id, before: message.created_at });
  await purge(thread, order);
  const { messages } = await readMessages(thread, chat_id, actor);
  const texts = messages.flatMap((each) => (each.message.type === 'msg' ? [each.message.message] : []));
  expect(texts).toEqual([null, 'kept']);
  expect(await storedOf(thread)).not.toContain('canary');
  const copy = await env.DB.prepare('SELECT facts FROM messages WHERE chat_id = ?').bind(chat_id).all();
  expect(JSON.stringify(copy.results)).toContain('kept');
  expect(JSON.stringify(copy.results)).not.toContain('canary');
  const { chat } = accepted(await threadStub(env, thread).read({ v: 1, type: 'read_chat', chat_id, grant })) as {
    chat: { ended_at: number | null };
  };
  expect(chat.ended_at).toBeNull();
});

test('a purge of older messages reaches their later changes, and refuses further ones', async () => {
  const { thread, chat_id, actor } = await newVisitorChat();
  const posts = { type: 'post_message' as const, chat_id, actor, attachments: [], attachment_template: null };
  const say = (message: string) => execute(thread, { ...posts, message, selected_reply_suggestion_id: null });
  const { message: old } = await say('old');
  passTime(1000);
  const { message } = await say('kept');
  const of = { by: 'user' as const, chat_id, actor };
  await execute(thread, { type: 'edit_message', ...of, message_id: old.id, message: 'canary' });
  await execute(thread, { type: 'edit_message', ...of, message_id: message.id, message: 'kept too' });
  await eventually(async () => expect(await copied()).toContain('canary'));
  const order = orderFor(actor.organization_id, { covers: 'messages', chat_id, before: message.created_at });
  await purge(thread, order);
  expect(await storedOf(thread)).not.toContain('canary');
  expect(await storedOf(thread)).toContain('kept too');
  const copy = await copied();
  expect(copy).not.toContain('canary');
  expect(copy).toContain('kept too');
  const again = { v: 1 as const, command_id: 'again', type: 'edit_message' as const, ...of, message: 'canary' };
  const { result } = await threadStub(env, thread).execute({ ...again, message_id: old.id });
  expect(result).toEqual({ ok: false, refusal: { reason: 'message_purged' } });
  expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
  expect(await copied()).toBe(copy);
});

test('the next message of a purged source opens its thread again, for another visitor', async () => {
  const { channel, thread, chats } = await writtenThread('canary');
  const register = () => env.DB.prepare('SELECT thread_id, mapping_id FROM threads WHERE id = ?').bind(thread).first();
  await eventually(async () => expect(await register()).not.toBeNull());
  const before = await register();
  await purge(thread, orderFor(channel.organizationId));
  expect((await register())?.['thread_id']).toMatch(/^sha256:/);
  const next = await receive(receiveCommand(channel, THREAD_ID, [visitorMessage('again')]));
  expect(next).toMatchObject({ is_new_session: true, mapping_id: before?.['mapping_id'] });
  await eventually(async () => expect(await register()).toEqual(before));
  const visitors = env.DB.prepare('SELECT DISTINCT visitor_id FROM chats WHERE id IN (?, ?)').bind(
    next.chat_id,
    chats[1],
  );
  await eventually(async () => expect((await visitors.all()).results).toHaveLength(2));
});

test('a purge of a chat forgets the keys of its requests, and not those of another one', async () => {
  const first = await newVisitorChat();
  const { thread, actor, chat_id } = first;
  const say = async (chatId: string, command_id: string) => {
    const posts = { type: 'post_message' as const, chat_id: chatId, actor, attachments: [], attachment_template: null };
    const keyed = { v: 1 as const, command_id, keyed_request: 'digest', ...posts };
    const { result } = await threadStub(env, thread).execute({
      ...keyed,
      message: 'hi',
      selected_reply_suggestion_id: null,
    });
    return result.ok && result.is_repeat;
  };
  expect(await say(chat_id, 'first')).toBe(false);
  await execute(thread, { type: 'update_chat', chat_id, grant: first.grant, actor, is_waiting: null, is_ended: true });
  const { chat } = await execute(thread, nextVisitorChat(first, chat_id));
  expect(await say(chat.id, 'second')).toBe(false);
  await purge(thread, orderFor(actor.organization_id, { covers: 'messages', chat_id }));
  const keys = await runInDurableObject(env.THREADS.getByName(thread), (_, { storage }) =>
    storage.sql.exec('SELECT id FROM keyed_commands').toArray(),
  );
  expect(keys).toEqual([{ id: 'second' }]);
  expect(await say(chat.id, 'second')).toBe(true);
});

/** The visitor of a chat, as the object has it. */
const visitorOf = async (channel: Channel, chatId: string) =>
  (await rowsOf<{ id: string }>(channel, `SELECT facts ->> '$.visitor_id' AS id FROM chats WHERE id = '${chatId}'`))[0]
    ?.id ?? '';

/** The chats whose visitor was purged, and the texts of the messages that are left. */
async function leftIn(channel: Channel): Promise<{ purged: string[]; texts: string[] }> {
  const purged = await rowsOf<{ id: string }>(
    channel,
    `SELECT id FROM chats WHERE facts ->> '$.purged_at' IS NOT NULL ORDER BY id`,
  );
  const texts = await rowsOf<{ text: string }>(
    channel,
    `SELECT event ->> '$.message.message' AS text FROM events
     WHERE type = 'message_added' AND event ->> '$.message.message' <> '' ORDER BY seq`,
  );
  return { purged: purged.map(({ id }) => id), texts: texts.map(({ text }) => text) };
}

test('a second purge of a source’s visitor leaves the next visitor alone', async () => {
  const { channel, thread, chats } = await writtenThread('canary');
  const visitor_id = await visitorOf(channel, chats[0] ?? '');
  await purge(thread, orderFor(channel.organizationId, { visitor_id }));
  const next = await receive(receiveCommand(channel, THREAD_ID, [visitorMessage('kept')]));
  await purge(thread, orderFor(channel.organizationId, { visitor_id }));
  expect(await leftIn(channel)).toEqual({ purged: chats, texts: ['kept'] });
  // The next visitor is purged without the one before.
  const theirs = await visitorOf(channel, next.chat_id);
  expect(theirs).not.toBe(visitor_id);
  const order = orderFor(channel.organizationId, { visitor_id: theirs });
  await purge(thread, order);
  expect(await leftIn(channel)).toEqual({ purged: [...chats, next.chat_id], texts: [] });
  const state = accepted(await threadStub(env, thread).purge({ v: 1, order }));
  expect(state).toEqual({ is_done: true, visitor_ids: [theirs] });
});

test('a purge that waits for another one does not take the chat that begins meanwhile', async () => {
  const { channel, thread, chats } = await writtenThread('canary');
  const visitor_id = await visitorOf(channel, chats[0] ?? '');
  const orders = [orderFor(channel.organizationId), orderFor(channel.organizationId)];
  // The first one stops behind the newest chat, so the second one waits.
  let steps = 0;
  onFault((step) => {
    if (step !== 'before a step of a purge') return;
    steps += 1;
    if (steps > 3) throw new Error('fault');
  });
  for (const order of orders) accepted(await threadStub(env, thread).purge({ v: 1, order }));
  const next = await receive(receiveCommand(channel, THREAD_ID, [visitorMessage('kept')]));
  expect(next.is_new_session).toBe(true);
  onFault(null);
  passTime(301_000);
  for (const order of orders) {
    await purge(thread, order);
    const state = accepted(await threadStub(env, thread).purge({ v: 1, order }));
    expect(state).toEqual({ is_done: true, visitor_ids: [visitor_id] });
  }
  expect(await leftIn(channel)).toEqual({ purged: chats, texts: ['kept'] });
});
