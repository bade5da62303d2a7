import { beforeEach, describe, expect, test } from 'vitest';
import { evolve } from '../../../../src/domain/evolve.ts';
import { type PurgedEvent, redactEvent } from '../../../../src/domain/redaction.ts';
import { emptyThread } from '../../../../src/domain/state.ts';
import { forgetsKeyAt } from '../../../../src/resources/chat.ts';
import type { MessageFacts } from '../../../../src/resources/message.ts';
import { messageResource } from '../../../../src/resources/message.ts';
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
  say,
  visitorsChat,
  waitingChat,
} from '../../../support/sample-commands.ts';
import { AGENT } from '../../../support/sample-events.ts';
import { IDENTITY, ORGANIZATION, type ThreadModel } from '../../../support/thread-model.ts';
import { ENCRYPTION } from '../../../support/thread-people.ts';

let model: ThreadModel;
let chatId: string;
let answer: MessageFacts;
let asked: string;

/** An encrypted chat that has ended, in which everything that somebody can write is a canary. */
beforeEach(() => {
  const page = { url: 'https://canary.example/', title: 'canary' };
  const autosuggestion = { sender: AGENT, message: 'canary of a rule', page };
  ({ model, chatId } = visitorsChat({ encryption: ENCRYPTION, autosuggestion }));
  const question = model.answer({ ...say(model, chatId, { type: 'msg', message: 'canary question' }), page }).message;
  asked = question.id;
  const suggestion = model.answer(suggest()).suggestion.id;
  const attachments = [{ ...ATTACHMENT, title: 'canary', text: 'canary text' }];
  const offer = { message: 'canary offer', attachments, attachment_template: 'generic' as const };
  const offered = model.answer(post(chatId, { ...offer, selected_reply_suggestion_id: suggestion })).message;
  model.answer(say(model, chatId, choice(offered, { text: 'canary response' })));
  answer = model.answer(post(chatId, { message: 'canary answer' })).message;
  model.answer(edit('canary answer, again'));
  model.answer(end(chatId));
});

const suggest = () => ({
  ...head(),
  type: 'add_reply_suggestion' as const,
  chat_id: chatId,
  message_id: asked,
  grant: ROUTED,
  actor: AGENT,
  suggestion: 'canary suggestion',
  relevancy_score: 0.5,
});
const byAgent = () => ({ by: 'user' as const, chat_id: chatId, actor: AGENT, rooms: ALL_ROOMS });
const edit = (message: string) => ({
  ...head(),
  ...byAgent(),
  type: 'edit_message' as const,
  message_id: answer.id,
  message,
});
const remove = () => ({ ...head(), ...byAgent(), type: 'delete_message' as const, message_id: answer.id });
const tag = (name: string) => ({
  ...head(),
  type: 'add_tag' as const,
  chat_id: chatId,
  grant: ROUTED,
  actor: AGENT,
  name,
});
const purge = (covers: 'key' | 'messages') => {
  const of = { chat_id: chatId, organization_id: ORGANIZATION, before: null };
  return { ...head(), type: 'purge' as const, ...of, covers };
};
const forget = () => model.answer(purge('key'));

/** The log as the object keeps it. */
const kept = () => {
  const purges = model.log.filter((event): event is PurgedEvent => event.type === 'purged');
  return model.log.map((event) => purges.reduce(redactEvent, event));
};
const resources = () => model.keptMessages(chatId).map((each) => messageResource(each, { id: chatId, room_id: null }));

