import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { wakeOverdueThreads } from '../../../src/delivery/wake-overdue.ts';
import type { EncryptionSetting } from '../../../src/domain/encryption.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { hasTable } from '../../../src/platform/sqlite.ts';
import { chatResource } from '../../../src/resources/chat.ts';
import { messageResource } from '../../../src/resources/message.ts';
import type { UserFacts } from '../../../src/resources/user.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { chatKeyOf, newKeyPair, textOf } from '../../support/chat-decrypter.ts';
import { eventually } from '../../support/eventually.ts';
import { ATTACHMENT } from '../../support/sample-commands.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { writeBatches } from '../../support/worker/batches.ts';
import { setClock } from '../../support/worker/clock.ts';
import { storedIn, storedInD1 } from '../../support/worker/everything-stored.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';
import { channelWithApps } from '../../support/worker/listening-apps.ts';
import { randomFrom } from '../../support/worker/random-thread.ts';
import {
  accepted,
  alarmOf,
  type Channel,
  execute,
  memberGrant,
  nameOf,
  newChannel,
  newUser,
  newVisitorChat,
  nextVisitorChat,
  objectOf,
  read,
  readMessages,
  receive,
  receiveCommand,
  rowsOf,
  stubOf,
  visitorMessage,
} from '../../support/worker/threads.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOON = Math.ceil(Date.now() / HOUR) * HOUR;

let privateKey: CryptoKey;
let encryption: EncryptionSetting;

beforeAll(async () => {
  const pair = await newKeyPair();
  privateKey = pair.privateKey;
  encryption = { public_key: pair.publicKey, key_ttl: 3 * DAY };
});
beforeEach(() => setClock(NOON));
afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Place = { thread: string; chat_id: string; agent: UserFacts };
type Written = Place & { channel: Channel };

/** An encrypted chat of a channel with an app, in which everything that somebody can write is a canary. It has ended. */
async function writtenChat(canary: string, of?: { channel: Channel; key_ttl: number }): Promise<Written> {
  const channel = of?.channel ?? (await channelWithApps(1, 1));
  const thread = nameOf(channel);
  const setting = { ...encryption, key_ttl: of?.key_ttl ?? encryption.key_ttl };
  const question = receiveCommand(channel, 't', [{ ...visitorMessage(`${canary} asks`), subject: canary }]);
  const { chat_id, message_ids } = await receive({ ...question, encryption: setting });
  const agent = newUser(channel.organizationId);
  const grant = memberGrant(agent);
  const reach = { organization_id: channel.organizationId, room_ids: [] };
  const joins = { is_participating: true, is_present: true, must_be_present: false, is_kept_out: false } as const;
  await execute(thread, {
    type: 'join_chat',
    chat_id,
    actor: agent,
    grant: { kind: 'reach', reach, is_pending: false },
    composing_status: 'idle',
    ...joins,
  });
  const { suggestion } = await execute(thread, {
    type: 'add_reply_suggestion',
    chat_id,
    message_id: message_ids[0] ?? '',
    grant,
    actor: agent,
    suggestion: `${canary} suggested`,
    relevancy_score: null,
  });
  const { message } = await execute(thread, {
    type: 'post_message',
    chat_id,
    actor: agent,
    message: `${canary} answers`,
    selected_reply_suggestion_id: suggestion.id,
    attachments: [{ ...ATTACHMENT, title: `${canary} title` }],
    attachment_template: 'generic',
  });
  const of_message = { chat_id, message_id: message.id };
  const report = { type: 'report_message_status' as const, ...of_message, channel_id: channel.channelId, at: null };
  await execute(thread, { ...report, status: 'failed', reason: `${canary} has no mailbox` });
  await execute(thread, { type: 'edit_message', by: 'user', actor: agent, ...of_message, message: `${canary} again` });
  await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
  return { channel, thread, chat_id, agent };
}

