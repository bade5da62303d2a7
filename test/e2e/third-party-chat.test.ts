import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseEnv } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listMessages } from '../../examples/third-party-chat/chat-store.ts';
import { readConfiguration } from '../../examples/third-party-chat/configuration.ts';
import { writeLocalEnvironment } from '../../examples/third-party-chat/local-environment.ts';
import { registerApp } from '../../examples/third-party-chat/register-app.ts';
import { openStore } from '../../examples/third-party-chat/store.ts';
import { freePort } from '../../scripts/free-port.ts';
import {
  type ChatApplication,
  type ChatView,
  type ListView,
  newestChat,
  openBrowser,
  openChatApplication,
  openEvents,
  viewOf,
} from '../support/local/chat-application.ts';
import { makeFolder, openHub, type TestHub } from '../support/local/hub.ts';
import { runScript } from '../support/local/script-process.ts';

const APPLICATION = 'examples/third-party-chat';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3, 4]);

/** Sends a file as a page does. Answers the status. */
async function upload(
  app: ChatApplication,
  browser: string,
  path: string,
  body: string,
  type = 'application/octet-stream',
): Promise<number> {
  const headers = { 'Content-Type': type, Cookie: browser };
  return (await fetch(`${app.url}${path}`, { method: 'POST', headers, body })).status;
}

let site: TestHub;
beforeAll(async () => {
  site = await openHub();
});
afterAll(() => site.stop());

