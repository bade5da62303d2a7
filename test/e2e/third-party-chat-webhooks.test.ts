import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { registerApp } from '../../examples/third-party-chat/register-app.ts';
import {
  type ChatApplication,
  type ChatView,
  type ListView,
  newestChat,
  openBrowser,
  openChatApplication,
  viewOf,
  WEBHOOK_SECRET,
} from '../support/local/chat-application.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';

let site: TestHub;
let app: ChatApplication;
let browser: string;
let chat: Awaited<ReturnType<typeof newestChat>>;

beforeAll(async () => {
  site = await openHub();
  app = await openChatApplication(site);
});
afterAll(async () => {
  await app.stop();
  await site.stop();
});
beforeEach(async () => {
  browser = await openBrowser(app);
  await app.post(browser, '/chat', { name: 'Väinö' });
  chat = await newestChat(site);
});

const lastOutcome = () => app.log.at(-1)?.split(': ').at(-1);
const shown = async () => {
  const { messages } = await viewOf<ChatView>(app, browser, `/chat/${chat.id}`);
  return messages.filter(({ type }) => type === 'msg').map(({ message }) => message);
};
const write = (message: string) => {
  const { visitor_id, access_token } = app.database
    .prepare('SELECT v.* FROM visitors v WHERE v.session = ?')
    .get(browser.split('=')[1] ?? '') as { visitor_id: string; access_token: string };
  const path = `/api/v5/public/visitors/${visitor_id}/chats/${chat.id}/messages`;
  return site.client.request('POST', path, { message }, access_token);
};
/** The number of rows in the store. */
const stored = () =>
  app.database
    .prepare(
      'SELECT (SELECT count(*) FROM chats) + (SELECT count(*) FROM messages) + (SELECT count(*) FROM handled_webhooks) AS n',
    )
    .get();