const say = (thread: string, chat_id: string, actor: UserFacts, message: string) =>
  execute(thread, {
    type: 'post_message',
    chat_id,
    actor,
    message,
    selected_reply_suggestion_id: null,
    attachments: [],
    attachment_template: null,
  });

const endOf = async ({ thread, chat_id, agent }: Place) =>
  (await read(thread, { v: 1, type: 'read_chat', chat_id, grant: memberGrant(agent) })).chat.ended_at ?? 0;

const isForgotten = async ({ thread, chat_id, agent }: Place) => {
  const { chat } = await read(thread, { v: 1, type: 'read_chat', chat_id, grant: memberGrant(agent) });
  return chat.encryption?.forgotten_at !== undefined;
};

/** What the object still has to do: keys that are due, and orders that are not finished. */
function leftIn(object: DurableObjectStub): Promise<number> {
  return runInDurableObject(object, (_, { storage: { sql } }) => {
    const rows = (table: string, where: string) =>
      hasTable(sql, table) ? sql.exec(`SELECT 1 FROM ${table} WHERE ${where}`).toArray().length : 0;
    return rows('key_ends', `at <= ${Date.now()}`) + rows('purges', 'finished_at IS NULL');
  });
}

/** Rings the alarm until the keys that are due are forgotten. */
async function ringUntilDone(thread: string, ring: Ring = runDurableObjectAlarm): Promise<void> {
  // A stub of an object that has crashed stays broken.
  const object = () => env.THREADS.getByName(thread);
  for (let rings = 0; rings < 80; rings++) {
    await ring(object()).catch(() => null);
    if ((await leftIn(object()).catch(() => null)) === 0) return;
    setClock(Date.now() + 301_000);
  }
  throw new Error('the keys are not forgotten');
}

testAlarm('when a key is forgotten, nothing in clear text is left anywhere, and its owner reads on', async (ring) => {
  const canary = `canary-${crypto.randomUUID()}`;
  const written = await writtenChat(canary);
  const { channel, thread, chat_id, agent } = written;
  await eventually(async () => expect(await storedInD1()).toContain(`${canary} again`));
  expect(await storedIn(objectOf(channel))).toContain(canary);
  setClock((await endOf(written)) + 3 * DAY);
  await ringUntilDone(nameOf(channel), ring);

  for (const store of [await storedIn(objectOf(channel)), await storedInD1()]) {
    expect(store).not.toContain(canary);
    expect(store).not.toContain('aesKeyString');
  }
  const { chat } = await read(thread, { v: 1, type: 'read_chat', chat_id, grant: memberGrant(agent) });
  const { is_encrypted, encrypted_symmetric_key = '' } = chatResource(chat);
  expect(is_encrypted).toBe(true);
  const key = await chatKeyOf(encrypted_symmetric_key, privateKey);
  const { messages } = await readMessages(thread, chat_id, agent);
  const shown = messages.map(({ message }) => messageResource(message, { id: chat_id, room_id: null }));
  const texts = await Promise.all(
    shown.flatMap(({ encrypted_message }) => (encrypted_message == null ? [] : [textOf(encrypted_message, key)])),
  );
  expect(texts).toEqual([`${canary} asks`, `${canary} again`]);
  for (const each of shown) {
    expect(each).toMatchObject({ message: null, is_encrypted: true, sensitive_data_purged_at: null, attachments: [] });
    expect(each.sender_id).not.toBe('');
  }
  // D1 has the same messages, and a rebuild changes nothing of it.
  const copied = () =>
    env.DB.prepare('SELECT facts FROM messages WHERE chat_id = ? ORDER BY place')
      .bind(chat_id)
      .all<{ facts: string }>();
  const copy = await copied();
  expect(copy.results.map(({ facts }) => JSON.parse(facts))).toEqual(messages.map(({ message }) => message));
  expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
  expect((await copied()).results).toEqual(copy.results);
  expect(await storedIn(objectOf(channel))).not.toContain(canary);
});

