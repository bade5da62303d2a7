import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { chatKeyOf, newKeyPair, textOf } from '../../support/chat-decrypter.ts';
import { eventually } from '../../support/eventually.ts';
import { untilForgotten } from '../../support/worker/forget-key.ts';
import { arrive, ask, enrollAgent, type Json, TestOrganization, unique } from '../../support/worker/organization.ts';
import { addRouter, setOrganization, shareRoom } from '../../support/worker/organization-setup.ts';
import { admin, type Person, testEnv } from '../../support/worker/requests.ts';
import { CONTACT, TelephoneSystem } from '../../support/worker/rpc.ts';
import { hashOf, ThreadsProgram } from '../../support/worker/threads-program.ts';
import { Site, visit } from '../../support/worker/visitor-site.ts';

afterEach(() => void vi.useRealTimers());

let keys: Awaited<ReturnType<typeof newKeyPair>>;

beforeAll(async () => {
  keys = await newKeyPair();
});

const encrypt = (organizationId: string, encryption_public_key: string | null = keys.publicKey) =>
  setOrganization(organizationId, { encryption_public_key });

/** The texts of a chat as the holder of the private key reads them. Each must be as the hub shows it. */
async function decrypted(chat: Json, messages: Json[], { privateKey } = keys): Promise<string[]> {
  expect(chat).toMatchObject({ is_encrypted: true, encrypted_symmetric_key: expect.any(String) });
  const key = await chatKeyOf(String(chat['encrypted_symmetric_key']), privateKey);
  const texts: string[] = [];
  for (const { is_encrypted, encrypted_message, message } of messages) {
    expect(is_encrypted).toBe(true);
    if (encrypted_message === undefined) continue;
    texts.push(await textOf(String(encrypted_message), key));
    expect(message).toBe(texts.at(-1));
  }
  return texts;
}

const newChatWith = (person: Person, room: string, visitor: unknown) =>
  ask(person, 'POST', `/users/${person.user_id}/rooms/${room}/visitors/${visitor}/chats`);

describe('a chat that starts in an organization with a public key is encrypted', () => {
  it('by messages of a channel, until the key is removed', async () => {
    const org = await TestOrganization.open();
    const plain = await org.say(unique('thread'), 'Before');
    await encrypt(org.organizationId);
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'Where is my order?');
    await org.join(org.agent, chatId);
    expect(await decrypted(await org.chat(chatId), await org.messages(chatId))).toEqual(['Where is my order?']);

    await encrypt(org.organizationId, null);
    await org.say(thread, 'Hello?');
    const texts = ['Where is my order?', 'Hello?'];
    expect(await decrypted(await org.chat(chatId), await org.messages(chatId))).toEqual(texts);
    for (const id of [plain.chatId, (await org.say(unique('thread'), 'After')).chatId]) {
      const chat = await org.chat(id);
      expect(chat).toMatchObject({ is_encrypted: false });
      expect(chat).not.toHaveProperty('encrypted_symmetric_key');
      for (const message of await org.messages(id)) {
        expect(message).toMatchObject({ is_encrypted: false, message: expect.any(String) });
        expect(message).not.toHaveProperty('encrypted_message');
      }
    }
  });

  it('by JSON-RPC', async () => {
    const system = await TelephoneSystem.open();
    await encrypt(system.org.organizationId);
    const { sessionid } = await system.say('Hello');
    await system.reply(system.second, sessionid, 'Good day');
    const chat = await system.org.chat(system.chatOf(sessionid));
    expect(await decrypted(chat, await system.messages(sessionid))).toEqual(['Hello', 'Good day']);
  });

  it('by the threads API', async () => {
    const program = await ThreadsProgram.open();
    await encrypt(program.org.organizationId);
    const thread = unique('fid');
    await program.post(thread, 'Hello');
    const id = String((await program.get(`/threads/${await hashOf(thread)}`))['chat_id']);
    expect(await decrypted(await program.org.chat(id), await program.org.messages(id, '?type__in=msg'))).toEqual([
      'Hello',
    ]);
    expect(await program.bodies(thread)).toEqual(['Hello']);
  });

  it('by a visitor', async () => {
    const site = await Site.open();
    await encrypt(site.organizationId);
    const visitor = await site.visitor();
    const id = await site.chat(visitor);
    const path = `/visitors/${visitor.id}/chats/${id}`;
    expect((await visit(visitor.token, 'POST', `${path}/messages`, { message: 'Hello' })).status).toBe(201);
    const [chat, messages] = [
      await visit(visitor.token, 'GET', path),
      await visit(visitor.token, 'GET', `${path}/messages`),
    ];
    expect(await decrypted(chat.json, messages.json['results'] as Json[])).toEqual(['Hello']);
  });

  it('by a user, with a visitor or with other users', async () => {
    const org = await TestOrganization.open();
    const { chatId } = await org.say(unique('thread'), 'Before', { close_session: true });
    const [visitor] = await org.memberships(chatId);
    await encrypt(org.organizationId);
    const started = await newChatWith(org.agent, org.gateway.roomId, visitor?.['member_id']);
    expect(started.status).toBe(201);
    const alone = await ask(org.agent, 'POST', `/users/${org.agent.user_id}/chats`);
    expect(alone.status).toBe(201);
    for (const { json: chat } of [started, alone]) {
      const messages = `/users/${org.agent.user_id}/chats/${chat['id']}/messages`;
      expect((await ask(org.agent, 'POST', messages, { message: 'News' })).status).toBe(200);
      const listed = (await ask(org.agent, 'GET', messages)).json['results'] as Json[];
      expect(await decrypted(chat, listed)).toEqual(['News']);
    }
  });

  it('with the key of the room’s organization, not of the partner whose user starts it', async () => {
    const [owner, partner] = [await TestOrganization.open(), await TestOrganization.open()];
    const { roomId } = owner.gateway;
    await shareRoom(owner, roomId, partner);
    await addRouter(owner, [roomId], [{ kind: 'all' }, { kind: 'organization', id: partner.organizationId }]);
    const agent = await enrollAgent(partner.organizationId);
    const visitorOf = async () => {
      const { chatId } = await owner.say(unique('thread'), 'Before', { close_session: true });
      return (await owner.memberships(chatId))[0]?.['member_id'];
    };
    await encrypt(partner.organizationId);
    const plain = await newChatWith(agent, roomId, await visitorOf());
    expect([plain.status, plain.json['is_encrypted']]).toEqual([201, false]);

    const others = await newKeyPair();
    await encrypt(owner.organizationId, others.publicKey);
    const started = await newChatWith(agent, roomId, await visitorOf());
    expect(started.status).toBe(201);
    const messages = `/users/${agent.user_id}/chats/${started.json['id']}/messages`;
    expect((await ask(agent, 'POST', messages, { message: 'News' })).status).toBe(200);
    const listed = (await ask(agent, 'GET', messages)).json['results'] as Json[];
    expect(await decrypted(started.json, listed, others)).toEqual(['News']);
  });
});

