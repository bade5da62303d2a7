/** Encrypted chats over HTTP, read by a program that has the private key and the format, and nothing of the hub. */
import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { textOf } from '../support/chat-decrypter.ts';
import { makeFolder, openHub, type TestHub } from '../support/local/hub.ts';
import { runScript } from '../support/local/script-process.ts';
import { storeText } from '../support/local/store-text.ts';

type Json = Record<string, unknown>;
type Envelope = { channel: string; action: string; resource_id: string; resource: Json };

let site: TestHub;
/** Where the organization keeps its keys. */
let folder: string;

const openssl = (args: string, input: Uint8Array = Buffer.of()) =>
  execFileSync('openssl', args.split(' '), { cwd: folder, input, stdio: ['pipe', 'pipe', 'ignore'] });

beforeAll(async () => {
  site = await openHub({ variables: { AUTH_CACHE_SECONDS: '0' } });
  folder = await makeFolder();
  openssl('genrsa -out private.pem 2048');
  const publicKey = openssl('rsa -in private.pem -pubout').toString();
  const set = runScript(
    'scripts/admin.ts',
    ['organizations', 'update', '--organization', site.demo.organization_id, `--encryption-public-key=${publicKey}`],
    { UMI_ADMIN_TOKEN: site.hub.adminToken, UMI_BASE_URL: site.hub.url },
  );
  expect([await set.ended, set.output()]).toEqual([0, expect.stringContaining('BEGIN PUBLIC KEY')]);
  const pages = { terms_url: 'https://archive.example/terms', privacy_url: 'https://archive.example/privacy' };
  const app = await ok('POST', `${org()}/apps`, { name: 'Archive', is_app_user_required: false, ...pages });
  for (const part of ['', '/*/messages']) {
    await ok('POST', `${org()}/apps/${app['id']}/webhooks`, {
      endpoint_url: `${site.receiver.url}/archive`,
      channel_pattern: `/api/v5/orgs/{organization_id}/owned_chats${part}`,
      on_added: true,
      on_changed: true,
    });
  }
  await ok('POST', `${org()}/app_installations`, { app_id: app['id'] });
});
afterAll(async () => {
  await site.stop();
  await rm(folder, { recursive: true });
});

const org = () => `/api/v5/orgs/${site.demo.organization_id}`;
const agentPath = () => `/api/v5/users/${site.demo.agent.id}`;

async function ok(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  token?: string,
): Promise<Json> {
  const answer = await site.client.request(method, path, body, token);
  expect([method, path, answer.status < 300, answer.body]).toEqual([method, path, true, answer.body]);
  return answer.body as Json;
}

/** The key of a chat, which openssl reads with the private key. */
function chatKeyOf(chat: Json): string {
  expect(chat).toMatchObject({ is_encrypted: true, encrypted_symmetric_key: expect.any(String) });
  const encrypted = Buffer.from(String(chat['encrypted_symmetric_key']), 'base64');
  return openssl('pkeyutl -decrypt -inkey private.pem -pkeyopt rsa_padding_mode:oaep', encrypted).toString();
}

/** What the app was told of a chat, as it is now: each resource with the changes since it was added. */
function toldOf(chatId: string): { chat: Json; messages: Json[] } {
  const resources = new Map<string, Json>();
  for (const { body } of site.receiver.requests.filter(({ path }) => path === '/archive')) {
    const { channel, resource_id, resource } = JSON.parse(body) as Envelope;
    if (resource_id !== chatId && !channel.includes(chatId)) continue;
    resources.set(resource_id, { ...resources.get(resource_id), ...resource });
  }
  const { [chatId]: chat = {}, ...messages } = Object.fromEntries(resources);
  return { chat, messages: Object.values(messages) };
}

async function textsOf(messages: Json[], chatKey: string): Promise<string[]> {
  const texts = messages.flatMap(({ encrypted_message }) =>
    typeof encrypted_message === 'string' ? [textOf(encrypted_message, chatKey)] : [],
  );
  return (await Promise.all(texts)).sort();
}

/** A chat of a channel with an answer, an edited message, a deleted one and a tag. Answers its texts. */
async function haveChat(thread: string): Promise<{ chatId: string; texts: string[] }> {
  const { client, demo } = site;
  const channel = await client.registerChannel(`${site.receiver.url}/replies`);
  const { chat_id: chatId } = await client.sendMessage(channel.id, thread, 'Wo bleibt meine Bestellung? 🙂', 'm1');
  await ok('POST', `${agentPath()}/clients`, { presence_expires_in: 600 }, demo.agent.token);
  await client.joinChat(demo.agent, chatId);
  await client.reply(demo.agent, chatId, 'Sie ist unterwegs.');
  const edited = await client.reply(demo.agent, chatId, 'Sie kommt gestern.');
  const messages = `${agentPath()}/chats/${chatId}/messages`;
  await ok('PATCH', `${messages}/${edited.id}`, { message: 'Sie kommt morgen.' }, demo.agent.token);
  const deleted = await client.reply(demo.agent, chatId, 'Vertippt');
  await ok('DELETE', `${messages}/${deleted.id}`, undefined, demo.agent.token);
  await ok('POST', `${org()}/owned_chats/${chatId}/tags`, { name: 'Lieferung' });
  await client.closeSession(channel.id, thread);
  const texts = ['Wo bleibt meine Bestellung? 🙂', 'Sie ist unterwegs.', 'Sie kommt morgen.', 'Lieferung'];
  return { chatId, texts: texts.sort() };
}