describe('the webhooks of examples/third-party-chat', () => {
  it('count once, however often they arrive', async () => {
    await app.deliver(chat.ofChat('added', {}, 2, null));
    // Two webhooks of one event. A repeat of the first must not undo the second.
    await app.deliver(chat.ofChat('changed', { is_ended: false }, 3, 2), 'first');
    await app.deliver(chat.ofChat('changed', { is_ended: true }, 3, 2), 'second');
    expect(await app.deliver(chat.ofChat('changed', { is_ended: false }, 3, 2), 'first')).toBe(204);
    expect(lastOutcome()).toBe('repeated');
    expect(await viewOf<ListView>(app, browser, '/chat')).toMatchObject({ chats: [{ is_ended: true }] });
    expect(app.database.prepare("SELECT count(*) AS n FROM handled_webhooks WHERE webhook_id = 'first'").get()).toEqual(
      { n: 1 },
    );
  });

  it('count once when they arrive at the same time', async () => {
    const webhook = chat.ofChat('added', {}, 2, null);
    const statuses = await Promise.all(Array.from({ length: 8 }, () => app.deliver(webhook, `together-${chat.id}`)));
    expect(statuses).toEqual(Array(8).fill(204));
    const outcomes = app.log.slice(-8).map((line) => line.split(': ').at(-1));
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'repeated')).toHaveLength(7);
  });

  it('change nothing when a newer one was handled before', async () => {
    await app.deliver(chat.ofChat('added', {}, 2, null));
    await app.deliver(chat.ofChat('changed', { is_ended: true }, 4, 2));
    expect(await app.deliver(chat.ofChat('changed', { is_ended: false }, 3, 2))).toBe(204);
    expect(lastOutcome()).toBe('outdated');
    expect(await viewOf<ListView>(app, browser, '/chat')).toMatchObject({ chats: [{ is_ended: true }] });
  });

  it('show by prev_seq that one is missing, and the hub is read', async () => {
    await app.deliver(chat.ofChat('added', {}, 2, null));
    await write('lost on the way');
    await write('arrived');
    await app.deliver(await chat.ofMessage('added', 'arrived', 6, 4));
    expect(lastOutcome()).toBe('caught up');
    expect(await shown()).toEqual(['lost on the way', 'arrived']);
    // The missing webhook arrives after all. It is known already.
    await app.deliver(await chat.ofMessage('added', 'lost on the way', 4, 2));
    await write('next');
    await app.deliver(await chat.ofMessage('added', 'next', 8, 6));
    expect(lastOutcome()).toBe('applied');
    expect(await shown()).toEqual(['lost on the way', 'arrived', 'next']);
  });

  it('show by the number of messages that one of several webhooks of an event is missing', async () => {
    await app.deliver(chat.ofChat('added', {}, 2, null));
    await write('lost on the way');
    await app.deliver(chat.ofChat('changed', { message_count: 1 }, 4, 2));
    expect([lastOutcome(), await shown()]).toEqual(['applied', []]);
    await write('arrived');
    await app.deliver(chat.ofChat('changed', { message_count: 2 }, 6, 4));
    expect([lastOutcome(), await shown()]).toEqual(['caught up', ['lost on the way', 'arrived']]);
    await app.deliver(await chat.ofMessage('added', 'arrived', 6, 4));
    expect([lastOutcome(), await shown()]).toEqual(['applied', ['lost on the way', 'arrived']]);
  });

  it('create a chat whose first webhook was lost', async () => {
    await write('first');
    await app.deliver(await chat.ofMessage('added', 'first', 4, 2));
    expect(lastOutcome()).toBe('caught up');
    expect(await viewOf<ListView>(app, browser, '/chat')).toMatchObject({
      chats: [{ id: chat.id, visitor_name: 'Väinö' }],
    });
    expect(await shown()).toEqual(['first']);
  });

  it('continue from one chat of a visitor to the next', async () => {
    await app.deliver(chat.ofChat('added', {}, 2, null));
    await site.client.request('PATCH', `/api/v5/orgs/${site.demo.organization_id}/owned_chats/${chat.id}`, {
      is_ended: true,
    });
    await app.deliver(chat.ofChat('changed', { is_ended: true }, 4, 2));
    await app.post(browser, '/chat', { name: 'Väinö' });
    const next = await newestChat(site);
    expect(next.id).not.toBe(chat.id);
    await app.deliver(next.ofChat('added', {}, 6, 4));
    expect(lastOutcome()).toBe('applied');
    const { chats } = await viewOf<ListView>(app, browser, '/chat');
    expect(chats.map(({ id, is_ended }) => [id, is_ended])).toEqual([
      [next.id, false],
      [chat.id, true],
    ]);
  });

  it('change and remove messages', async () => {
    await app.deliver(chat.ofChat('added', {}, 2, null));
    await write('one');
    await write('two');
    await app.deliver(await chat.ofMessage('added', 'one', 4, 2));
    const two = await chat.ofMessage('added', 'two', 6, 4);
    await app.deliver(two);
    await app.deliver({
      ...two,
      action: 'changed',
      resource: { id: two.resource_id, message: null },
      seq: 7,
      prev_seq: 6,
    });
    expect(await shown()).toEqual(['one', null]);
    await app.deliver({ ...two, action: 'removed', resource: { id: two.resource_id }, seq: 8, prev_seq: 7 });
    expect(await shown()).toEqual(['one']);
    await app.deliver(chat.ofChat('removed', {}, 9, 8));
    expect(await viewOf<ListView>(app, browser, '/chat')).toEqual({ chats: [] });
  });

  it('of other visitors and other rooms are accepted and not stored', async () => {
    const other = await openChatApplication(site);
    try {
      expect(await other.deliver(chat.ofChat('added', {}, 2, null), 'foreign')).toBe(204);
      expect(await other.deliver(chat.ofChat('changed', { is_ended: true }, 3, 2), 'foreign-too')).toBe(204);
      const elsewhere = { room_id: site.demo.other.room_id };
      expect(await other.deliver(chat.ofChat('added', elsewhere, 2, null), 'elsewhere')).toBe(204);
      expect(other.log.map((line) => line.split(': ').at(-1))).toEqual(['not ours', 'not ours', 'not ours']);
      expect(other.database.prepare('SELECT visitor_id FROM chats').all()).toEqual([{ visitor_id: null }]);
    } finally {
      await other.stop();
    }
  });

  it('are answered with a failure when the hub cannot be read, so that they come again', async () => {
    const unknown = '00000000-0000-7000-8000-000000000000';
    const webhook = { ...chat.ofChat('added', {}, 2, null), resource_id: unknown };
    const before = stored();
    expect(await app.deliver(webhook)).toBe(503);
    expect(stored()).toEqual(before);
  });

  it('are accepted when they are tests from the hub', async () => {
    const { client, demo, hub } = site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const appId = await registerApp({
      hubUrl: hub.url,
      organizationId: demo.organization_id,
      roomId: demo.room_id,
      apiToken: demo.settings_token,
      webhookSecret: WEBHOOK_SECRET,
      appUrl: app.url,
      port: 1,
      storePath: ':memory:',
    });
    try {
      const webhooks = `${organization}/apps/${appId}/webhooks`;
      const before = stored();
      const { results } = (await client.request('GET', webhooks)).body as { results: { id: string }[] };
      expect(results).toHaveLength(2);
      for (const { id } of results) {
        const { body } = await client.request('POST', `${webhooks}/${id}/test`);
        expect(body).toMatchObject({ success: true, status: 204 });
        expect(app.log.at(-1)).toBe('test of the webhooks');
      }
      expect(stored()).toEqual(before);
    } finally {
      await client.request('DELETE', `${organization}/apps/${appId}`);
    }
  });

  it('are refused without the right secret', async () => {
    const before = stored();
    const body = JSON.stringify(chat.ofChat('added', {}, 2, null));
    const headers = { 'webhook-id': 'forged' };
    for (const query of ['', '?secret=', '?secret=wrong', `?secret=${encodeURIComponent(`${WEBHOOK_SECRET}x`)}`]) {
      const answer = await fetch(`${app.url}/giosg_webhooks/chats${query}`, { method: 'POST', headers, body });
      expect(answer.status).toBe(403);
      // Without the query, which contains a secret.
      expect(app.log.at(-1)).toBe('POST /giosg_webhooks/chats failed: Error: Wrong secret.');
    }
    expect(stored()).toEqual(before);
  });

  it('are refused when they are malformed', async () => {
    await write('whole');
    const good = chat.ofChat('added', {}, 2, null);
    const message = await chat.ofMessage('added', 'whole', 4, 2);
    const before = stored();
    const malformed: [string, unknown][] = [
      ['chats', null],
      ['chats', []],
      ['chats', {}],
      ['chats', { ...good, action: 'exploded' }],
      ['chats', { ...good, channel: message.channel }],
      ['chats', { ...good, channel: good.channel.replace(site.demo.organization_id, site.demo.other.organization_id) }],
      ['chats', { ...good, resource_id: '../../x' }],
      ['chats', { ...good, resource: null }],
      ['chats', { ...good, resource: { id: good.resource_id } }],
      ['chats', { ...good, resource: { ...good.resource, is_ended: 'yes' } }],
      ['chats', { ...good, seq: '2' }],
      ['chats', { ...good, seq: -1 }],
      ['chats', { ...good, prev_seq: undefined }],
      ['messages', good],
      ['messages', { ...message, channel: `${good.channel}/x/messages` }],
      ['messages', { ...message, channel: `${message.channel}/more` }],
      ['messages', { ...message, resource: { ...message.resource, message: { html: '<b>' } } }],
      ['messages', { ...message, action: 'changed', resource: { id: message.resource_id, message: 7 } }],
    ];
    const secret = encodeURIComponent(WEBHOOK_SECRET);
    const post = async (collection: string, body: string, headers: Record<string, string>) =>
      (await fetch(`${app.url}/giosg_webhooks/${collection}?secret=${secret}`, { method: 'POST', headers, body }))
        .status;
    for (const [place, [collection, body]] of malformed.entries()) {
      expect([place, await post(collection, JSON.stringify(body), { 'webhook-id': `bad-${place}` })]).toEqual([
        place,
        400,
      ]);
    }
    expect(await post('chats', '{', { 'webhook-id': 'no-json' })).toBe(400);
    expect(await post('chats', JSON.stringify(good), {})).toBe(400);
    expect(await post('chats', JSON.stringify(good), { 'webhook-id': 'x'.repeat(201) })).toBe(400);
    expect(
      await post('chats', JSON.stringify({ ...good, more: 'x'.repeat(1_000_000) }), { 'webhook-id': 'long' }),
    ).toBe(413);
    expect(stored()).toEqual(before);
  });

  it('may contain any text, which becomes no markup and breaks no event', async () => {
    const hostile = '</script><img src=x onerror=alert(1)>\n\ndata: {"chat":null}\n\n\u2028"\'`';
    await app.post(browser, '/chat', { name: hostile });
    await app.deliver(chat.ofChat('added', {}, 2, null));
    await write(hostile);
    await app.deliver(await chat.ofMessage('added', hostile, 4, 2));
    const view = await viewOf<ChatView>(app, browser, `/chat/${chat.id}`);
    expect(view).toMatchObject({ chat: { visitor_name: hostile }, messages: [{ message: hostile }] });
    for (const path of ['/chat', `/chat/${chat.id}`]) {
      const page = await fetch(`${app.url}${path}`, { headers: { Cookie: browser } });
      expect(await page.text()).not.toContain('onerror');
      expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'; script-src 'self'");
    }
  });
});