describe('once the key of a chat is forgotten, its text is empty', () => {
  /** Makes an organization encrypt its chats, and forget their keys as soon as they end. */
  async function encryptAndForget(organizationId: string): Promise<void> {
    await encrypt(organizationId);
    const rooms = (await admin(`/organizations/${organizationId}/rooms`)).json['results'] as Json[];
    for (const { id } of rooms) {
      const path = `/organizations/${organizationId}/rooms/${id}`;
      expect((await admin(path, { method: 'PATCH', body: { chat_key_ttl_days: 0 } })).status).toBe(200);
    }
  }

  async function endAndForget(person: Person, chatId: string): Promise<void> {
    const path = `/users/${person.user_id}/chats/${chatId}`;
    expect((await ask(person, 'PATCH', path, { is_ended: true })).status).toBe(200);
    await untilForgotten(chatId);
  }

  it('in the threads API', async () => {
    const program = await ThreadsProgram.open();
    await encryptAndForget(program.org.organizationId);
    const thread = unique('fid');
    const posted = await program.post(thread, 'Hello', { subject: 'Greeting' });
    const chatId = String((await program.get(`/threads/${await hashOf(thread)}`))['chat_id']);
    await program.org.join(program.org.agent, chatId);
    await endAndForget(program.org.agent, chatId);
    expect(await program.bodies(thread)).toEqual(['']);
    const message = await program.get(`/messages/${posted.json['id']}`);
    expect(message).toMatchObject({ body: '', thread_fid: thread, subject: null });
  });

  it('to JSON-RPC, which copies it into no other session', async () => {
    const system = await TelephoneSystem.open();
    await encryptAndForget(system.org.organizationId);
    const { messageid, sessionid } = await system.say('Hello');
    const [first, second] = [
      await system.say('First', '9003'),
      await system.done('message', { from: '9003', to: '111' }),
    ];
    const copy = { from: '9003', to: CONTACT, messageid };
    await eventually(() => system.done('message', { ...copy, sessionid: first.sessionid }));
    expect((await system.messages(first.sessionid)).map(({ message }) => message)).toEqual(['First', 'Hello']);
    await endAndForget(system.second, system.chatOf(sessionid));
    await writeCollected(testEnv);
    const late = { ...copy, to: '111', sessionid: second['sessionid'] };
    expect(await system.refusal('message', late)).toMatchObject({ message: 'Message not found.' });
    expect(await system.messages(second['sessionid'])).toEqual([]);
  });

  it('to the visitor, whose next chat has a key of its own', async () => {
    const site = await Site.open();
    await encryptAndForget(site.organizationId);
    const visitor = await site.visitor();
    const id = await site.chat(visitor);
    const messages = `/visitors/${visitor.id}/chats/${id}/messages`;
    expect((await visit(visitor.token, 'POST', messages, { message: 'Hello' })).status).toBe(201);
    const joining = `/users/${site.agent.user_id}/routed_chats/${id}/memberships`;
    await arrive(site.agent);
    expect((await ask(site.agent, 'POST', joining, { is_participating: true, composing_status: 'idle' })).status).toBe(
      201,
    );
    await endAndForget(site.agent, id);
    const shown = (await visit(visitor.token, 'GET', messages)).json['results'] as Json[];
    expect(shown.map(({ type, message }) => [type, message])).toEqual([
      ['msg', null],
      ['join', null],
    ]);
    const chat = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${id}`);
    const key = await chatKeyOf(String(chat.json['encrypted_symmetric_key']), keys.privateKey);
    expect(await textOf(String(shown[0]?.['encrypted_message']), key)).toBe('Hello');

    const next = await site.openChat(visitor);
    expect(next.status).toBe(201);
    expect(await chatKeyOf(String(next.json['encrypted_symmetric_key']), keys.privateKey)).not.toBe(key);
  });
});
