import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { chatIdAt, threadName } from '../../../src/domain/address.ts';
import type { Command } from '../../../src/domain/commands.ts';
import type { Query, ReadSuggestions } from '../../../src/domain/queries.ts';
import type { ChatGrant } from '../../../src/resources/chat-grant.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { passTime } from '../../support/worker/clock.ts';
import { execute, newUser, newVisitorChat, nextVisitorChat, read, readMessages } from '../../support/worker/threads.ts';

afterEach(() => {
  vi.useRealTimers();
});

const ask = async (thread: string, query: Query) => await threadStub(env, thread).read(query);
const refusal = (reason: string) => ({ ok: false, refusal: { reason } });

describe('a query', () => {
  test('is answered if the grant covers it, and otherwise refused by kind', async () => {
    const { thread, chat_id, actor, room, visitor_id, grant } = await newVisitorChat();
    const other = newUuid(Date.now());
    const reach = (organization_id: string | null, room_ids: string[], is_pending = false): ChatGrant => ({
      kind: 'reach',
      reach: { organization_id, room_ids },
      is_pending,
    });
    const asking = async (given: ChatGrant) => {
      const answer = await ask(thread, { v: 1, type: 'read_chat', chat_id, grant: given });
      return answer.ok ? 'ok' : answer.refusal.reason;
    };
    expect(await asking(grant)).toBe('ok');
    expect(await asking({ kind: 'member', user_id: other })).toBe('not_a_member');
    expect(await asking({ kind: 'involved', organization_id: actor.organization_id })).toBe('ok');
    expect(await asking({ kind: 'involved', organization_id: other })).toBe('chat_not_found');
    expect(await asking(reach(room.organization_id, []))).toBe('ok');
    expect(await asking(reach(null, [room.id]))).toBe('ok');
    expect(await asking(reach(other, [other]))).toBe('not_routed');
    expect(await asking(reach(room.organization_id, [], true))).toBe('not_pending');
    expect(await asking({ kind: 'visitor', room_id: room.id, visitor_id })).toBe('ok');
    expect(await asking({ kind: 'visitor', room_id: other, visitor_id })).toBe('chat_not_found');
  });

  test('is refused for an id with another time, for an unknown thread and in another version', async () => {
    const { thread, grant } = await newVisitorChat();
    const query = { v: 1 as const, type: 'read_chat' as const, grant };
    expect(await ask(thread, { ...query, chat_id: chatIdAt(thread, 1) })).toEqual(refusal('chat_not_found'));
    const nobody = threadName({ kind: 'chat', id: newUuid(1) });
    expect(await ask(nobody, { ...query, chat_id: chatIdAt(nobody, 1) })).toEqual(refusal('chat_not_found'));
    const tables = await runInDurableObject(env.THREADS.getByName(nobody), (_, { storage }) =>
      storage.sql.exec(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'`).toArray(),
    );
    expect(tables).toEqual([]);
    const newer = { ...query, v: 2, chat_id: chatIdAt(thread, 1) } as unknown as Query;
    expect(await ask(thread, newer)).toEqual(refusal('newer_version'));
    const command = { v: 2, type: 'end_overdue_chats', command_id: 'x' } as unknown as Command;
    expect((await threadStub(env, thread).execute(command)).result).toEqual(refusal('newer_version'));
  });

  test('for one message finds it by its id, but no message of another chat', async () => {
    const { thread, chat_id, actor, grant } = await newVisitorChat();
    const { messages } = await readMessages(thread, chat_id, actor);
    const [first] = messages;
    const query = { v: 1 as const, type: 'read_message' as const, chat_id, grant };
    const found = await read(thread, { ...query, message_id: first?.message.id ?? '' });
    expect(found.message).toEqual(first?.message);
    expect(await ask(thread, { ...query, message_id: newUuid(1) })).toEqual(refusal('message_not_found'));
    await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
  });

  test('for tags and invitations reads the chat’s own, oldest first, also after a restart', async () => {
    const { thread, chat_id, actor, grant } = await newVisitorChat();
    for (const name of ['b', 'a', 'c']) await execute(thread, { type: 'add_tag', chat_id, grant, actor, name });
    await execute(thread, { type: 'remove_tag', chat_id, grant, name: 'a' });
    const ids: string[] = [];
    for (const name of ['Bea', 'Cay']) {
      const invitee = { kind: 'user' as const, id: newUuid(Date.now()), name };
      ids.push((await execute(thread, { type: 'invite', chat_id, actor, invitee })).invitation.id);
    }
    await evictDurableObject(env.THREADS.getByName(thread));
    const { tags } = await read(thread, { v: 1, type: 'read_tags', chat_id, grant });
    expect(tags.map(({ name }) => name)).toEqual(['b', 'c']);
    const query = { v: 1 as const, type: 'read_invitations' as const, chat_id, grant };
    const sent = await read(thread, { ...query, invited_by_user_id: actor.id });
    expect(sent.invitations.map(({ id }) => id)).toEqual(ids);
    expect((await read(thread, { ...query, invited_by_user_id: newUuid(1) })).invitations).toEqual([]);
  });
});

describe('suggestions', () => {
  test('are paged by id, of one message or of the chat, up to 4 MB a page', async () => {
    const { thread, chat_id, actor, grant } = await newVisitorChat();
    const text = 'x'.repeat(900_000);
    const messageIds: string[] = [];
    const ids: string[] = [];
    const page: ReadSuggestions = {
      v: 1,
      type: 'read_suggestions',
      chat_id,
      grant,
      message_id: null,
      after: null,
      before: null,
      descending: false,
      limit: 50,
    };
    for (const message of ['one', 'two']) {
      const content = { selected_reply_suggestion_id: null, attachments: [], attachment_template: null };
      const posted = await execute(thread, { type: 'post_message', chat_id, actor, message, ...content });
      messageIds.push(posted.message.id);
    }
    for (const place of [0, 1, 0, 0, 0, 0]) {
      const suggests = { chat_id, message_id: messageIds[place] ?? '', grant, actor, relevancy_score: null };
      const { suggestion } = await execute(thread, { type: 'add_reply_suggestion', ...suggests, suggestion: text });
      ids.push(suggestion.id);
    }
    const listed = async (more: Partial<ReadSuggestions>) => {
      const { suggestions, has_more } = await read(thread, { ...page, ...more });
      return [suggestions.map(({ id }) => ids.indexOf(id)), has_more];
    };
    expect(await listed({})).toEqual([[0, 1, 2, 3], true]);
    expect(await listed({ after: ids[3] ?? '' })).toEqual([[4, 5], false]);
    expect(await listed({ descending: true, limit: 2 })).toEqual([[5, 4], true]);
    expect(await listed({ descending: true, before: ids[1] ?? '' })).toEqual([[0], false]);
    expect(await listed({ message_id: messageIds[1] ?? '' })).toEqual([[1], false]);
    expect(await ask(thread, { ...page, message_id: newUuid(1) })).toEqual(refusal('message_not_found'));

    const one: Query = { v: 1, type: 'read_suggestion', chat_id, grant, message_id: null, suggestion_id: ids[1] ?? '' };
    expect((await read(thread, one)).suggestion).toMatchObject({ id: ids[1] });
    expect((await read(thread, { ...one, message_id: messageIds[1] ?? '' })).suggestion).toMatchObject({ id: ids[1] });
    const elsewhere = { ...one, message_id: messageIds[0] ?? '' };
    expect(await ask(thread, elsewhere)).toEqual(refusal('reply_suggestion_not_found'));
    expect(await ask(thread, { ...one, message_id: newUuid(1) })).toEqual(refusal('message_not_found'));
    expect(await ask(thread, { ...one, suggestion_id: newUuid(1) })).toEqual(refusal('reply_suggestion_not_found'));
  });

  test('of another chat of the thread are not found, and neither are its messages', async () => {
    const { thread, chat_id, actor, grant, room, visitor_id } = await newVisitorChat();
    const content = { selected_reply_suggestion_id: null, attachments: [], attachment_template: null };
    const { message } = await execute(thread, { type: 'post_message', chat_id, actor, message: 'one', ...content });
    const suggests = { chat_id, message_id: message.id, grant, actor, suggestion: 's', relevancy_score: null };
    const { suggestion } = await execute(thread, { type: 'add_reply_suggestion', ...suggests });
    await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
    const next = await execute(thread, nextVisitorChat({ visitor_id, room, actor }, chat_id));
    expect(next.is_new).toBe(true);
    const asked = { v: 1 as const, chat_id: next.chat.id, grant };
    const one = { ...asked, type: 'read_suggestion' as const, suggestion_id: suggestion.id };
    expect(await ask(thread, { ...one, message_id: null })).toEqual(refusal('reply_suggestion_not_found'));
    expect(await ask(thread, { ...one, message_id: message.id })).toEqual(refusal('message_not_found'));
    const all: Query = {
      ...asked,
      type: 'read_suggestions',
      message_id: null,
      after: null,
      before: null,
      descending: false,
      limit: 9,
    };
    expect((await read(thread, all)).suggestions).toEqual([]);
    expect((await read(thread, { ...all, chat_id })).suggestions).toHaveLength(1);
  });
});

describe('a new chat that names its visitor’s newest one', () => {
  test('must be sent to the thread of that chat', async () => {
    const { thread, room, visitor_id, actor } = await newVisitorChat();
    const opens = { v: 1, command_id: 'x', ...nextVisitorChat({ visitor_id, room, actor }, '') } as const;
    const send = async (name: string) =>
      (await threadStub(env, name).execute({ ...opens, chat_id: chatIdAt(name, 1) })).result;
    expect(await send(thread)).toEqual(refusal('chat_not_found'));
    const nobody = threadName({ kind: 'chat', id: newUuid(2) });
    expect(await send(nobody)).toEqual(refusal('chat_not_found'));
    const other = { kind: 'visitor' as const, room_id: room.id, visitor_id: 'f'.repeat(32) };
    const foreign = await threadStub(env, thread).execute({ ...opens, chat_id: null, identity: other });
    expect(foreign.result).toEqual(refusal('thread_not_found'));
  });
});

describe('typing', () => {
  test('is returned with the members until a message or a restart, even if a join or update changes nothing else', async () => {
    const { thread, chat_id, actor, grant } = await newVisitorChat();
    const statusOf = async () => {
      const { members } = await read(thread, { v: 1, type: 'read_members', chat_id, grant });
      return members.map(({ member_type, composing_status }) => `${member_type} ${composing_status}`);
    };
    const seq = () =>
      runInDurableObject(env.THREADS.getByName(thread), (_, { storage }) =>
        storage.sql.exec('SELECT max(seq) AS seq FROM events').one(),
      );
    expect(await statusOf()).toEqual(['visitor idle', 'user idle']);
    const before = await seq();
    const update = { type: 'update_membership', chat_id, actor, is_present: true, is_participating: null } as const;
    await execute(thread, { ...update, composing_status: 'typing', last_seen_at: null });
    expect(await statusOf()).toEqual(['visitor idle', 'user typing']);
    expect(await seq()).toEqual(before);
    passTime(16_000);
    expect(await statusOf()).toEqual(['visitor idle', 'user typed']);
    const content = { selected_reply_suggestion_id: null, attachments: [], attachment_template: null };
    await execute(thread, { type: 'post_message', chat_id, actor, message: 'there', ...content });
    expect(await statusOf()).toEqual(['visitor idle', 'user idle']);
    const joins = { is_present: true, must_be_present: false, is_kept_out: false, is_participating: true };
    await execute(thread, { type: 'join_chat', chat_id, grant, actor, ...joins, composing_status: 'typing' });
    expect(await statusOf()).toEqual(['visitor idle', 'user typing']);
    await evictDurableObject(env.THREADS.getByName(thread));
    expect(await statusOf()).toEqual(['visitor idle', 'user idle']);
    const stranger = newUser(actor.organization_id);
    const refused = await threadStub(env, thread).execute({
      ...update,
      v: 1,
      command_id: 'x',
      actor: stranger,
      composing_status: 'typing',
      last_seen_at: null,
    });
    expect(refused.result).toEqual(refusal('not_a_member'));
    expect(await statusOf()).toEqual(['visitor idle', 'user idle']);
  });
});
