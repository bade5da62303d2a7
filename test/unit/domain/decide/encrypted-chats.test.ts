import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { threadName } from '../../../../src/domain/address.ts';
import type { EncryptionSetting } from '../../../../src/domain/encryption.ts';
import { type PurgedEvent, redactEvent } from '../../../../src/domain/redaction.ts';
import { messageForVisitor } from '../../../../src/resources/as-visitors-see.ts';
import { chatResource } from '../../../../src/resources/chat.ts';
import { type MessageFacts, messageResource } from '../../../../src/resources/message.ts';
import { chatKeyOf, newKeyPair, textOf } from '../../../support/chat-decrypter.ts';
import {
  ALL_ROOMS,
  ATTACHMENT,
  choice,
  end,
  head,
  incoming,
  join,
  open,
  post,
  ROUTED,
  START,
  say,
  visitorsChat,
  waitingChat,
} from '../../../support/sample-commands.ts';
import { AGENT } from '../../../support/sample-events.ts';
import { IDENTITY, ORGANIZATION, ThreadModel } from '../../../support/thread-model.ts';
import { USERS_IDENTITY } from '../../../support/thread-people.ts';

let privateKey: CryptoKey;
let encryption: EncryptionSetting;
let model: ThreadModel;
let chatId: string;

beforeAll(async () => {
  const pair = await newKeyPair();
  privateKey = pair.privateKey;
  encryption = { public_key: pair.publicKey, key_ttl: null };
});

beforeEach(() => {
  const page = { url: 'https://shop.example/', title: null };
  const autosuggestion = { sender: AGENT, message: 'Can I help?', page };
  ({ model, chatId } = visitorsChat({ encryption, autosuggestion }));
});

const place = { id: '018f0000-0000-7000-8000-00000000c0c0', room_id: null };

/** What the holder of the private key reads in a chat; null for a message without a ciphertext. */
async function readByOwner(id = chatId): Promise<[type: string, text: string | null][]> {
  const { encrypted_symmetric_key } = chatResource(model.chat(id).facts);
  const key = await chatKeyOf(encrypted_symmetric_key ?? '', privateKey);
  return await Promise.all(
    model.messages(id).map(async ({ type, encrypted_message }): Promise<[string, string | null]> => {
      return [type, encrypted_message == null ? null : await textOf(encrypted_message, key)];
    }),
  );
}

/** Posts a text of the agent. */
const answer = (message = 'It left our house.') => model.answer(post(chatId, { message })).message;
const byAgent = () => ({ by: 'user' as const, chat_id: chatId, actor: AGENT, rooms: ALL_ROOMS });
const edit = (message: MessageFacts, text: string) =>
  model.answer({ ...head(), ...byAgent(), type: 'edit_message', message_id: message.id, message: text }).message;