describe('the time at which a key is forgotten', () => {
  testAlarm('is that of its chat, of several that have ended in a thread', async (ring) => {
    const opened = await newVisitorChat({ encryption: { ...encryption, key_ttl: 3 * DAY } });
    const { thread, actor, grant } = opened;
    const object = env.THREADS.getByName(thread);
    const chats = [opened.chat_id];
    for (const key_ttl of [DAY, 5 * DAY, null]) {
      const chat_id = chats.at(-1) ?? '';
      await say(thread, chat_id, actor, `canary ${chats.length}`);
      await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
      setClock(Date.now() + HOUR);
      const next = { ...nextVisitorChat(opened, chat_id), encryption: { ...encryption, key_ttl } };
      chats.push((await execute(thread, next)).chat.id);
    }
    const [first, second, third] = chats.map((chat_id) => ({ thread, chat_id, agent: actor })) as [Place, Place, Place];
    const left = async () => {
      const stored = await storedIn(object);
      return [1, 2, 3].filter((place) => stored.includes(`canary ${place}`));
    };
    await ring(object);
    setClock(Date.now() + 31_000);
    await ring(object);
    expect(await alarmOf(object)).toBe((await endOf(second)) + DAY);
    // A new instance arms what the platform has dropped.
    await runInDurableObject(object, (_, { storage }) => storage.deleteAlarm());
    await evictDurableObject(object);
    expect(await alarmOf(object)).toBe((await endOf(second)) + DAY);
    setClock((await endOf(second)) + DAY - 1000);
    await ring(object);
    expect(await left()).toEqual([1, 2, 3]);
    setClock((await endOf(second)) + DAY);
    await ringUntilDone(thread, ring);
    expect(await left()).toEqual([1, 3]);
    expect(await Promise.all([first, second, third].map(isForgotten))).toEqual([false, true, false]);
    // Two are due when the alarm comes late. The chat that is open keeps its key.
    setClock((await endOf(third)) + 5 * DAY);
    await ringUntilDone(thread, ring);
    expect(await left()).toEqual([]);
    expect(await Promise.all([first, second, third].map(isForgotten))).toEqual([true, true, true]);
    await say(thread, chats.at(-1) ?? '', actor, 'still encrypted');
    setClock(Date.now() + 31_000);
    await ring(object);
    await ring(object);
    expect(await alarmOf(object)).toBeNull();
  });

  testAlarm(
    'comes soon after the end of a chat whose key is not to be kept, and no repeat shows a text',
    async (ring) => {
      const opened = await newVisitorChat({ encryption: { ...encryption, key_ttl: 0 } });
      const { thread, chat_id, actor, grant } = opened;
      const post = {
        ...{ v: 1 as const, command_id: 'once', type: 'post_message' as const, chat_id, actor },
        ...{ message: 'canary', selected_reply_suggestion_id: null, attachments: [], attachment_template: null },
      };
      accepted((await threadStub(env, thread).execute(post)).result);
      await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
      expect(await alarmOf(env.THREADS.getByName(thread))).toBeLessThanOrEqual(Date.now() + 8000);
      setClock(Date.now() + 8000);
      await ring(env.THREADS.getByName(thread));
      expect(await isForgotten({ thread, chat_id, agent: actor })).toBe(true);
      const { result } = await threadStub(env, thread).execute(post);
      expect(result).toMatchObject({ ok: true, is_repeat: true, answer: { message: { message: null } } });
    },
  );

  test('is not before the end of a chat, and never without a time', async () => {
    const written = await writtenChat('canary');
    const { channel } = written;
    const reopened = receiveCommand(channel, 't', [visitorMessage('again')]);
    await receive({ ...reopened, encryption: { ...encryption, key_ttl: 0 } });
    expect(await rowsOf(channel, 'SELECT chat_id FROM key_ends')).toEqual([{ chat_id: written.chat_id }]);
  });

  testAlarm('is missed by no crash, whatever step it ends', async (ring) => {
    const canary = `canary-${crypto.randomUUID()}`;
    const written = await writtenChat(canary);
    const { channel } = written;
    setClock((await endOf(written)) + 3 * DAY);
    let steps = 0;
    const random = randomFrom(7);
    onFault((step, crash) => {
      if (!['before a step of a purge', 'before commit', 'after commit'].includes(step)) return;
      steps += 1;
      if (random() < 0.4) crash();
    });
    vi.spyOn(console, 'error').mockImplementation(() => {});
    await ringUntilDone(nameOf(channel), ring);
    onFault(null);
    expect(steps).toBeGreaterThan(10);
    expect(await storedIn(objectOf(channel))).not.toContain(canary);
    expect(await isForgotten(written)).toBe(true);
  });

  test('is kept by the watchdog, which rings an alarm that was dropped', async () => {
    await env.DB.exec('DELETE FROM chats');
    const written = await writtenChat('canary');
    const { channel, chat_id } = written;
    const object = objectOf(channel);
    const due = (await endOf(written)) + 3 * DAY;
    await runDurableObjectAlarm(object);
    expect(await alarmOf(object)).not.toBeNull();
    await runInDurableObject(object, (_, { storage }) => storage.deleteAlarm());
    const copied = () =>
      env.DB.prepare('SELECT is_ended, overdue_after FROM chats WHERE id = ?').bind(chat_id).first<object>();
    const hour = Math.ceil(due / HOUR) * HOUR;
    await eventually(async () => expect(await copied()).toEqual({ is_ended: 1, overdue_after: hour }));
    const database = firstDatabase(noCost());
    const wake = () => wakeOverdueThreads(database, (name) => threadStub(env, name), Date.now());
    setClock(hour + 10 * 60_000);
    expect(await wake()).toBe(0);
    setClock(hour + 10 * 60_000 + 1);
    expect(await wake()).toBe(1);
    await ringUntilDone(nameOf(channel));
    expect(await isForgotten(written)).toBe(true);
    await eventually(async () => expect(await copied()).toEqual({ is_ended: 1, overdue_after: null }));
    expect(await wake()).toBe(0);
  });
});

