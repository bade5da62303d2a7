import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { countRows } from '../../support/worker/copied-rows.ts';
import { ask, type Json, TestOrganization, unique } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { testEnv } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const REQUIRED = { thread_id: ['This field is required.'] };
const BLANK = { thread_id: ['This field may not be blank.'] };

describe('close_session works', () => {
  it('once, and reports a session that is closed already', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'hi');
    const first = await org.close(thread);
    expect([first.status, first.json]).toEqual([
      200,
      {
        chat_session_id: chatId,
        thread_id: thread,
        message: 'Chat session closed successfully',
        is_ended: true,
      },
    ]);
    const ended = await org.chat(chatId);
    expect(ended).toMatchObject({ is_ended: true, is_waiting: false, legacy_conversation_state: 'closed' });
    const rows = await countRows();
    for (let repeat = 0; repeat < 3; repeat++) {
      const again = await org.close(thread);
      expect([again.status, again.json]).toEqual([200, { ...first.json, message: 'Chat session was already closed' }]);
    }
    expect(await org.chat(chatId)).toEqual(ended);
    expect(await countRows()).toEqual(rows);
  });

  it('for the current session, after which messages open a new one', async () => {
    const thread = unique('thread');
    const first = await org.say(thread, 'one');
    await org.close(thread);
    const second = await org.say(thread, 'two');
    expect(second.json).toMatchObject({ is_new_session: true, mapping_id: first.json['mapping_id'] });
    const closed = await org.close(thread);
    expect(closed.json).toMatchObject({
      chat_session_id: second.chatId,
      message: 'Chat session closed successfully',
    });
    expect((await org.close(thread)).json['chat_session_id']).toBe(second.chatId);
  });

  it('when a user or close_session of a request ended the session before', async () => {
    const [byUser, byRequest] = [unique('thread'), unique('thread')];
    const { chatId } = await org.say(byUser, 'hi');
    await org.join(org.agent, chatId);
    await ask(org.agent, 'PATCH', `/users/${org.agent.user_id}/chats/${chatId}`, { is_ended: true });
    await org.say(byRequest, 'hi', { close_session: true });
    for (const thread of [byUser, byRequest]) {
      expect((await org.close(thread)).json).toMatchObject({
        message: 'Chat session was already closed',
        is_ended: true,
      });
    }
  });

  it('for many callers at the same time: one closes it', async () => {
    const thread = unique('thread');
    await org.say(thread, 'hi');
    const answers = await Promise.all(Array.from({ length: 30 }, () => org.close(thread)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers.filter(({ json }) => json['message'] === 'Chat session closed successfully')).toHaveLength(1);
  });

  it('beside messages that arrive at the same time: no message is lost, and at most one session is open', async () => {
    const thread = unique('thread');
    await org.say(thread, 'first');
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, place) => {
        if (place % 4 === 3) return (await org.close(thread)).status;
        return (await org.say(thread, `text ${place}`)).status;
      }),
    );
    expect(new Set(answers)).toEqual(new Set([200, 201]));
    await writeCollected(testEnv);
    const { results } = await organizationD1
      .prepare(
        `SELECT is_ended, facts ->> '$.visitor_message_count' AS count FROM chats
       WHERE thread = (SELECT id FROM threads WHERE thread_id = ? AND channel_id = ?)`,
      )
      .bind(thread, org.channelId)
      .all<{ is_ended: number; count: number }>();
    expect(results.reduce((sum, { count }) => sum + count, 0)).toBe(16);
    expect(results.filter(({ is_ended }) => is_ended === 0).length).toBeLessThanOrEqual(1);
  });

  it('with unknown fields, a trailing slash and a thread id of 512 characters', async () => {
    const thread = 'ü'.repeat(512);
    await org.say(thread, 'hi');
    const answer = await org.request('POST', '/close_session/', { body: { thread_id: thread, reason: 'solved' } });
    expect([answer.status, answer.json['thread_id']]).toEqual([200, thread]);
  });
});

describe('close_session refuses', () => {
  it.each<[unknown, Json]>([
    [{}, REQUIRED],
    [{ thread_id: null }, { thread_id: ['This field may not be null.'] }],
    [{ thread_id: '' }, BLANK],
    [{ thread_id: '  ' }, BLANK],
    [{ thread_id: 7 }, { thread_id: ['Not a valid string.'] }],
    [{ thread_id: ['t'] }, { thread_id: ['Not a valid string.'] }],
    [{ thread_id: 't'.repeat(513) }, { thread_id: ['Ensure this field has no more than 512 characters.'] }],
    [[], { non_field_errors: [expect.any(String)] }],
  ])('%j', async (body, fields) => {
    const answer = await org.request('POST', '/close_session', { body });
    expect([answer.status, answer.json]).toEqual([400, fields]);
  });

  it('an empty body and invalid JSON', async () => {
    const headers = { 'Content-Type': 'application/json' };
    expect((await org.request('POST', '/close_session', { headers })).json).toEqual(REQUIRED);
    const broken = await org.request('POST', '/close_session', { raw: '{"thread_id":' });
    expect([broken.status, Object.keys(broken.json)]).toEqual([400, ['detail']]);
  });

  it('an unknown thread', async () => {
    const rows = await countRows();
    const unknown = await org.close(unique('thread'));
    expect([unknown.status, unknown.json]).toEqual([404, { detail: 'Thread not found.' }]);
    expect(await countRows()).toEqual(rows);
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'hi');
    const other = await org.gateway.register();
    const path = `https://hub.example${org.gateway.root}/${other}/close_session`;
    expect((await org.request('POST', path, { body: { thread_id: thread } })).status).toBe(404);
    expect((await org.chat(chatId))['is_ended']).toBe(false);
  });

  it('an unknown thread, and stores nothing in its object', async () => {
    const thread = unique('thread');
    expect((await org.close(thread)).status).toBe(404);
    const name = threadName({ kind: 'channel', channel_id: org.channelId, thread_id: thread });
    const left = await runInDurableObject(testEnv.THREADS.getByName(name), async (_, state) => ({
      tables: state.storage.sql.exec('SELECT name FROM sqlite_master').toArray(),
      alarm: await state.storage.getAlarm(),
    }));
    expect(left).toEqual({ tables: [], alarm: null });
  });

  it('a channel that is unknown or of another organization', async () => {
    const foreign = await TestOrganization.open();
    const thread = unique('thread');
    const { chatId } = await foreign.say(thread, 'hi');
    for (const id of ['0190a000-0000-7000-8000-00000000dead', foreign.channelId]) {
      const path = `https://hub.example${org.gateway.root}/${id}/close_session`;
      const answer = await org.request('POST', path, { body: { thread_id: thread } });
      expect([answer.status, answer.json]).toEqual([404, { detail: 'Channel configuration not found.' }]);
    }
    expect((await foreign.chat(chatId))['is_ended']).toBe(false);
  });
});