describe('an encrypted chat', () => {
  test('has a ciphertext of each text, whatever its type, and none of joins and leaves', async () => {
    model.answer(say(model, chatId, { type: 'msg', message: 'Where is my order? 🙂' }));
    const offer = { message: 'Was it helpful?', attachments: [ATTACHMENT], attachment_template: 'generic' as const };
    const { message: offered } = model.answer(post(chatId, offer));
    model.answer(say(model, chatId, choice(offered)));
    model.answer({ ...head(), type: 'add_tag', chat_id: chatId, grant: ROUTED, actor: AGENT, name: 'Lead' });
    model.answer(join(chatId, { is_participating: false }));
    expect(await readByOwner()).toEqual([
      ['autosuggest', 'Can I help?'],
      ['join', null],
      ['msg', 'Where is my order? 🙂'],
      ['msg', 'Was it helpful?'],
      ['action', 'Yes'],
      ['tag_created', 'Lead'],
      ['leave', null],
    ]);
    for (const message of model.messages(chatId)) {
      const shown = messageResource(message, place);
      expect(shown.is_encrypted).toBe(true);
      expect('encrypted_message' in shown).toBe(!['join', 'leave'].includes(message.type));
      expect(shown.message).toBe(message.message);
    }
  });

  test('tells everybody its key as only the organization can read it', () => {
    const { facts, key } = model.chat(chatId);
    const shown = chatResource(facts);
    expect(shown).toMatchObject({ is_encrypted: true, encrypted_symmetric_key: expect.any(String) });
    expect(key).toContain('aesKeyString');
    expect(JSON.stringify(facts)).not.toContain('aesKeyString');
    const events = model.log.filter((event) => JSON.stringify(event).includes('aesKeyString'));
    expect(events.map(({ type }) => type)).toEqual(['chat_started']);
  });

  test('encrypts each text with bytes of its own', () => {
    const [one, other] = [answer(), answer()];
    expect(one.message).toBe(other.message);
    expect(one.encrypted_message).not.toBe(other.encrypted_message);
  });

  test('encrypts a new text of a message, and keeps no ciphertext of a deleted one', async () => {
    const message = answer();
    const edited = edit(message, 'It left our house this morning.');
    expect(edited.encrypted_message).not.toBe(message.encrypted_message);
    expect((await readByOwner()).at(-1)).toEqual(['msg', 'It left our house this morning.']);
    model.answer({ ...head(), ...byAgent(), type: 'delete_message', message_id: message.id });
    const deleted = model.messages(chatId).at(-1);
    expect(deleted).toMatchObject({ message: null, encrypted_message: null, is_encrypted: true });
  });

  test('loses its ciphertexts with a purge', () => {
    edit(answer(), 'It left our house this morning.');
    const purge = { chat_id: chatId, organization_id: ORGANIZATION, covers: 'messages', before: null } as const;
    model.answer({ ...head(), type: 'purge', ...purge });
    const [purged] = model.log.slice(-1) as [PurgedEvent];
    const kept = model.log.map((event) => redactEvent(event, purged));
    const ciphertexts = kept.flatMap((event) => {
      if (event.type === 'message_edited') return [event.encrypted_message];
      return event.type === 'message_added' ? [event.message.encrypted_message] : [];
    });
    // The join has none. The other three had one.
    expect(ciphertexts).toEqual([null, undefined, null, null]);
  });

  test('keeps its key when the organization has none any more, and the next one is not encrypted', async () => {
    expect(model.answer(open({ chat_id: chatId, identity: null, encryption: null })).chat.id).toBe(chatId);
    answer('Still encrypted');
    expect((await readByOwner()).at(-1)).toEqual(['msg', 'Still encrypted']);
    model.answer(end(chatId));
    const next = model.answer(open({ chat_id: chatId, identity: null, encryption: null })).chat;
    expect(chatResource(next).is_encrypted).toBe(false);
    expect('encrypted_symmetric_key' in chatResource(next)).toBe(false);
    const { message } = model.answer(post(next.id));
    const shown = messageResource(message, place);
    expect(shown.is_encrypted).toBe(false);
    expect('encrypted_message' in shown).toBe(false);
  });

  test('has another key than the one before', () => {
    model.answer(end(chatId));
    const next = model.answer(open({ chat_id: chatId, identity: null, encryption })).chat;
    expect(model.chat(next.id).key).not.toBe(model.chat(chatId).key);
  });

  test('shows its visitor the same ciphertexts', () => {
    const message = answer();
    expect(messageForVisitor(message, place)).toMatchObject({
      is_encrypted: true,
      encrypted_message: message.encrypted_message,
    });
  });
});

describe('a text above 300,000 bytes', () => {
  const allowed = '🙂'.repeat(75_000);
  const tooLong = `${allowed}a`;

  test('is refused in an encrypted chat of a channel, as a message of either side and as a new text', () => {
    ({ model } = waitingChat());
    const edits = (chat_id: string, message_id: string, message: string) => {
      const by = { by: 'channel' as const, chat_id, channel_id: IDENTITY.channel_id };
      return { ...head(), type: 'edit_message' as const, ...by, message_id, message };
    };
    const { chat_id: plain, message_ids } = model.answer(incoming(tooLong));
    expect(model.refusal(edits(plain, message_ids[0] ?? '', `${tooLong}b`))).toBeNull();
    model.answer(end(plain));
    expect(model.refusal(incoming(`${tooLong}c`, { encryption }))).toBe('body_too_long_to_encrypt');
    const received = model.answer(incoming(allowed, { encryption }));
    expect(model.refusal(incoming(`${tooLong}d`))).toBe('body_too_long_to_encrypt');
    model.answer(join(received.chat_id));
    expect(model.refusal(post(received.chat_id, { message: tooLong }))).toBe('message_too_long_to_encrypt');
    expect(model.refusal(edits(received.chat_id, received.message_ids[0] ?? '', tooLong))).toBe(
      'message_too_long_to_encrypt',
    );
  });
});

describe('other chats are encrypted too', () => {
  test('of a channel, with what it brings, in its later sessions too', async () => {
    ({ model } = waitingChat());
    model.answer({ ...head(), type: 'close_thread', identity: IDENTITY, organization_id: ORGANIZATION });
    const { chat_id } = model.answer(incoming('Where is it?', { encryption }));
    expect(await readByOwner(chat_id)).toEqual([['msg', 'Where is it?']]);
  });

  test('between users', async () => {
    model = new ThreadModel(START, threadName(USERS_IDENTITY));
    const at = { identity: USERS_IDENTITY, database: 'DB', organization_id: ORGANIZATION, is_present: true };
    const { chat } = model.answer({ ...head(), type: 'start_user_chat', ...at, actor: AGENT, encryption });
    model.answer(post(chat.id, { message: 'Lunch?' }));
    expect(await readByOwner(chat.id)).toEqual([
      ['join', null],
      ['msg', 'Lunch?'],
    ]);
  });
});