test('a batch that was under way when the key was forgotten brings no text back', async () => {
  const canary = `canary-${crypto.randomUUID()}`;
  const channel = newChannel();
  const message = receiveCommand(channel, 't', [visitorMessage(canary)], { close_session: true });
  const ending = { ...message, encryption: { ...encryption, key_ttl: 0 } };
  const { handed } = await stubOf(channel, 't').execute(ending, { acknowledged: [] });
  if (handed === null || handed === undefined) throw new Error('no batch');
  expect(JSON.stringify(handed)).toContain(canary);
  setClock(Date.now() + 8000);
  await ringUntilDone(nameOf(channel));
  const copy = await storedInD1();
  await writeBatches([handed.slice]);
  expect(await storedInD1()).toBe(copy);
  expect(copy).not.toContain(canary);
});

test('webhooks that were not delivered by then end as skipped, and are read without a text', async () => {
  const written = await writtenChat('canary', { channel: await channelWithApps(1, 1), key_ttl: 0 });
  const { channel } = written;
  const before = await rowsOf<{ id: string }>(channel, 'SELECT id FROM deliveries');
  setClock(Date.now() + 8000);
  await ringUntilDone(nameOf(channel));
  const after = await rowsOf<{ id: string; status: string; body: string }>(
    channel,
    'SELECT id, status, body FROM deliveries',
  );
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  expect(new Set(after.map(({ status, body }) => `${status} ${body}`))).toEqual(new Set(['skipped ']));
  const page = { v: 1 as const, identity: `channel/${channel.channelId}/t`, receiver: channel.receiver };
  const { events } = accepted(await stubOf(channel, 't').readEvents({ ...page, after: 0, limit: 50 }));
  expect(events.length).toBeGreaterThan(1);
  expect(JSON.stringify(events)).not.toContain('canary');
  expect(JSON.stringify(events)).toContain('encrypted_message');
});
