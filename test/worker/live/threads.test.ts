import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { passTime } from '../../support/worker/clock.ts';
import { type Frame, LiveClient } from '../../support/worker/live-client.ts';
import type { Json } from '../../support/worker/organization.ts';
import { ask } from '../../support/worker/organization.ts';
import { Site, visit } from '../../support/worker/visitor-site.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** The next notification of a topic with this ending; others are skipped. */
async function heard(client: LiveClient, ending: string): Promise<Json & { frame: Frame }> {
  for (;;) {
    const frame = await client.next('notifications');
    const found = (frame['notifications'] as Json[]).find(({ channel }) => String(channel).endsWith(ending));
    if (found !== undefined) return { ...found, frame };
  }
}

describe('a conversation', () => {
  it('reaches agent and visitor, each as REST shows it to them', async () => {
    const site = await Site.open();
    const visitor = await site.visitor();
    const { agent } = site;
    const ofAgent = await LiveClient.ofUser(agent);
    const own = `/api/v5/users/${agent.user_id}`;
    await ofAgent.subscribe([`${own}/routed_chats`, `${own}/routed_chats/*/messages`, `${own}/chats/*/memberships`]);
    const ofVisitor = await LiveClient.ofVisitor(visitor);
    const chats = `/api/v5/public/visitors/${visitor.id}/chats`;
    await ofVisitor.subscribe([chats, `${chats}/*/messages`, `${chats}/*/memberships`]);

    const chatId = await site.chat(visitor);
    expect(await heard(ofVisitor, '/chats')).toMatchObject({ channel: chats, action: 'added', resource_id: chatId });
    expect(await heard(ofAgent, '/routed_chats')).toMatchObject({ action: 'added', resource_id: chatId });

    const question = await site.say(visitor, chatId, 'Do you ship?');
    const notified = await heard(ofAgent, '/messages');
    expect(notified).toMatchObject({ channel: `${own}/routed_chats/${chatId}/messages`, action: 'added' });
    const rest = await ask(
      agent,
      'GET',
      `/users/${agent.user_id}/routed_chats/${chatId}/messages/${question.json['id']}`,
    );
    expect(notified['resource']).toEqual(rest.json);
    expect((await heard(ofVisitor, '/messages'))['resource']).toEqual(question.json);

    const answer = await site.answerBy(agent, chatId, 'We do.');
    let shown = await heard(ofVisitor, '/messages');
    while (shown['resource_id'] !== answer['id']) shown = await heard(ofVisitor, '/messages');
    const page = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${chatId}/messages`);
    const listed = (page.json['results'] as Json[]).find(({ id }) => id === answer['id']);
    expect(shown['resource']).toEqual(listed);

    const path = `/users/${agent.user_id}/chat_memberships/${chatId}`;
    expect((await ask(agent, 'PATCH', path, { composing_status: 'typing' })).status).toBe(200);
    let typing = await heard(ofVisitor, '/memberships');
    while (typing.frame['number'] !== null) typing = await heard(ofVisitor, '/memberships');
    expect(typing).toMatchObject({ resource_id: agent.user_id, resource: { composing_status: 'typing' } });
    for (const client of [ofAgent, ofVisitor]) client.close();
  });

  it('is resumed without loss while it goes on', async () => {
    const site = await Site.open();
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const channels = [`/api/v5/users/${site.agent.user_id}/routed_chats/*/messages`];
    const first = await LiveClient.ofUser(site.agent);
    let after = Number((await first.subscribe(channels))['number']);
    first.close();
    const sent: unknown[] = [];
    const speaking = (async () => {
      for (let place = 0; place < 30; place++) sent.push((await site.say(visitor, chatId, `${place}`)).json['id']);
    })();
    const ids: unknown[] = [];
    while (ids.length < 30) {
      const client = await LiveClient.ofUser(site.agent);
      await client.subscribe(channels, after);
      for (const limit = Math.min(30, ids.length + 4); ids.length < limit; ) {
        const { frame, resource_id } = await heard(client, '/messages');
        after = Number(frame['number']);
        ids.push(resource_id);
      }
      client.close();
    }
    await speaking;
    expect(ids).toEqual(sent);
  });

  it('is published from the first connection on, even if its thread slept before it had stored an audience', async () => {
    const site = await Site.open();
    const visitor = await site.visitor();
    passTime(-5000);
    const chatId = await site.chat(visitor);
    await site.say(visitor, chatId, 'before anybody listens');
    vi.useRealTimers();
    const client = await LiveClient.ofVisitor(visitor);
    await client.subscribe([`/api/v5/public/visitors/${visitor.id}/chats/*/messages`]);
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    const { json } = await site.say(visitor, chatId, 'and now');
    expect((await heard(client, '/messages'))['resource_id']).toBe(json['id']);
    client.close();
  });
});
