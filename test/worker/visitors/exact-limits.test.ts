import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { passTime } from '../../support/worker/clock.ts';
import { authenticate, Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

const LIMITED = { env: { RATE_LIMITS: '1' } };

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterEach(() => {
  vi.useRealTimers();
});

const say = (visitor: Visitor, chatId: string, more: object = LIMITED) =>
  visit(visitor.token, 'POST', `/visitors/${visitor.id}/chats/${chatId}/messages`, { message: 'Hello' }, more);

const open = (visitor: Visitor, more: object = LIMITED) =>
  visit(visitor.token, 'POST', `${site.room}/visitors/${visitor.id}/chats`, {}, more);

/** A visitor who has sent as many messages as they may in a minute. */
async function busyVisitor(): Promise<{ visitor: Visitor; chatId: string }> {
  const visitor = await site.visitor();
  const chatId = await site.chat(visitor);
  for (let sent = 0; sent < 30; sent += 1) expect((await say(visitor, chatId)).status).toBe(201);
  return { visitor, chatId };
}

const waitOf = ({ headers }: { headers: Headers }) => Number(headers.get('Retry-After'));

describe('a visitor', () => {
  it('sends 30 messages in a minute, also to an object that has lost its memory, and 429 names the wait', async () => {
    const { visitor, chatId } = await busyVisitor();
    const refused = await say(visitor, chatId);
    const wait = waitOf(refused);
    expect([refused.status, refused.json]).toEqual([
      429,
      { detail: `Request was throttled. Expected available in ${wait} seconds.` },
    ]);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    expect((await say(visitor, chatId)).status).toBe(429);
    passTime(wait * 1000);
    expect((await say(visitor, chatId)).status).toBe(201);
  });

  it('is limited alone: agents and other visitors are not', async () => {
    const { visitor, chatId } = await busyVisitor();
    await site.answerBy(site.agent, chatId, 'One at a time, please.');
    expect((await say(visitor, chatId)).status).toBe(429);
    const other = await site.visitor();
    expect((await say(other, await site.chat(other))).status).toBe(201);
  });

  it('has changes of messages counted with them', async () => {
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const item = `/visitors/${visitor.id}/chats/${chatId}/messages/${(await say(visitor, chatId)).json['id']}`;
    const edit = (message: string) => visit(visitor.token, 'PATCH', item, { message }, LIMITED);
    for (let sent = 1; sent < 30; sent += 1) expect((await edit(`Hello ${sent}`)).status).toBe(200);
    expect((await edit('Hello again')).status).toBe(429);
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    expect((await say(visitor, chatId)).status).toBe(429);
    expect((await visit(visitor.token, 'DELETE', item, undefined, LIMITED)).status).toBe(204);
  });

  it('is not limited without RATE_LIMITS', async () => {
    const { visitor, chatId } = await busyVisitor();
    expect((await say(visitor, chatId, {})).status).toBe(201);
  });

  it('gets the answer to a repeated request all the same', async () => {
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const keyed = { ...LIMITED, headers: { 'Idempotency-Key': 'once' } };
    const first = await say(visitor, chatId, keyed);
    for (let sent = 1; sent < 30; sent += 1) expect((await say(visitor, chatId)).status).toBe(201);
    expect((await say(visitor, chatId)).status).toBe(429);
    const again = await say(visitor, chatId, keyed);
    expect([again.status, again.json]).toEqual([201, first.json]);
  });

  it('starts ten chats in an hour, and resumes an open one at any time', async () => {
    const visitor = await site.visitor();
    const end = (chatId: unknown) =>
      visit(visitor.token, 'PATCH', `/visitors/${visitor.id}/chats/${chatId}`, { is_ended: true });
    let last = await open(visitor);
    for (let started = 1; started < 10; started += 1) {
      expect((await end(last.json['id'])).status).toBe(200);
      last = await open(visitor);
      expect(last.status).toBe(201);
    }
    expect((await open(visitor)).status).toBe(200);
    await end(last.json['id']);
    const refused = await open(visitor);
    expect(refused.status).toBe(429);
    expect(waitOf(refused)).toBeGreaterThan(3500);
    expect((await open(visitor, {})).status).toBe(201);
    passTime(3_600_000);
    const renewed = await authenticate(site.organizationId, visitor.secret);
    expect((await open(renewed)).status).toBeLessThan(300);
  });
});
