import { describe, expect, test } from 'vitest';
import type { Purge } from '../../../../src/domain/commands.ts';
import type { ThreadEvent } from '../../../../src/domain/events.ts';
import { evolve } from '../../../../src/domain/evolve.ts';
import { redactEvent } from '../../../../src/domain/redaction.ts';
import { emptyThread } from '../../../../src/domain/state.ts';
import { messageResource } from '../../../../src/resources/message.ts';
import {
  ACTION,
  ATTACHMENT,
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
import { IDENTITY, ORGANIZATION, receiveCommand, ThreadModel } from '../../../support/thread-model.ts';

const purge = (chat_id: string, more: Partial<Purge> = {}): Purge => ({
  ...head(),
  type: 'purge',
  chat_id,
  organization_id: ORGANIZATION,
  covers: 'messages',
  before: null,
  ...more,
});

/** The log as the object keeps it, once it has rewritten it. */
function kept({ log }: ThreadModel): ThreadEvent[] {
  const purges = log.filter((event) => event.type === 'purged');
  return log.map((event) => purges.reduce(redactEvent, event));
}

const messagesIn = (log: ThreadEvent[]) =>
  log.flatMap((event) => (event.type === 'message_added' ? [event.message] : []));

/** A chat of a channel in which everything that somebody can write is a canary. */
function writtenChat(): { model: ThreadModel; chatId: string } {
  const seen = { url: 'https://canary.page/seen', title: 'canary page' };
  const autosuggestion = { sender: AGENT, message: 'canary suggestion of a rule', page: seen };
  const { model, chatId } = visitorsChat({ visitor_name: 'canary name', autosuggestion });
  const page = { url: 'https://canary.page/', title: 'canary page' };
  model.answer({ ...say(model, chatId, { type: 'msg', message: 'canary question' }), page });
  const asked = messagesIn(model.log).at(-1)?.id ?? '';
  const { suggestion } = model.answer({
    ...head(),
    type: 'add_reply_suggestion',
    chat_id: chatId,
    message_id: asked,
    grant: ROUTED,
    actor: AGENT,
    suggestion: 'canary suggestion',
    relevancy_score: 1,
  });
  const attachment = { ...ATTACHMENT, title: 'canary title', actions: [{ ...ACTION, text: 'canary action' }] };
  model.answer(
    post(chatId, {
      message: 'canary answer',
      attachments: [attachment],
      attachment_template: 'generic',
      selected_reply_suggestion_id: suggestion.id,
    }),
  );
  return { model, chatId };
}

describe('a purge of a message with files', () => {
  test('keeps only their ids, so that D1 learns which files go, also when it comes twice', () => {
    const { model, chatId } = visitorsChat();
    const file = { id: 'f1', name: 'canary.pdf', content_type: 'application/pdf', size: 1, sha256: 'canary' };
    model.answer(post(chatId, { attachments: [{ ...ATTACHMENT, file }], attachment_template: 'generic' }));
    model.answer(purge(chatId));
    model.answer(purge(chatId));
    const message = messagesIn(kept(model)).at(-1);
    expect(message).toMatchObject({ attachments: [], files_gone: ['f1'] });
    expect(JSON.stringify(kept(model))).not.toContain('canary');
    expect(messageResource(message ?? ({} as never), { id: chatId, room_id: null })).not.toHaveProperty('files_gone');
  });
});

describe('a purge of messages', () => {
  test('leaves nothing that was written, in the log and in the state, and keeps the counts', () => {
    const { model, chatId } = writtenChat();
    const before = model.chat(chatId).facts;
    model.answer(purge(chatId));
    const { message_counts, user_message_count, updated_at } = model.chat(chatId).facts;
    expect({ message_counts, user_message_count, updated_at }).toEqual({
      message_counts: before.message_counts,
      user_message_count: before.user_message_count,
      updated_at: before.updated_at,
    });
    const left = JSON.stringify([kept(model), [...model.state.chats.values()], [...model.state.suggestions.values()]]);
    expect(left).not.toMatch(/canary (question|answer|suggestion|page|title|action)/);
    // The visitor is not purged.
    expect(left).toContain('canary name');
    expect(model.chat(chatId).facts).toMatchObject({ is_autosuggested: true });
  });

  test('of an earlier time leaves the page of an autosuggestion, as its text', () => {
    const { model, chatId } = writtenChat();
    model.answer(purge(chatId, { before: model.chat(chatId).facts.created_at }));
    expect(model.chat(chatId).facts.autosuggest_page?.url).toBe('https://canary.page/seen');
    model.answer(purge(chatId, { before: model.chat(chatId).facts.created_at + 1 }));
    expect(model.chat(chatId).facts.autosuggest_page).toBeUndefined();
  });

  test('shows when it was, and hides the names of visitors but not of users', () => {
    const { model, chatId } = writtenChat();
    model.answer(purge(chatId));
    const at = new Date(model.state.last_at).toISOString();
    const shown = messagesIn(kept(model)).map((message) => messageResource(message, { id: chatId, room_id: null }));
    const texts = shown.filter(({ type }) => type === 'msg');
    expect(texts).toMatchObject([
      { sender_type: 'visitor', message: null, sender_name: null, sender_public_name: null },
      {
        sender_type: 'user',
        message: null,
        sender_name: 'Ada Agent',
        attachments: [],
        selected_reply_suggestion: null,
      },
    ]);
    for (const { sensitive_data_purged_at } of shown)
      expect(Date.parse(sensitive_data_purged_at ?? '')).toBe(Date.parse(at));
  });

  test('before a time keeps what is of that time or later', () => {
    const { model, chatId } = waitingChat();
    model.answer(incoming('second'), 1000);
    model.answer(incoming('third'), 1000);
    const [first, second] = messagesIn(model.log);
    if (first === undefined || second === undefined) throw new Error('no messages');
    model.answer(purge(chatId, { before: second.created_at }));
    expect(messagesIn(kept(model)).map(({ message }) => message)).toEqual([null, 'second', 'third']);
    model.answer(purge(chatId, { before: second.created_at + 1 }));
    const messages = messagesIn(kept(model));
    expect(messages.map(({ message }) => message)).toEqual([null, null, 'third']);
    // What was purged before keeps the time of its own purge.
    expect(messages[0]?.purged?.seq).toBeLessThan(messages[1]?.purged?.seq ?? 0);
  });

  test('marks an ended chat when nothing is left, and no open one', () => {
    const { model, chatId } = waitingChat();
    model.answer(purge(chatId));
    expect(model.chat(chatId).facts.purged_at).toBeUndefined();
    model.answer(end(chatId));
    model.answer(purge(chatId, { before: START + 1 }));
    expect(model.chat(chatId).facts.purged_at).toBeUndefined();
    model.answer(purge(chatId));
    expect(model.chat(chatId).facts.purged_at).toBe(model.state.last_at);
  });

  test('is refused for a chat of another organization and an unknown one, and a retry writes nothing', () => {
    const { model, chatId } = waitingChat();
    expect(model.refusal(purge(chatId, { organization_id: crypto.randomUUID() }))).toBe('chat_not_found');
    expect(model.refusal(purge(crypto.randomUUID()))).toBe('chat_not_found');
    const command = purge(chatId);
    expect(model.eventsOf(command)).toEqual(['purged']);
    expect(model.eventsOf(command)).toEqual([]);
  });
});

describe('a purge of a visitor', () => {
  test('leaves nothing of them, and ends their chat', () => {
    const { model, chatId } = writtenChat();
    expect(model.eventsOf(purge(chatId, { covers: 'visitor', before: START }))).toEqual(['purged', 'chat_ended']);
    const left = JSON.stringify([kept(model), model.state.thread, [...model.state.chats.values()]]);
    expect(left).not.toContain('canary');
    expect(model.chat(chatId).members.get(model.state.thread?.visitor_id ?? '')?.facts.name).toBeNull();
  });

  test('hides the address of the outside source, whose next message begins with another visitor', () => {
    const identity = { ...IDENTITY, thread_id: 'jane@canary.example' };
    const { routing } = receiveCommand({});
    const first = incoming('one', { identity, routing: { ...routing, thread_id: identity.thread_id } });
    const thread = new ThreadModel(START);
    const { chat_id, mapping_id } = thread.answer({ ...first, variables: { username: 'Jane', email: 'canary' } });
    thread.answer(join(chat_id));
    const visitor = thread.state.thread?.visitor_id;
    thread.answer(purge(chat_id, { covers: 'visitor' }));
    expect(JSON.stringify([kept(thread), thread.state.thread])).not.toContain('canary');
    const next = thread.answer({ ...first, ...head(), messages: incoming('two').messages });
    expect(next).toMatchObject({ mapping_id, is_new_session: true });
    expect(thread.state.thread).toMatchObject({ thread_id: identity.thread_id, visitor_name: null });
    expect(thread.state.thread?.visitor_id).not.toBe(visitor);
    // A later purge of the old session leaves the new visitor alone.
    thread.answer(purge(chat_id, { covers: 'visitor' }));
    expect(thread.state.thread).toMatchObject({ thread_id: identity.thread_id });
  });

  test('takes a name that an ended session has given, also when the next session goes on', () => {
    const { model, chatId } = visitorsChat();
    const visitor_id = model.state.thread?.visitor_id ?? '';
    model.answer(purge(chatId, { covers: 'visitor' }));
    model.answer({ ...head(), type: 'rename_visitor', chat_id: chatId, visitor_id, name: 'canary' });
    model.answer(open({ visitor_name: null }));
    model.answer(purge(chatId, { covers: 'visitor' }));
    expect(model.state.thread?.visitor_name).toBeNull();
    expect(kept(model).reduce(evolve, emptyThread(model.state.name)).thread).toEqual(model.state.thread);
  });

  test('lets no user open a chat in the thread of a purged source', () => {
    const { model, chatId } = waitingChat();
    const visitor_id = model.state.thread?.visitor_id ?? '';
    model.answer(purge(chatId, { covers: 'visitor' }));
    expect(model.refusal(open({ chat_id: chatId, identity: null, visitor_id }))).toBe('chat_not_found');
  });
});