/** What the program in the document prints of a chat. */
async function readWithProgram(chatId: string): Promise<string> {
  const [, program = ''] = /```js\n([\s\S]+?)```/.exec(await readFile('docs/encryption.md', 'utf8')) ?? [];
  await writeFile(join(folder, 'read.mjs'), program);
  const url = `${site.hub.url}${org()}/owned_chats/${chatId}`;
  return execFileSync(process.execPath, ['read.mjs', 'private.pem', url], {
    cwd: folder,
    env: { ...process.env, TOKEN: site.demo.settings_token },
  }).toString();
}

test('a whole chat is read from REST and from webhooks with the private key', async () => {
  const { chatId, texts } = await haveChat('whole');
  const chat = await site.client.ownedChat(chatId);
  const key = chatKeyOf(chat);
  const listed = (await ok('GET', `${org()}/owned_chats/${chatId}/messages`))['results'] as Json[];
  expect(await textsOf(listed, key)).toEqual(texts);
  expect(listed.every(({ is_encrypted }) => is_encrypted)).toBe(true);
  expect(listed.filter((message) => !('encrypted_message' in message)).map(({ type }) => type)).toContain('join');

  await vi.waitFor(() => expect(toldOf(chatId).chat).toMatchObject({ is_ended: true }), { timeout: 30_000 });
  const told = toldOf(chatId);
  expect(chatKeyOf(told.chat)).toBe(key);
  await vi.waitFor(async () => expect(await textsOf(toldOf(chatId).messages, key)).toEqual(texts), { timeout: 30_000 });
  // The source of the channel has no private key.
  const replies = site.receiver.requests.filter(({ path, body }) => path === '/replies' && body.includes(chatId));
  expect(replies.some(({ body }) => body.includes('"message":"Sie ist unterwegs."'))).toBe(true);
  const { aesKeyString } = JSON.parse(key) as { aesKeyString: string };
  for (const { body } of site.receiver.requests) expect(body).not.toContain(aesKeyString);
});

test('the program in the document reads a chat', async () => {
  const { chatId, texts } = await haveChat('program');
  const lines = (await readWithProgram(chatId)).trim().split('\n');
  expect(lines[0]).toBe('visitor: Wo bleibt meine Bestellung? 🙂');
  expect(lines.map((line) => line.slice(line.indexOf(': ') + 2)).sort()).toEqual(texts);
});

test('once the hub has forgotten the key, only the holder of the private key has the texts', async () => {
  const { client, demo } = site;
  const option = ['rooms', 'update', '--organization', demo.organization_id, '--room', demo.room_id];
  const set = runScript('scripts/admin.ts', [...option, '--chat-key-ttl-days', '0'], {
    UMI_ADMIN_TOKEN: site.hub.adminToken,
    UMI_BASE_URL: site.hub.url,
  });
  expect([await set.ended, set.output()]).toEqual([0, expect.stringContaining('"chat_key_ttl_days": 0')]);
  const secret = `secret-${crypto.randomUUID()}`;
  const channel = await client.registerChannel(`${site.receiver.url}/replies`);
  const { chat_id: chatId } = await client.sendMessage(channel.id, 'forgotten', `${secret} asked`, 'm1');
  await client.joinChat(demo.agent, chatId);
  await client.reply(demo.agent, chatId, `${secret} answered`);
  await client.closeSession(channel.id, 'forgotten');

  const messages = async () => (await ok('GET', `${org()}/owned_chats/${chatId}/messages`))['results'] as Json[];
  await vi.waitFor(async () => expect((await messages()).map(({ message }) => message)).toEqual([null, null, null]), {
    timeout: 60_000,
    interval: 200,
  });
  const lines = (await readWithProgram(chatId)).trim().split('\n');
  expect(lines).toEqual([`visitor: ${secret} asked`, `user: ${secret} answered`]);
  const key = chatKeyOf(await client.ownedChat(chatId));
  const { aesKeyString } = JSON.parse(key) as { aesKeyString: string };
  await vi.waitFor(
    async () => {
      const files = await storeText(site.folder);
      const places = [...files].filter(([, text]) => text.includes(secret) || text.includes(aesKeyString));
      expect(places.map(([name]) => name)).toEqual([]);
    },
    { timeout: 60_000, interval: 500 },
  );
  for (const { message } of site.log) expect(message.includes(secret) || message.includes(aesKeyString)).toBe(false);
});
