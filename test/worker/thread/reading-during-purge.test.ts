import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';
import { forget as forgetCached } from '../../../src/directory/changes.ts';
import type { EncryptionSetting } from '../../../src/domain/encryption.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { type PurgeOrder, threadStub } from '../../../src/rpc/thread.ts';
import { replayUpdates } from '../../../src/thread/live/replay-updates.ts';
import { newKeyPair } from '../../support/chat-decrypter.ts';
import { eventually } from '../../support/eventually.ts';
import { setClock } from '../../support/worker/clock.ts';
import { storedIn } from '../../support/worker/everything-stored.ts';
import { channelWithApps } from '../../support/worker/listening-apps.ts';
import {
  accepted,
  execute,
  memberGrant,
  nameOf,
  newChannel,
  newUser,
  objectOf,
  read,
  readMessages,
  receive,
  receiveCommand,
  rowsOf,
  visitorMessage,
} from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

/** A chat with a question, a suggestion for it that was improved, and an edited answer. */
async function writtenChat(encryption: EncryptionSetting | null = null, channel = newChannel()) {
  const thread = nameOf(channel);
  const actor = newUser(channel.organizationId);
  const question = receiveCommand(channel, 't', [visitorMessage('secret question')], { encryption });
  const { chat_id, message_ids } = await receive(question);
  const [message_id = ''] = message_ids;
  const reach = { organization_id: channel.organizationId, room_ids: [] };
  const joins = { is_present: true, must_be_present: false, is_kept_out: false, composing_status: 'idle' as const };
  const grant = { kind: 'reach' as const, reach, is_pending: false };
  await execute(thread, { type: 'join_chat', chat_id, actor, grant, is_participating: true, ...joins });
  const suggests = { chat_id, message_id, grant, actor };
  const { suggestion } = await execute(thread, {
    type: 'add_reply_suggestion',
    ...suggests,
    suggestion: 'secret suggestion',
    relevancy_score: null,
  });
  const posts = { chat_id, actor, attachments: [], attachment_template: null, selected_reply_suggestion_id: null };
  const { message } = await execute(thread, { type: 'post_message', ...posts, message: 'secret answer' });
  const edit = { type: 'edit_message' as const, by: 'user' as const, chat_id, actor, message_id: message.id };
  await execute(thread, { ...edit, message: 'secret answer, edited' });
  return { channel, thread, chat_id, actor, message_id, answer_id: message.id, suggestion_id: suggestion.id };
}

type Chat = Awaited<ReturnType<typeof writtenChat>>;

/** Everything that readers get of a chat. */
async function readAll({ channel, thread, chat_id, actor, message_id, suggestion_id }: Chat) {
  const of = { v: 1, chat_id, grant: memberGrant(actor) } as const;
  const page = { after: null, before: null, descending: false, limit: 50 };
  const suggestion = { ...of, type: 'read_suggestion', message_id, suggestion_id } as const;
  const events = {
    v: 1,
    identity: `channel/${channel.channelId}/t`,
    receiver: channel.receiver,
    after: 0,
    limit: 50,
  } as const;
  const { organizationId: organization_id } = channel;
  const log = threadStub(env, thread).readLog({ v: 1, organization_id, before: null, limit: 50 });
  return {
    messages: (await readMessages(thread, chat_id, actor)).messages,
    message: await read(thread, { ...of, type: 'read_message', message_id }),
    suggestions: (await read(thread, { ...of, type: 'read_suggestions', message_id: null, ...page })).suggestions,
    suggestion: await read(thread, suggestion),
    events: accepted(await threadStub(env, thread).readEvents(events)).events,
    log: accepted(await log).messages,
  };
}

/** An order for the messages of a chat. */
function orderFor({ channel, thread }: Chat, more: Partial<PurgeOrder> = {}): () => Promise<boolean> {
  const order: PurgeOrder = {
    id: newUuid(Date.now()),
    organization_id: channel.organizationId,
    chat_id: null,
    covers: 'messages',
    before: null,
    ...more,
  };
  return async () => accepted(await threadStub(env, thread).purge({ v: 1, order })).is_done;
}

/** Works on a purge until its command is decided, and stops before it goes through the rows. */
async function stopped({ channel }: Chat, work: () => Promise<unknown>): Promise<void> {
  let steps = 0;
  onFault((step) => {
    if (step !== 'before a step of a purge') return;
    steps += 1;
    // The first steps are the choice of the chat and the command.
    if (steps > 2) throw new Error('not yet');
  });
  await eventually(async () => {
    await work();
    expect(await rowsOf(channel, `SELECT seq FROM events WHERE type = 'purged'`)).toHaveLength(1);
  });
}

/** Lets a purge that was stopped go on to its end. */
async function finish({ channel }: Chat, work: () => Promise<unknown>): Promise<void> {
  onFault(null);
  setClock(Date.now() + 301_000);
  await eventually(async () => {
    await work();
    expect(await rowsOf(channel, 'SELECT id FROM purges WHERE finished_at IS NULL')).toEqual([]);
  });
}

const secrets = ({ channel }: Chat) => rowsOf(channel, `SELECT seq FROM events WHERE event LIKE '%secret%'`);