describe('the visitors of examples/third-party-chat', () => {
  let app: ChatApplication;
  beforeEach(async () => {
    app = await openChatApplication(site);
  });
  afterEach(() => app.stop());

  it('see what webhooks deliver, and nothing before', async () => {
    const browser = await openBrowser(app);
    expect(await app.post(browser, '/chat', { name: 'Väinö' })).toBe(202);
    const list = await openEvents<ListView>(app, browser, '/chat');
    expect(await list.next()).toEqual({ chats: [] });

    const chat = await newestChat(site);
    expect(await app.deliver(chat.ofChat('added', {}, 2, null))).toBe(204);
    expect(await list.next()).toMatchObject({ chats: [{ id: chat.id, visitor_name: 'Väinö', is_ended: false }] });
    await list.close();

    const page = await openEvents<ChatView>(app, browser, `/chat/${chat.id}`);
    expect(await page.next()).toMatchObject({ chat: { visitor_name: 'Väinö' }, messages: [] });
    expect(await app.post(browser, `/chat/${chat.id}/messages`, { message: 'Where is it?' })).toBe(202);
    expect(await viewOf<ChatView>(app, browser, `/chat/${chat.id}`)).toMatchObject({ messages: [] });
    expect(await app.deliver(await chat.ofMessage('added', 'Where is it?', 3, 2))).toBe(204);
    const message = { type: 'msg', message: 'Where is it?', sender_public_name: 'Väinö' };
    expect(await page.next()).toMatchObject({ messages: [message] });

    expect(await app.deliver(chat.ofChat('changed', { is_ended: true }, 4, 3))).toBe(204);
    expect(await page.next()).toMatchObject({ chat: { is_ended: true }, messages: [message] });
    await page.close();
  });

  it('never see an agent’s real name', async () => {
    const { client, demo } = site;
    const browser = await openBrowser(app);
    await app.post(browser, '/chat', { name: 'Aino' });
    const chat = await newestChat(site);
    const alias = { alias: 'Team Support' };
    expect(
      (await client.request('PATCH', `/api/v5/orgs/${demo.organization_id}/users/${demo.agent2.id}`, alias)).status,
    ).toBe(200);
    await client.joinChat(demo.agent2, chat.id);
    await client.reply(demo.agent2, chat.id, 'Good morning');
    await app.deliver(chat.ofChat('added', {}, 2, null));
    const webhook = await chat.ofMessage('added', 'Good morning', 4, 2);
    expect(webhook.resource).toMatchObject({ sender_name: 'Agent Jones', sender_public_name: 'Team Support' });
    await app.deliver(webhook);
    const view = await viewOf<ChatView>(app, browser, `/chat/${chat.id}`);
    expect(view.messages).toMatchObject([{ message: 'Good morning', sender_public_name: 'Team Support' }]);
    expect(JSON.stringify(view)).not.toContain('Jones');
  });

  it('read and write only in their own chats', async () => {
    const browser = await openBrowser(app);
    await app.post(browser, '/chat', { name: 'Owner' });
    const chat = await newestChat(site);
    await app.deliver(chat.ofChat('added', {}, 2, null));
    const stranger = await openBrowser(app);
    await app.post(stranger, '/chat', { name: 'Stranger' });
    for (const path of [`/chat/${chat.id}`, `/chat/${chat.id}/events`]) {
      expect((await fetch(`${app.url}${path}`, { headers: { Cookie: browser } })).status).toBe(200);
      expect((await fetch(`${app.url}${path}`, { headers: { Cookie: stranger } })).status).toBe(404);
      expect((await fetch(`${app.url}${path}`)).status).toBe(404);
    }
    expect(await app.post(stranger, `/chat/${chat.id}/messages`, { message: 'x' })).toBe(404);
    expect(await viewOf<ListView>(app, stranger, '/chat')).toEqual({ chats: [] });
  });

  it('keep their identity when their token has expired', async () => {
    const browser = await openBrowser(app);
    await app.post(browser, '/chat', { name: 'Patient' });
    const chat = await newestChat(site);
    await app.deliver(chat.ofChat('added', {}, 2, null));
    app.database.exec("UPDATE visitors SET access_token = 'expired', token_expires_at = 0");
    expect(await app.post(browser, `/chat/${chat.id}/messages`, { message: 'Still me' })).toBe(202);
    expect((await chat.ofMessage('added', 'Still me', 3, 2)).resource).toMatchObject({ sender_type: 'visitor' });
    expect(app.database.prepare('SELECT access_token FROM visitors').get()).not.toEqual({ access_token: 'expired' });
  });

  it('get a new identity when the hub has lost its data and does not know them', async () => {
    const browser = await openBrowser(app);
    await app.post(browser, '/chat', { name: 'Stranger' });
    const visitors = () => app.database.prepare('SELECT visitor_id, visitor_secret_id FROM visitors').all();
    app.database.exec("UPDATE visitors SET visitor_id = 'lost', visitor_secret_id = 'lost', access_token = 'lost'");
    expect(await app.post(browser, '/chat', { name: 'Stranger again' })).toBe(202);
    expect(visitors()).toHaveLength(1);
    expect(visitors()).not.toMatchObject([{ visitor_id: 'lost' }]);
    const chat = await newestChat(site);
    await app.deliver(chat.ofChat('added', {}, 2, null));
    expect(await viewOf<ListView>(app, browser, '/chat')).toMatchObject({
      chats: [{ id: chat.id, visitor_name: 'Stranger again' }],
    });
    // While the hub knows them, they keep their identity.
    const before = visitors();
    await app.post(browser, '/chat', { name: 'Friend' });
    expect(visitors()).toEqual(before);
  });

  it('send and get files: a page has addresses that stay, and each click a URL that works', async () => {
    const { client, demo } = site;
    const browser = await openBrowser(app);
    await app.post(browser, '/chat', { name: 'Filer' });
    const chat = await newestChat(site);
    await app.deliver(chat.ofChat('added', {}, 2, null));
    const page = `/chat/${chat.id}`;
    expect(await upload(app, browser, `${page}/files?name=my%20order.txt`, 'Order 77')).toBe(202);
    await app.deliver(await chat.ofMessage('added', null, 3, 2));

    await client.joinChat(demo.agent, chat.id);
    const agent = `/api/v5/users/${demo.agent.id}`;
    const headers = { Authorization: `Bearer ${demo.agent.token}`, 'Content-Type': 'image/png' };
    const stored = await fetch(`${site.hub.url}${agent}/files?name=map.png`, { method: 'POST', headers, body: PNG });
    const { id: file_id } = (await stored.json()) as { id: string };
    const body = { attachments: [{ file_id, title: 'The way to us' }] };
    const answered = await client.request('POST', `${agent}/chats/${chat.id}/messages`, body, demo.agent.token);
    expect(answered.status).toBe(200);
    await app.deliver(await chat.ofMessage('added', null, 5, 3));

    type Shown = { id: string; attachments: { id: string; title: string; file: { content_type: string } }[] };
    const { messages } = (await viewOf<ChatView>(app, browser, page)) as unknown as { messages: Shown[] };
    const files = messages.map(({ attachments: [first] }) => [first?.title, first?.file.content_type]);
    expect(files).toEqual([
      ['my order.txt', 'text/plain; charset=utf-8'],
      ['The way to us', 'image/png'],
    ]);
    expect(JSON.stringify(messages)).not.toContain('signature');
    const [own, map] = messages.map(({ id, attachments: [first] }) => `${page}/files/${id}/${first?.id}`);
    const get = (path: string, cookie = browser) => fetch(`${app.url}${path}`, { headers: { Cookie: cookie } });
    expect(await (await get(`${own}`)).text()).toBe('Order 77');
    const saved = await get(`${map}`);
    const shown = await get(`${map}?image`);
    for (const answer of [saved, shown]) expect(Buffer.from(await answer.arrayBuffer())).toEqual(PNG);
    const disposition = (answer: Response) => answer.headers.get('content-disposition')?.split(';')[0];
    expect([disposition(saved), disposition(shown)]).toEqual(['attachment', 'inline']);
    // The text is no image, the address of another message's file leads nowhere, and neither does a stranger's.
    expect((await get(`${own}?image`)).status).toBe(404);
    const swapped = `${page}/files/${messages[0]?.id}/${messages[1]?.attachments[0]?.id}`;
    expect((await get(swapped)).status).toBe(404);
    const stranger = await openBrowser(app);
    await app.post(stranger, '/chat', { name: 'Stranger' });
    expect((await get(`${own}`, stranger)).status).toBe(404);
    expect(await upload(app, stranger, `${page}/files?name=x`, 'x')).toBe(404);
    // A file that was deleted with its message is gone from the page.
    const deleted = await chat.ofMessage('changed', null, 6, 5);
    await app.deliver({ ...deleted, resource: { message: null, attachments: [] } });
    expect((await viewOf<ChatView>(app, browser, page)).messages).toMatchObject([{}, { attachments: [] }]);
  });

  it('get an error message for a file that cannot be sent', async () => {
    const browser = await openBrowser(app);
    await app.post(browser, '/chat', { name: 'Filer' });
    const chat = await newestChat(site);
    await app.deliver(chat.ofChat('added', {}, 2, null));
    const path = `/chat/${chat.id}/files`;
    expect(await upload(app, browser, path, 'no name')).toBe(400);
    expect(await upload(app, browser, `${path}?name=empty`, '')).toBe(400);
    expect(await upload(app, browser, `${path}?name=form`, 'x', 'multipart/form-data')).toBe(415);
    expect(await upload(app, browser, `${path}?name=large`, 'x'.repeat(26_214_401))).toBe(413);
    const { results } = (
      await site.client.request('GET', `/api/v5/orgs/${site.demo.organization_id}/owned_chats/${chat.id}/messages`)
    ).body as { results: unknown[] };
    expect(results).toEqual([]);
  });

  it('get an error message for invalid input', async () => {
    const browser = await openBrowser(app);
    for (const name of ['', '  ', 7, undefined, 'x'.repeat(101)]) {
      expect(await app.post(browser, '/chat', { name })).toBe(400);
    }
    await app.post(browser, '/chat', { name: '👩‍🚀'.repeat(20) });
    const chat = await newestChat(site);
    await app.deliver(chat.ofChat('added', {}, 2, null));
    expect(await app.post(browser, `/chat/${chat.id}/messages`, { message: 'x'.repeat(2001) })).toBe(400);
    const form = new URLSearchParams({ message: 'from a foreign page' });
    const headers = { Cookie: browser };
    const foreign = { method: 'POST', headers, body: form };
    expect((await fetch(`${app.url}/chat/${chat.id}/messages`, foreign)).status).toBe(415);
    await site.client.request('PATCH', `/api/v5/orgs/${site.demo.organization_id}/owned_chats/${chat.id}`, {
      is_ended: true,
    });
    expect(await app.post(browser, `/chat/${chat.id}/messages`, { message: 'Too late' })).toBe(409);
  });
});

