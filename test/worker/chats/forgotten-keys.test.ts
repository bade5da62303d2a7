import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { deleteDueFiles } from '../../../src/files/delete-due-files.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { chatKeyOf, newKeyPair, textOf } from '../../support/chat-decrypter.ts';
import { storedIn, storedInD1 } from '../../support/worker/everything-stored.ts';
import { untilForgotten } from '../../support/worker/forget-key.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import {
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
} from '../../support/worker/organization.ts';
import { organizationD1, organizationDatabase } from '../../support/worker/organization-database.ts';
import { setOrganization } from '../../support/worker/organization-setup.ts';
import { call, type Person, testEnv } from '../../support/worker/requests.ts';
import { bytesOf, stored } from '../../support/worker/uploads.ts';
import { Site } from '../../support/worker/visitor-site.ts';

let keys: Awaited<ReturnType<typeof newKeyPair>>;
let org: TestOrganization;
let site: Site;
let manager: Person;
/** In everything that is written in the chat. */
let canary: string;
let chatId: string;
let thread: string;

beforeAll(async () => {
  keys = await newKeyPair();
  org = await TestOrganization.open();
  site = await Site.at(org);
  manager = await enrollAgent(org.organizationId, {}, ['settings']);
  await setOrganization(org.organizationId, { encryption_public_key: keys.publicKey });
  await organizationD1
    .prepare('UPDATE rooms SET chat_key_ttl_days = 0 WHERE organization_id = ?')
    .bind(org.organizationId)
    .run();
  await org.request('PATCH', '', { body: { notify_purges: true } });
});
beforeEach(async () => {
  canary = `canary-${crypto.randomUUID()}`;
  thread = `${crypto.randomUUID()}@example.com`;
  ({ chatId } = await org.say(thread, `${canary} question`));
  await org.join(org.agent, chatId);
});
afterEach(() => void vi.useRealTimers());

const messages = () => `/users/${org.agent.user_id}/chats/${chatId}/messages`;
const routed = (path: string) => `/users/${org.bot.user_id}/routed_chats/${chatId}${path}`;

/** Ends the chat and waits until its key is forgotten. */
async function forget(): Promise<void> {
  expect((await org.close(thread)).status).toBeLessThan(300);
  await untilForgotten(chatId);
  await writeCollected(testEnv);
}

async function textsOf(chat: Json, all: Json[]): Promise<string[]> {
  const key = await chatKeyOf(String(chat['encrypted_symmetric_key']), keys.privateKey);
  return await Promise.all(
    all.flatMap(({ encrypted_message }) => (encrypted_message == null ? [] : [textOf(String(encrypted_message), key)])),
  );
}

describe('an encrypted chat whose key is forgotten', () => {
  it('is shown without a text wherever it is read, and its owner reads it with the private key', async () => {
    const answered = await ask(org.agent, 'POST', messages(), { message: `${canary} answer` });
    expect(answered.json).toMatchObject({ message: `${canary} answer`, is_encrypted: true });
    await org.suggest(chatId, String(answered.json['id']), `${canary} suggestion`);
    await forget();
    expect(await storedInD1()).not.toContain(canary);
    const chat = await org.chat(chatId);
    const read = resultsOf(await ask(org.agent, 'GET', messages()));
    expect(await textsOf(chat, read)).toEqual([`${canary} question`, `${canary} answer`]);
    for (const each of read) {
      expect(each).toMatchObject({ message: null, is_encrypted: true, sensitive_data_purged_at: null });
    }
    const listed = resultsOf(await ask(org.reporter, 'GET', `${org.organizationPath}/messages?ordering=-created_at`));
    const copied = listed.filter((each) => each['chat_id'] === chatId).reverse();
    expect(await textsOf(chat, copied)).toEqual([`${canary} question`, `${canary} answer`]);
    expect(copied.map(({ id }) => id)).toEqual(
      read.filter(({ type }) => type === 'msg' || type === 'join').map(({ id }) => id),
    );
    const suggestions = resultsOf(await ask(org.bot, 'GET', routed('/reply_suggestions')));
    expect(suggestions.map(({ suggestion }) => suggestion)).toEqual(['']);
    for (const event of await org.events(thread)) expect(JSON.stringify(event)).not.toContain(canary);
    expect(resultsOf(await ask(manager, 'GET', `${org.organizationPath}/purges`))).toEqual([]);
  });

  it('takes no new text, tag or suggestion, and a message may still be deleted', async () => {
    const { json: own } = await ask(org.agent, 'POST', messages(), { message: 'In the post.' });
    await forget();
    const refused = { detail: 'The key of the encrypted chat is no longer stored.' };
    const path = `${messages()}/${own['id']}`;
    for (const [method, url, body] of [
      ['PATCH', path, { message: 'new' }],
      ['POST', `/users/${org.agent.user_id}/chats/${chatId}/tags`, { name: 'Lead' }],
      ['POST', routed(`/messages/${own['id']}/reply_suggestions`), { suggestion: 'new' }],
    ] as const) {
      const answer = await ask(url.includes('/routed_chats/') ? org.bot : org.agent, method, url, body);
      expect([answer.status, answer.json]).toEqual([409, refused]);
    }
    expect((await ask(org.agent, 'DELETE', path)).status).toBe(204);
    const read = await ask(org.agent, 'GET', path);
    expect(read.json).toMatchObject({ message: null, encrypted_message: null, deleted_at: TIME });
  });

  it('loses its files', async () => {
    const file = await stored(org.agent, bytesOf(canary), `${canary}.txt`);
    await ask(org.agent, 'POST', messages(), { message: 'see', attachments: [{ file_id: file['id'] }] });
    await forget();
    await deleteDueFiles(testEnv.FILES, organizationDatabase(noCost()), Date.now());
    expect(await testEnv.FILES.head(String(file['id']))).toBeNull();
    expect((await call(String(file['url']))).status).toBe(404);
    expect(await storedInD1()).not.toContain(canary);
  });

  it('is told to apps and sockets that ask for purges, and to no channel', async () => {
    const { installation } = await installedApp(site.integrator, ['/orgs/{organization_id}/owned_chats/*/purges']);
    const live = await LiveClient.ofUser(site.integrator);
    const topic = `/api/v5/orgs/${org.organizationId}/owned_chats/*/purges`;
    await live.subscribe([topic]);
    await forget();
    const { room_id } = await org.chat(chatId);
    const [member] = await org.memberships(chatId);
    const about = { chat_id: chatId, room_id, visitor_id: member?.['member_id'], created_at_before: null };
    const resource = { id: UUID, type: 'key_forgotten', ...about, purged_at: TIME };
    const accepted = await acceptedFor(chatId, installation);
    expect(accepted.map(({ body }) => [body.action, body.resource])).toEqual([['added', resource]]);
    const { notifications } = await live.next('notifications');
    expect((notifications as Json[]).map((each) => each['resource'])).toEqual([resource]);
    live.close();
    const events = await org.events(thread);
    expect(events.map(({ event_type }) => event_type)).not.toContain('messages_purged');
    const hub = env.LIVE.getByName(`organization/${org.organizationId}`);
    expect(await storedIn(hub)).not.toContain(canary);
  });
});
