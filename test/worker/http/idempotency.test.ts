import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { passTime } from '../../support/worker/clock.ts';
import { enrollAgent, type Json, TestOrganization, unique } from '../../support/worker/organization.ts';
import { type Answer, type Call, call } from '../../support/worker/requests.ts';
import { Site } from '../../support/worker/visitor-site.ts';

const DAY = 24 * 3_600_000;

let org: TestOrganization;
let site: Site;

beforeAll(async () => {
  org = await TestOrganization.open();
  site = await Site.at(org);
});

afterEach(() => {
  vi.useRealTimers();
});

/** A POST of a person or visitor, with an `Idempotency-Key`. */
function post({ token }: { token: string }, path: string, body: Json, key: string): Promise<Answer> {
  const headers = { 'Idempotency-Key': key };
  return call(`/api/v5${path}`, { method: 'POST', authorization: `Bearer ${token}`, body, headers });
}

const replayed = (answer: Answer) => answer.headers.get('Idempotent-Replayed');

type Log = { seq: number; key: string | null }[];

/** The log of a chat's thread, without the presence of its members, which objects report by themselves. */
function logOf(chatId: string): Promise<Log> {
  const object = env.THREADS.getByName(threadNameOfChat(chatId) ?? '');
  return runInDurableObject(object, (_, { storage: { sql } }) =>
    sql
      .exec<Log[number]>(
        `SELECT seq, event ->> '$.command_id' AS key FROM events WHERE type != 'member_changed' ORDER BY seq`,
      )
      .toArray(),
  );
}

/** A chat that the agent has joined, with its first message. */
async function joinedChat(): Promise<{ chatId: string; messageId: string }> {
  const { chatId, ids } = await org.say(unique('thread'), 'help');
  await org.join(org.agent, chatId);
  return { chatId, messageId: ids[0] ?? '' };
}

type Post = { who: { token: string }; path: string; body: Json; other: Json; chatId: string };

