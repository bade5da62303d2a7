import { decodeJwt, jwtVerify } from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CreatedApp,
  createApp,
  type Installation,
  install,
  keyBytes,
  openApp,
  trigger,
} from '../../support/worker/apps.ts';
import { setClock } from '../../support/worker/clock.ts';
import { ask, enrollAgent, TestOrganization, unique } from '../../support/worker/organization.ts';
import { call, enroll, type Person } from '../../support/worker/requests.ts';

let manager: Person;
let app: CreatedApp;
let installation: Installation;

beforeAll(async () => {
  const trigger_types = ['install', 'uninstall', 'setup', 'manual_nav', 'chat_open'];
  ({ manager, app, installation } = await openApp({ trigger_types }));
});

const verified = async (data: string | null, secret = app.secret) =>
  (await jwtVerify(data ?? '', new TextEncoder().encode(secret), { algorithms: ['HS256'] })).payload;

afterEach(() => {
  vi.useRealTimers();
});

describe('a trigger', () => {
  it('leads to the app with data signed by its secret and a token of the hub, and keeps the URL’s query', async () => {
    const agent = await enroll({ organization_id: manager.organization_id });
    const now = Math.floor(Date.now() / 1000);
    setClock(now * 1000);
    const { answer, parameters } = await trigger(agent, installation, 'type=manual_nav');
    expect([answer.status, Object.keys(answer.json)]).toEqual([200, ['url']]);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.json['url']).toMatch(/^https:\/\/apps\.example\.com\/open\?tenant=a%20b&x=1&type=manual_nav&data=/);
    expect([...parameters.keys()]).toEqual(['tenant', 'x', 'type', 'data', 'token']);
    const data = await verified(parameters.get('data'));
    expect(data).toEqual({
      sub: 'hub.example',
      exp: expect.any(Number),
      org_id: manager.organization_id,
      user_id: agent.user_id,
      app_id: app.id,
      inst_id: installation.id,
      app_user_id: installation.app_user_id,
      app_user_code: expect.any(String),
      visitor_id: null,
      chat_id: null,
      room_id: null,
      domain_host: null,
      _org_id: expect.any(Number),
      _user_id: expect.any(Number),
    });
    const { payload } = await jwtVerify(parameters.get('token') ?? '', await keyBytes('trigger'));
    expect(payload).toEqual({
      user_id: agent.user_id,
      sub: 'hub.example',
      perms: [],
      org_id: manager.organization_id,
      app_id: app.id,
      inst_id: installation.id,
      opener_token_id: agent.token_id,
      exp: data.exp,
    });
    expect(data.exp).toBe(now + 600);
  });

  it('names this hub with its port', async () => {
    const path = `/api/v5/orgs/${manager.organization_id}/app_installations/${installation.id}/trigger?type=manual_nav`;
    const env = { PUBLIC_ORIGIN: 'http://127.0.0.1:8000' };
    const answer = await call(path, { authorization: `Bearer ${manager.token}`, env });
    const { searchParams } = new URL(String(answer.json['url']));
    for (const name of ['data', 'token']) expect(decodeJwt(searchParams.get(name) ?? '').sub).toBe('127.0.0.1:8000');
  });

  it('gives each organization and user one number that stays', async () => {
    const agent = await enroll({ organization_id: manager.organization_id });
    const numbersFor = async (person: Person, where = installation, secret = app.secret) => {
      const { parameters } = await trigger(person, where, 'type=manual_nav');
      const { _org_id, _user_id } = await verified(parameters.get('data'), secret);
      expect([Number.isSafeInteger(_org_id), Number.isSafeInteger(_user_id)]).toEqual([true, true]);
      return [_org_id, _user_id];
    };
    const firsts = await Promise.all([numbersFor(agent), numbersFor(manager), numbersFor(agent)]);
    const [[organization, ofAgent] = [], [, ofManager] = []] = firsts;
    const other = await openApp();
    const elsewhere = await numbersFor(other.manager, other.installation, other.app.secret);
    expect(firsts[2]).toEqual(firsts[0]);
    expect(await numbersFor(agent)).toEqual(firsts[0]);
    expect(new Set([organization, ofAgent, ofManager, ...elsewhere]).size).toBe(5);
  });

  it('of type install has a code and the return URL; that of type uninstall has no token', async () => {
    const { parameters } = await trigger(manager, installation, 'type=install');
    expect(parameters.get('redirect_uri')).toBe('https://hub.example/');
    const { app_user_code } = await verified(parameters.get('data'));
    const code = decodeJwt(String(app_user_code));
    expect(Number(code.exp) - Number(code.iat)).toBe(30);
    const back = encodeURIComponent('https://console.example.com/apps?done=1');
    const led = await trigger(manager, installation, `type=install&redirect_uri=${back}`);
    expect(led.parameters.get('redirect_uri')).toBe('https://console.example.com/apps?done=1');

    const uninstalling = await trigger(manager, installation, 'type=uninstall');
    expect([...uninstalling.parameters.keys()]).toEqual(['tenant', 'x', 'type', 'data']);
    expect((await verified(uninstalling.parameters.get('data'))).app_user_code).toBeNull();
  });

  it('has no code without a bot user', async () => {
    const fields = { trigger_url: 'https://apps.example.com/#top', trigger_types: ['install'] };
    const plain = await createApp(manager, fields);
    const { answer, parameters } = await trigger(manager, await install(manager, plain.id), 'type=install');
    expect(answer.json['url']).toMatch(/^https:\/\/apps\.example\.com\/\?type=install&.*#top$/);
    const data = await verified(parameters.get('data'), plain.secret);
    expect([data.app_user_id, data.app_user_code]).toEqual([null, null]);
  });

  it('names a chat of the caller or routed to the caller, its visitor and its room', async () => {
    const org = await TestOrganization.open();
    const boss = await enrollAgent(org.organizationId, {}, ['settings']);
    const fields = { trigger_url: 'https://apps.example.com/', trigger_types: ['chat_open'] };
    const chatApp = await createApp(boss, fields);
    const here = await install(boss, chatApp.id);
    const { chatId } = await org.say(unique('thread'), 'Where is my order?');
    const [visitor] = await org.memberships(chatId);
    const expected = { chat_id: chatId, visitor_id: visitor?.['member_id'], room_id: org.gateway.roomId };
    for (const person of [org.agent, boss]) {
      const { parameters } = await trigger(person, here, `type=chat_open&chat_id=${chatId}`);
      expect(await verified(parameters.get('data'), chatApp.secret)).toMatchObject({
        ...expected,
        user_id: person.user_id,
      });
    }

    const elsewhere = await TestOrganization.open();
    const foreign = await elsewhere.say(unique('thread'), 'Hello');
    for (const chat of [foreign.chatId, '0190a000-0000-7000-8000-00000000dead']) {
      const { answer } = await trigger(boss, here, `type=chat_open&chat_id=${chat}`);
      expect([answer.status, answer.json]).toEqual([400, { chat_id: ['Chat not found.'] }]);
    }
  });

  it.each([
    ['no type', '', { type: expect.any(Array) }],
    ['an unknown type', 'type=explode', { type: expect.any(Array) }],
    ['a type that the app does not have', 'type=chat_close', { type: ['The app is not opened by this trigger.'] }],
    ['a malformed chat', 'type=chat_open&chat_id=x', { chat_id: ['Must be a valid UUID.'] }],
    [
      'a return URL that is a script',
      'type=install&redirect_uri=javascript:alert(1)',
      { redirect_uri: ['Enter a valid URL.'] },
    ],
  ])('is refused with %s', async (_, query, fields) => {
    const { answer } = await trigger(manager, installation, query);
    expect([answer.status, answer.json]).toEqual([400, fields]);
  });

  it('is refused for an app without a URL, and for an unknown installation', async () => {
    const silent = await install(manager, (await createApp(manager, { trigger_types: ['install'] })).id);
    expect((await trigger(manager, silent, 'type=install')).answer.status).toBe(400);
    const other = await openApp();
    expect((await trigger(manager, other.installation, 'type=install')).answer.status).toBe(404);
  });

  it('for the installation itself needs the scope settings', async () => {
    const agent = await enroll({ organization_id: manager.organization_id });
    for (const type of ['install', 'uninstall', 'setup']) {
      const { answer } = await trigger(agent, installation, `type=${type}`);
      expect([answer.status, answer.json]).toEqual([403, { detail: 'The scope "settings" is required.' }]);
    }
    const path = `/orgs/${manager.organization_id}/app_installations/${installation.id}`;
    expect((await ask(agent, 'GET', `${path}/trigger?type=manual_nav`)).status).toBe(200);
  });
});