describe('a chat whose key is forgotten', () => {
  test('has nothing in clear text, neither in its log nor in its state', () => {
    expect(JSON.stringify(kept())).toContain('canary');
    expect(JSON.stringify(kept())).toContain('aesKeyString');
    forget();
    const [before] = kept();
    expect(before).toEqual(model.log[0]);
    for (const text of [JSON.stringify(kept()), JSON.stringify([...model.state.chats, ...model.state.suggestions])]) {
      expect(text).not.toContain('canary');
      expect(text).not.toContain('aesKeyString');
    }
    expect(kept().reduce(evolve, emptyThread(model.state.name)).chats).toEqual(model.state.chats);
  });

  test('keeps its ciphertexts, names, ids, times and counts, and is not purged', () => {
    const before = resources();
    const { encryption, first_visitor_message_page: _page, autosuggest_page: __, ...facts } = model.chat(chatId).facts;
    forget();
    for (const [place, after] of resources().entries()) {
      const { id, created_at, sender_id, sender_name, sender_public_name, encrypted_message } = before[place] ?? after;
      expect(after).toMatchObject({ id, created_at, sender_id, sender_name, sender_public_name, message: null });
      expect(after).toMatchObject({ is_encrypted: true, sensitive_data_purged_at: null, attachments: [] });
      expect(after.encrypted_message).toBe(encrypted_message);
    }
    const { facts: now, key } = model.chat(chatId);
    expect(now).toEqual({ ...facts, encryption: { ...encryption, forgotten_at: model.state.last_at } });
    expect(key).toBeUndefined();
  });

  test('takes no text any more', () => {
    expect(model.refusal(tag('Lead'))).toBeNull();
    forget();
    expect(model.refusal(edit('new'))).toBe('chat_key_forgotten');
    expect(model.refusal(tag('Other'))).toBe('chat_key_forgotten');
    expect(model.refusal(suggest())).toBe('chat_key_forgotten');
    const [suggestion] = [...model.state.suggestions.keys()];
    const update = { ...suggest(), type: 'update_reply_suggestion' as const, suggestion_id: suggestion ?? '' };
    expect(model.refusal(update)).toBe('chat_key_forgotten');
    // A tag that is there is answered, and may go.
    expect(model.refusal(tag('Lead'))).toBeNull();
    expect(model.refusal({ ...tag('Lead'), type: 'remove_tag' })).toBeNull();
  });

  test('loses a ciphertext with its message, and all with a purge', () => {
    forget();
    model.answer(remove());
    expect(resources().at(-1)).toMatchObject({ encrypted_message: null, deleted_at: expect.any(String) });
    expect(resources().some(({ encrypted_message }) => encrypted_message != null)).toBe(true);
    model.answer(purge('messages'));
    expect(resources().every(({ encrypted_message }) => encrypted_message == null)).toBe(true);
    const log = JSON.stringify(kept().filter(({ type }) => type !== 'chat_started'));
    expect(log).not.toMatch(/"encrypted_message":"/);
    expect(model.chat(chatId).facts.purged_at).toBe(model.state.last_at);
    expect(model.refusal(edit('new'))).toBe('message_purged');
  });

  test('does not keep another one from being encrypted under a key of its own', () => {
    forget();
    const next = model.answer(open({ chat_id: chatId, identity: null, encryption: ENCRYPTION })).chat;
    const { message } = model.answer(post(next.id, { message: 'Hello again' }));
    expect(message.encrypted_message).toEqual(expect.any(String));
  });
});

test('the key goes with its visitor too', () => {
  model.answer({ ...purge('messages'), covers: 'visitor' });
  expect(model.chat(chatId).key).toBeUndefined();
  expect(JSON.stringify(kept())).not.toContain('aesKeyString');
  expect(forgetsKeyAt(model.chat(chatId).facts)).toBeNull();
});

test('a purge of messages of an open chat keeps the key for those to come', () => {
  const { chat } = model.answer(open({ chat_id: chatId, identity: null, encryption: ENCRYPTION }));
  model.answer({ ...purge('messages'), chat_id: chat.id });
  expect(model.answer(post(chat.id)).message.encrypted_message).toEqual(expect.any(String));
});

test('the reason of a failed delivery is not kept any more', () => {
  ({ model, chatId } = waitingChat());
  model.answer(end(chatId));
  ({ chat_id: chatId } = model.answer(incoming('Where is it?', { encryption: ENCRYPTION })));
  model.answer(join(chatId));
  const [one, other, third = ''] = ['One', 'Other', 'Third'].map(
    (message) => model.answer(post(chatId, { message })).message.id,
  );
  model.answer(end(chatId));
  const report = (message_id = '') => {
    const of = { chat_id: chatId, message_id, channel_id: IDENTITY.channel_id, at: null };
    return { ...head(), type: 'report_message_status' as const, ...of, status: 'failed' as const, reason: 'canary' };
  };
  expect(model.answer(report(one)).message?.status?.failure_reason).toBe('canary');
  forget();
  expect(model.answer(report(other)).message?.status).toMatchObject({ state: 'failed', failure_reason: null });
  const noted = { chat_id: chatId, message_id: third, given_up: { reason: 'canary' } };
  model.answer({ ...head(), type: 'note_webhooks', ...noted });
  const reasons = resources().map(({ delivery_status, failure_reason }) => [delivery_status, failure_reason]);
  expect(reasons.slice(-3)).toEqual([
    ['failed', null],
    ['failed', null],
    ['failed', null],
  ]);
});

test('a key is forgotten so long after the end of its chat, and never without a time or an end', () => {
  const { ended_at, encryption, ...facts } = model.chat(chatId).facts;
  const at = (more: object) => forgetsKeyAt({ ...facts, ended_at, ...more });
  expect(at({ encryption })).toBe((ended_at ?? 0) + (ENCRYPTION.key_ttl ?? 0));
  expect(at({})).toBeNull();
  expect(at({ encryption, ended_at: null })).toBeNull();
  expect(at({ encryption: { ...encryption, key_ttl: null } })).toBeNull();
  expect(at({ encryption: { ...encryption, key_ttl: 0 } })).toBe(ended_at);
  expect(at({ encryption: { ...encryption, forgotten_at: 1 } })).toBeNull();
});
