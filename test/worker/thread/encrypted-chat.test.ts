import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, expect, test } from 'vitest';
import type { EncryptionSetting } from '../../../src/domain/encryption.ts';
import { chatResource } from '../../../src/resources/chat.ts';
import { messageResource } from '../../../src/resources/message.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { bodyOf } from '../../../src/thread/webhooks/delivery-bodies.ts';
import { chatKeyOf, newKeyPair, textOf } from '../../support/chat-decrypter.ts';
import { eventually } from '../../support/eventually.ts';
import { ATTACHMENT } from '../../support/sample-commands.ts';
import { storedIn, storedInD1 } from '../../support/worker/everything-stored.ts';
import { channelWithApps } from '../../support/worker/listening-apps.ts';
import {
  type Channel,
  execute,
  memberGrant,
  nameOf,
  newUser,
  objectOf,
  read,
  readMessages,
  receive,
  receiveCommand,
  rowsOf,
  visitorMessage,
} from '../../support/worker/threads.ts';

let privateKey: CryptoKey;
let encryption: EncryptionSetting;

beforeAll(async () => {
  const pair = await newKeyPair();
  privateKey = pair.privateKey;
  encryption = { public_key: pair.publicKey, key_ttl: null };
});

/** An encrypted chat of a channel with an app, and its key as only the holder of the private key gets it. */
async function encryptedChat() {
  const channel = await channelWithApps(1, 1);
  const thread = nameOf(channel);
  const question = receiveCommand(channel, 't', [visitorMessage('Where is it?')], { encryption });
  const { chat_id } = await receive(question);
  const agent = newUser(channel.organizationId);
  const joins = { is_participating: true, is_present: true, must_be_present: false, is_kept_out: false } as const;
  const grant = { kind: 'reach' as const, reach: { organization_id: channel.organizationId, room_ids: [] } };
  await execute(thread, {
    type: 'join_chat',
    chat_id,
    actor: agent,
    grant: { ...grant, is_pending: false },
    composing_status: 'idle',
    ...joins,
  });
  const { chat } = await read(thread, { v: 1, type: 'read_chat', chat_id, grant: memberGrant(agent) });
  const key = await chatKeyOf(chatResource(chat).encrypted_symmetric_key ?? '', privateKey);
  return { channel, thread, chat_id, chat, agent, key };
}

const say = (thread: string, chat_id: string, actor: ReturnType<typeof newUser>, message: string) =>
  execute(thread, {
    type: 'post_message',
    chat_id,
    actor,
    message,
    selected_reply_suggestion_id: null,
    attachments: [],
    attachment_template: null,
  });

/** The bodies of all webhooks that the thread has made. */
function bodies(channel: Channel): Promise<string[]> {
  return runInDurableObject(objectOf(channel), (_, { storage: { sql } }) => {
    const rows = sql.exec<{ seq: number; body: string; content: number }>('SELECT seq, body, content FROM deliveries');
    return rows.toArray().map((row) => bodyOf(sql, row));
  });
}

test('a chat stays encrypted under its key when its object was evicted, and when its log is replayed', async () => {
  const { channel, thread, chat_id, agent, key } = await encryptedChat();
  await evictDurableObject(objectOf(channel));
  await say(thread, chat_id, agent, 'In the post.');
  expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
  const { message } = await say(thread, chat_id, agent, 'Since today.');
  await execute(thread, {
    type: 'edit_message',
    by: 'user',
    actor: agent,
    chat_id,
    message_id: message.id,
    message: 'Since yesterday.',
  });
  const { messages } = await readMessages(thread, chat_id, agent);
  const shown = messages.map((each) => messageResource(each.message, { id: chat_id, room_id: null }));
  expect(shown.every(({ is_encrypted }) => is_encrypted)).toBe(true);
  const texts = shown.flatMap(({ encrypted_message }) => encrypted_message ?? []);
  const read = await Promise.all(texts.map((text) => textOf(text, key)));
  expect(read).toEqual(['Where is it?', 'In the post.', 'Since yesterday.']);
  expect(shown.flatMap((each) => each.message ?? [])).toEqual(read);
});

test('the key is in the first event of the chat, and nowhere else: not in D1, in no webhook, in no answer', async () => {
  const { channel, thread, chat_id, chat, agent, key } = await encryptedChat();
  await say(thread, chat_id, agent, 'In the post.');
  await execute(thread, { type: 'update_chat', chat_id, grant: memberGrant(agent), is_ended: true, is_waiting: null });
  const { aesKeyString, hmacKey } = JSON.parse(key) as { aesKeyString: string; hmacKey: { hmacKeyString: string } };
  const held = await rowsOf<{ type: string }>(channel, `SELECT type FROM events WHERE event LIKE '%aesKeyString%'`);
  expect(held).toEqual([{ type: 'chat_started' }]);
  const ciphertext = await rowsOf<{ text: string }>(
    channel,
    `SELECT event ->> '$.message.encrypted_message' AS text FROM events WHERE event ->> '$.message.message' = 'In the post.'`,
  );
  const inD1 = `"encrypted_message":${JSON.stringify(ciphertext[0]?.text)}`;
  await eventually(async () => expect(await storedInD1()).toContain(JSON.stringify(inD1).slice(1, -1)));
  const told = await bodies(channel);
  expect(told.some((body) => body.includes(inD1))).toBe(true);
  const everywhere = [await storedInD1(), ...told, JSON.stringify(chat)];
  for (const text of everywhere)
    for (const part of [aesKeyString, hmacKey.hmacKeyString]) expect(text).not.toContain(part);
  const inObject = (await storedIn(objectOf(channel))).split(aesKeyString);
  expect(inObject).toHaveLength(2);
});

/** The platform stores no row above this, in bytes. The local one does. */
const LARGEST_ROW = 2_000_000;

test('the longest text, with attachments and webhooks, stays within what the platform stores in a row', async () => {
  const { channel, thread, chat_id, agent } = await encryptedChat();
  // The longest in UTF-8, in characters, and in JSON.
  for (const text of ['🙂'.repeat(75_000), '漢'.repeat(100_000), '\u0001'.repeat(100_000)]) {
    const { message } = await execute(thread, {
      type: 'post_message',
      chat_id,
      actor: agent,
      message: text,
      selected_reply_suggestion_id: null,
      attachments: [{ ...ATTACHMENT, text: 'x'.repeat(195_000) }],
      attachment_template: 'generic',
    });
    const edits = { type: 'edit_message' as const, by: 'user' as const, actor: agent, chat_id };
    await execute(thread, { ...edits, message_id: message.id, message: `b${text.slice(2)}` });
  }
  const sizes: [table: string, column: string][] = [
    ['events', 'event'],
    ['changed_messages', 'facts'],
    ['webhook_contents', 'resources'],
  ];
  for (const [table, column] of sizes) {
    const [row] = await rowsOf<{ size: number }>(
      channel,
      `SELECT max(length(CAST(${column} AS BLOB))) AS size FROM ${table}`,
    );
    expect([table, (row?.size ?? 0) > 600_000, (row?.size ?? LARGEST_ROW) < LARGEST_ROW]).toEqual([table, true, true]);
  }
});