test('readers see what a purge will leave while it has not come to the rows', async () => {
  const chat = await writtenChat();
  expect(JSON.stringify(await readAll(chat))).toContain('secret suggestion');
  const purge = orderFor(chat);
  await stopped(chat, purge);
  expect(await secrets(chat)).not.toEqual([]);
  const during = await readAll(chat);
  expect(JSON.stringify(during)).not.toContain('secret');
  await finish(chat, purge);
  expect(await secrets(chat)).toEqual([]);
  expect(during).toEqual(await readAll(chat));
});

test('nor do they when the object has crashed between the command and the note of it', async () => {
  const chat = await writtenChat();
  const purge = orderFor(chat);
  let steps = 0;
  onFault((step, crash) => {
    if (step === 'before a step of a purge') steps += 1;
    if (steps > 2) throw new Error('not yet');
    if (step !== 'before answer' || steps < 2) return;
    steps = 3;
    crash();
    throw new Error('fault');
  });
  await purge().catch(() => null);
  expect(
    await rowsOf(chat.channel, `SELECT progress FROM purges WHERE progress ->> '$.chat.purged' IS NULL`),
  ).toHaveLength(1);
  expect(await rowsOf(chat.channel, `SELECT seq FROM events WHERE type = 'purged'`)).toHaveLength(1);
  expect(await secrets(chat)).not.toEqual([]);
  expect(JSON.stringify(await readAll(chat))).not.toContain('secret');
  await finish(chat, purge);
});

test('nor the texts of an encrypted chat whose key is being forgotten', async () => {
  const { publicKey: public_key } = await newKeyPair();
  const chat = await writtenChat({ public_key, key_ttl: 1000 });
  const { chat_id, actor, thread } = chat;
  await execute(thread, { type: 'update_chat', chat_id, grant: memberGrant(actor), is_ended: true, is_waiting: null });
  expect(JSON.stringify(await readAll(chat))).toContain('secret answer, edited');
  const forget = async () => {
    setClock(Date.now() + 3_600_000);
    await runDurableObjectAlarm(objectOf(chat.channel));
  };
  await stopped(chat, forget);
  expect(await secrets(chat)).not.toEqual([]);
  const during = await readAll(chat);
  expect(JSON.stringify(during)).not.toContain('secret');
  await finish(chat, forget);
  expect(await secrets(chat)).toEqual([]);
  expect(during).toEqual(await readAll(chat));
});

test('a state of delivery that is noted while the key is being forgotten tells and keeps no text', async () => {
  const { publicKey: public_key } = await newKeyPair();
  const channel = await channelWithApps(1, 1);
  await env.DB.prepare('UPDATE app_webhooks SET on_changed = 1').run();
  const { results } = await env.DB.prepare('SELECT DISTINCT app_id FROM app_webhooks').all<{ app_id: string }>();
  for (const { app_id } of results) forgetCached({ kind: 'app', app_id });
  const chat = await writtenChat({ public_key, key_ttl: 1000 }, channel);
  const { chat_id, actor, thread, answer_id } = chat;
  await execute(thread, { type: 'update_chat', chat_id, grant: memberGrant(actor), is_ended: true, is_waiting: null });
  const forget = async () => {
    setClock(Date.now() + 3_600_000);
    await runDurableObjectAlarm(objectOf(channel));
  };
  await stopped(chat, forget);
  const of = { type: 'report_message_status', chat_id, channel_id: channel.channelId, at: null } as const;
  const delivered = await execute(thread, { ...of, message_id: answer_id, status: 'delivered', reason: null });
  expect(delivered.message).toMatchObject({ message: null, status: { state: 'delivered' } });
  await execute(thread, { ...of, message_id: null, status: 'read', reason: null });
  expect(await secrets(chat)).not.toEqual([]);
  const told = await runInDurableObject(objectOf(channel), (_, { storage: { sql } }) => {
    const { seq } = sql.exec<{ seq: number }>(`SELECT seq FROM events WHERE type = 'purged'`).one();
    return replayUpdates(sql, 'organization', seq, 50).entries;
  });
  expect(told).toHaveLength(2);
  expect(JSON.stringify(told)).not.toContain('secret');
  await finish(chat, forget);
  const accepted = await rowsOf(channel, `SELECT id FROM deliveries WHERE event_type LIKE '%changed%'`);
  expect(accepted.length).toBeGreaterThan(0);
  expect(await storedIn(objectOf(channel))).not.toContain('secret');
});

test('readers see what is not covered, and what was written after the purge', async () => {
  const chat = await writtenChat();
  const { chat_id, thread, actor } = chat;
  const { messages } = await readMessages(thread, chat_id, actor);
  const purge = orderFor(chat, { before: messages.at(-1)?.message.created_at ?? 0 });
  await stopped(chat, purge);
  const posts = { chat_id, actor, attachments: [], attachment_template: null, selected_reply_suggestion_id: null };
  await execute(thread, { type: 'post_message', ...posts, message: 'new' });
  const during = await readAll(chat);
  const texts = during.messages.filter(({ message }) => message.type === 'msg').map(({ message }) => message.message);
  expect(texts).toEqual([null, 'secret answer, edited', 'new']);
  expect(during.suggestions.map(({ suggestion }) => suggestion)).toEqual(['']);
  await finish(chat, purge);
  expect(during).toEqual(await readAll(chat));
});