describe('setup.ts of examples/third-party-chat', () => {
  it('registers one app, however often it runs, and corrects its URLs', async () => {
    const { client, demo, hub } = site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const results = async (path: string) =>
      ((await client.request('GET', `${organization}/${path}`)).body as { results: Record<string, unknown>[] }).results;
    const variables = {
      HUB_URL: hub.url,
      HUB_ORGANIZATION_ID: demo.organization_id,
      HUB_ROOM_ID: demo.room_id,
      HUB_API_TOKEN: demo.settings_token,
      WEBHOOK_SECRET: 's&p?',
      APP_URL: 'http://127.0.0.1:1111',
    };
    for (const APP_URL of ['http://127.0.0.1:1111', 'http://127.0.0.1:2222/']) {
      const setup = runScript(`${APPLICATION}/setup.ts`, [], { ...variables, APP_URL });
      expect([await setup.ended, setup.output()]).toEqual([0, expect.stringContaining('is installed')]);
    }
    const apps = await results('apps');
    expect(apps).toMatchObject([{ name: 'Third-party chat', is_available_to_anyone: false, installation_count: 1 }]);
    const flags = { on_added: true, on_changed: true, on_removed: true, is_enabled: true };
    const endpoint = 'http://127.0.0.1:2222/giosg_webhooks';
    expect(await results(`apps/${apps[0]?.['id']}/webhooks`)).toMatchObject([
      {
        ...flags,
        channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats',
        endpoint_url: `${endpoint}/chats?secret=s%26p%3F`,
      },
      {
        ...flags,
        channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats/*/messages',
        endpoint_url: `${endpoint}/messages?secret=s%26p%3F`,
      },
    ]);
    expect(await results('app_installations')).toMatchObject([{ app_id: apps[0]?.['id'] }]);
  });

  it('makes the environment for a local hub from its demo.json, and keeps the webhook secret', async () => {
    const folder = await makeFolder();
    try {
      const [demoPath, path] = [join(folder, 'demo.json'), join(folder, '.env')];
      await writeFile(demoPath, JSON.stringify(site.demo));
      await writeFile(path, "APP_PORT='8123'\n");
      const first = readConfiguration(writeLocalEnvironment(demoPath, path));
      expect(first).toMatchObject({ hubUrl: site.hub.url, roomId: site.demo.room_id, appUrl: 'http://127.0.0.1:8123' });
      expect(first.webhookSecret).toMatch(/^[0-9a-f]{64}$/);
      expect(readConfiguration(parseEnv(await readFile(path, 'utf8')))).toEqual(first);
      expect(readConfiguration(writeLocalEnvironment(demoPath, path))).toEqual(first);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('keeps other lines of the environment file, which only its owner can read', async () => {
    const folder = await makeFolder();
    try {
      const [demoPath, path] = [join(folder, 'demo.json'), join(folder, '.env')];
      await writeFile(demoPath, JSON.stringify(site.demo));
      const before = `# mine\nWEBHOOK_SECRET="it's & mine"\nHUB_URL='http://old.example'\nAPP_PORT=8123\n`;
      await writeFile(path, before, { mode: 0o644 });
      const environment = writeLocalEnvironment(demoPath, path);
      expect(environment).toMatchObject({ WEBHOOK_SECRET: "it's & mine", HUB_URL: site.hub.url, APP_PORT: '8123' });
      const text = await readFile(path, 'utf8');
      expect(text).toContain('# mine\n');
      expect(text).not.toContain('old.example');
      expect(parseEnv(text)).toEqual(environment);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('says that the hub must run first', async () => {
    const setup = runScript(`${APPLICATION}/setup.ts`, ['--demo', '/nowhere/demo.json']);
    expect(await setup.ended).toBe(1);
    expect(setup.output().trim()).toBe('There is no /nowhere/demo.json yet: npm start writes it when the hub runs.');
  });

  it('prints the hub’s refusal', async () => {
    const { demo, hub } = site;
    const configuration = {
      hubUrl: hub.url,
      organizationId: demo.organization_id,
      roomId: demo.room_id,
      apiToken: demo.agent.token,
      webhookSecret: 'x',
      appUrl: 'http://127.0.0.1:1111',
      port: 1111,
      storePath: ':memory:',
    };
    await expect(registerApp(configuration)).rejects.toThrow(/answered 403/);
  });

  it('names every missing variable, as the server does', async () => {
    for (const script of ['setup.ts', 'server.ts']) {
      const process = runScript(`${APPLICATION}/${script}`, [], { HUB_URL: 'nonsense', APP_PORT: '0' });
      expect(await process.ended).toBe(1);
      for (const name of [
        'HUB_URL takes',
        'HUB_ORGANIZATION_ID',
        'HUB_ROOM_ID',
        'HUB_API_TOKEN',
        'WEBHOOK_SECRET',
        'APP_PORT takes',
      ]) {
        expect(process.output()).toContain(name);
      }
    }
  });
});

describe('server.ts of examples/third-party-chat', () => {
  it('opens a database from before there were files', async () => {
    const folder = await makeFolder();
    try {
      const path = join(folder, 'store.sqlite');
      const earlier = new DatabaseSync(path);
      earlier.exec(`CREATE TABLE messages (id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, type TEXT NOT NULL,
        sender_type TEXT NOT NULL, sender_public_name TEXT, message TEXT, created_at TEXT NOT NULL) STRICT`);
      earlier.exec("INSERT INTO messages VALUES ('m', 'c', 'msg', 'visitor', NULL, 'Hello', '2026')");
      earlier.close();
      for (const database of [openStore(path), openStore(path)]) {
        expect(listMessages(database, 'c')).toMatchObject([{ message: 'Hello', attachments: [] }]);
        database.close();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('locks its database', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'store.sqlite');
    const server = runScript(`${APPLICATION}/server.ts`, [], {
      HUB_URL: site.hub.url,
      HUB_ORGANIZATION_ID: site.demo.organization_id,
      HUB_ROOM_ID: site.demo.room_id,
      HUB_API_TOKEN: site.demo.settings_token,
      WEBHOOK_SECRET: 'secret',
      APP_PORT: String(await freePort()),
      STORE_PATH: path,
    });
    try {
      await server.waitForOutput('The chat is on');
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    } finally {
      server.kill('SIGTERM');
      expect(await server.ended).toBe(0);
      await rm(folder, { recursive: true, force: true });
    }
  });
});