/** Every POST that sends a command to a thread. */
const POSTS: Record<string, () => Promise<Post>> = {
  'a message': async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    return { who: org.agent, path, body: { message: 'Hello' }, other: { message: 'Goodbye' }, chatId };
  },
  'a tag': async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/tags`;
    return { who: org.agent, path, body: { name: 'Lead' }, other: { name: 'Spam' }, chatId };
  },
  'a membership': async () => {
    const { chatId } = await org.say(unique('thread'), 'help');
    const path = `/users/${org.agent.user_id}/routed_chats/${chatId}/memberships`;
    const body = { is_participating: true, composing_status: 'idle' };
    return { who: org.agent, path, body, other: { ...body, is_participating: false }, chatId };
  },
  'a membership of another user': async () => {
    const { chatId } = await org.say(unique('thread'), 'help');
    const path = `${org.organizationPath}/owned_chats/${chatId}/memberships`;
    const body = { member_id: org.agent.user_id, is_participating: true, composing_status: 'idle' };
    return { who: org.reporter, path, body, other: { ...body, member_id: org.bot.user_id }, chatId };
  },
  'a suggestion': async () => {
    const { chatId, messageId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages/${messageId}/reply_suggestions`;
    return { who: org.agent, path, body: { suggestion: 'Yes' }, other: { suggestion: 'No' }, chatId };
  },
  'an invitation': async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/outgoing_chat_invitations`;
    const body = { invited_user_id: org.bot.user_id };
    return { who: org.agent, path, body, other: { invited_user_id: org.reporter.user_id }, chatId };
  },
  'a chat of users': async () => {
    const path = `/users/${org.agent.user_id}/chats`;
    return { who: org.agent, path, body: {}, other: { subject: 'another' }, chatId: '' };
  },
  'a chat with a visitor': async () => {
    const visitor = await site.visitor();
    const path = `/users/${org.agent.user_id}/rooms/${site.roomId}/visitors/${visitor.id}/chats`;
    return { who: org.agent, path, body: {}, other: { chat_type: 'task' }, chatId: '' };
  },
  'a chat of a new visitor': async () => {
    const visitor = await site.visitor();
    const path = `/public${site.room}/visitors/${visitor.id}/chats`;
    return { who: visitor, path, body: {}, other: { chat_type: 'visitor' }, chatId: '' };
  },
  'a message of a visitor': async () => {
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const path = `/public/visitors/${visitor.id}/chats/${chatId}/messages`;
    return { who: visitor, path, body: { message: 'Hello' }, other: { message: 'Goodbye' }, chatId };
  },
};

describe.each(Object.entries(POSTS))('the POST of %s with an Idempotency-Key', (_name, prepare) => {
  it('is done once, and answered as the first time, also by a new instance of the object', async () => {
    const { who, path, body, chatId } = await prepare();
    const key = crypto.randomUUID();
    const first = await post(who, path, body, key);
    expect([first.status, first.text]).toEqual([path.endsWith('/messages') ? first.status : 201, expect.any(String)]);
    expect(replayed(first)).toBeNull();
    const id = chatId === '' ? String(first.json['id']) : chatId;
    const log = await logOf(id);
    for (let time = 0; time < 2; time += 1) {
      const again = await post(who, path, body, key);
      expect([again.status, again.json]).toEqual([first.status, first.json]);
      expect(replayed(again)).toBe('true');
      expect(await logOf(id)).toEqual(log);
      await evictDurableObject(env.THREADS.getByName(threadNameOfChat(id) ?? ''));
      passTime(120_000);
    }
  });

  it('is 409 with another body, and changes nothing', async () => {
    const { who, path, body, other, chatId } = await prepare();
    const key = crypto.randomUUID();
    const first = await post(who, path, body, key);
    expect(first.status).toBeLessThan(300);
    const id = chatId === '' ? String(first.json['id']) : chatId;
    const log = await logOf(id);
    const refused = await post(who, path, other, key);
    expect([refused.status, refused.json]).toEqual([
      409,
      { detail: 'This Idempotency-Key was used for another request.' },
    ]);
    expect(replayed(refused)).toBeNull();
    expect(await logOf(id)).toEqual(log);
  });
});

describe('an Idempotency-Key', () => {
  it('is answered as the first time whatever has happened to the chat since', async () => {
    const key = crypto.randomUUID();
    const start = () => post(org.agent, `/users/${org.agent.user_id}/chats`, {}, key);
    const first = await start();
    const chat = `/users/${org.agent.user_id}/chats/${first.json['id']}`;
    expect((await post(org.agent, `${chat}/messages`, { message: 'Hello' }, crypto.randomUUID())).status).toBe(200);
    expect((await post(org.agent, `${chat}/tags`, { name: 'Lead' }, crypto.randomUUID())).status).toBe(201);
    const again = await start();
    expect([again.status, again.json, replayed(again)]).toEqual([201, first.json, 'true']);
  });

  it('is remembered for 24 hours, however many follow, and then forgotten', async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const key = crypto.randomUUID();
    const first = await post(org.agent, path, { message: 'once' }, key);
    for (let next = 0; next < 40; next += 1) await post(org.agent, path, { message: 'more' }, crypto.randomUUID());
    passTime(DAY - 60_000);
    expect((await post(org.agent, path, { message: 'once' }, key)).json['id']).toBe(first.json['id']);
    passTime(120_000);
    const later = await post(org.agent, path, { message: 'once' }, key);
    expect([later.status, replayed(later)]).toEqual([200, null]);
    expect(later.json['id']).not.toBe(first.json['id']);
    const kept = await runInDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''), (_, { storage }) =>
      storage.sql.exec<{ count: number }>('SELECT count(*) AS count FROM keyed_commands').one(),
    );
    expect(kept.count).toBe(1);
  });

  it('belongs to its user: others use the same one for themselves', async () => {
    const { chatId } = await joinedChat();
    const colleague = await enrollAgent(org.organizationId);
    await org.join(colleague, chatId);
    const key = crypto.randomUUID();
    const say = (who: typeof colleague) =>
      post(who, `/users/${who.user_id}/chats/${chatId}/messages`, { message: 'Hello' }, key);
    const [one, other] = [await say(org.agent), await say(colleague)];
    expect([other.status, replayed(other)]).toEqual([200, null]);
    expect(other.json['id']).not.toBe(one.json['id']);
  });

  it('sent at the same time many times does its work once', async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const key = crypto.randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(org.agent, path, { message: 'once' }, key)),
    );
    expect(new Set(answers.map(({ json }) => json['id'])).size).toBe(1);
    expect(answers.filter((answer) => replayed(answer) === null)).toHaveLength(1);
  });

  it('of a refused request may be used again', async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const key = crypto.randomUUID();
    expect((await post(org.agent, path, { message: '' }, key)).status).toBe(400);
    const then = await post(org.agent, path, { message: 'Hello' }, key);
    expect([then.status, replayed(then)]).toEqual([200, null]);
  });

  it('has at most 255 characters; a blank one counts as absent', async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const say = (key: string) => post(org.agent, path, { message: 'Hello' }, key);
    const refused = await say('k'.repeat(256));
    expect([refused.status, Object.keys(refused.json)]).toEqual([400, ['Idempotency-Key']]);
    expect((await say('k'.repeat(255))).status).toBe(200);
    const [one, other] = [await say(' '), await say(' ')];
    expect([one.status, other.status, replayed(other)]).toEqual([200, 200, null]);
    expect(one.json['id']).not.toBe(other.json['id']);
  });

  it('costs one row of the thread, and none without it', async () => {
    const { chatId } = await joinedChat();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const rowsOf = async (headers: Record<string, string>) => {
      const authorization = `Bearer ${org.agent.token}`;
      const options = { method: 'POST', authorization, body: { message: 'Hi' }, headers, env: { SERVER_TIMING: '1' } };
      const answer = await call(`/api/v5${path}`, options as Call);
      return Number(/calls=1;written=(\d+)/.exec(answer.headers.get('Server-Timing') ?? '')?.[1]);
    };
    await rowsOf({});
    const plain = await rowsOf({});
    await rowsOf({ 'Idempotency-Key': crypto.randomUUID() });
    expect(await rowsOf({ 'Idempotency-Key': crypto.randomUUID() })).toBe(plain + 1);
    expect(await rowsOf({})).toBe(plain);
  });
});
