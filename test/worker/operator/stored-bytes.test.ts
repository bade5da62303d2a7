import { env } from 'cloudflare:workers';
import { afterEach, expect, it, vi } from 'vitest';
import { dayOf } from '../../../src/resources/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { ask, TestOrganization, unique } from '../../support/worker/organization.ts';
import { admin, call } from '../../support/worker/requests.ts';
import { Site } from '../../support/worker/visitor-site.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Isolates ask D1 for each request. */
const UNCACHED = { env: { AUTH_CACHE_SECONDS: '0' } };

const storedOf = async (organizationId: string) =>
  await env.DB.prepare('SELECT stored_day, stored_bytes FROM organizations WHERE id = ?').bind(organizationId).first();

async function usageOf(organizationId: string) {
  const { json } = await admin(`/organizations/${organizationId}/usage`);
  return (json['results'] as { quota: string; used: number; limit: number }[]).find(
    ({ quota }) => quota === 'stored_bytes',
  );
}

it('the bytes of a day are counted, and beyond the quota nothing more is stored until the next day', async () => {
  // Early on a day, so that the test does not cross its end.
  setClock((dayOf(Date.now()) + 1) * 86_400_000 + 3_600_000);
  const org = await TestOrganization.open();
  const site = await Site.at(org);
  const { organizationId } = org;
  const visitor = await site.visitor();
  const chatId = await site.chat(visitor);
  const thread = unique('thread');
  expect(await usageOf(organizationId)).toMatchObject({ limit: 1_000_000_000 });
  for (let message = 0; message < 4; message++) await org.say(thread, `${message}${'x'.repeat(90_000)}`);
  await eventually(async () =>
    expect((await usageOf(organizationId))?.used).toSatisfy((used: number) => used > 200_000 && used < 800_000),
  );
  expect(await storedOf(organizationId)).toMatchObject({ stored_day: dayOf(Date.now()) });

  const set = (stored_bytes_quota: number | null) =>
    admin(`/organizations/${organizationId}`, { method: 'PATCH', body: { stored_bytes_quota } });
  expect((await set(200_000)).status).toBe(200);
  const say = (text: string) =>
    call(`/api/v5/orgs/${organizationId}/unified_messaging/${org.channelId}/messages`, {
      ...UNCACHED,
      method: 'POST',
      authorization: `Bearer ${org.gateway.token}`,
      body: { messages: [{ body: text, thread_id: thread, sender_id: 'jane', message_id: unique('m') }] },
    });
  const asVisitor = (path: string, body: unknown) =>
    call(`/api/v5/public${path}`, { ...UNCACHED, method: 'POST', authorization: `Bearer ${visitor.token}`, body });
  const refused = [429, { detail: 'The quota "stored_bytes" is reached: at most 200,000 a day.' }, String(23 * 3600)];
  for (const answer of [
    await say('more'),
    await asVisitor(`/visitors/${visitor.id}/chats/${chatId}/messages`, { message: 'more' }),
    await asVisitor(`${site.room}/visitors/${visitor.id}/chats`, {}),
    await ask(org.agent, 'POST', `/users/${org.agent.user_id}/chats`, {}),
  ]) {
    expect([answer.status, answer.json, answer.headers.get('Retry-After')]).toEqual(refused);
  }
  // Reading and closing go on.
  expect((await org.memberships(chatId)).length).toBeGreaterThan(0);
  const closed = await call(`/api/v5/orgs/${organizationId}/unified_messaging/${org.channelId}/close_session`, {
    method: 'POST',
    authorization: `Bearer ${org.gateway.token}`,
    body: { thread_id: thread },
  });
  expect(closed.status).toBe(200);
  // Others are not concerned.
  await (await TestOrganization.open()).say(unique('thread'), 'hello');

  passTime(23 * 3_600_000);
  expect((await say('next day')).status).toBeLessThan(300);
  expect((await usageOf(organizationId))?.used).toBe(0);
});

it('a rebuild is not counted', async () => {
  const org = await TestOrganization.open();
  const thread = unique('thread');
  for (let message = 0; message < 3; message++) await org.say(thread, `${message}${'x'.repeat(90_000)}`);
  await eventually(async () => expect((await usageOf(org.organizationId))?.used).toBeGreaterThan(100_000));
  const before = await storedOf(org.organizationId);
  for (let place = 0; place < 3; place++) {
    expect((await admin('/rebuild', { method: 'POST', body: {} })).status).toBe(200);
  }
  expect(await storedOf(org.organizationId)).toEqual(before);
});
