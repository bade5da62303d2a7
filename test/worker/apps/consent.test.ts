import { beforeEach, describe, expect, it } from 'vitest';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { installationReceiver } from '../../../src/resources/receiver.ts';
import {
  ALL_SCOPES,
  type CreatedApp,
  createApp,
  enrollManager,
  type Installation,
  install,
  newWebhook,
  orgOf,
} from '../../support/worker/apps.ts';
import { acceptedFor, addWebhook } from '../../support/worker/installed-app.ts';
import { ask, enrollAgent, type Json, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { admin, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const CHATS = '/orgs/{organization_id}/owned_chats';
const MESSAGES = `${CHATS}/*/messages`;
const ENDPOINT = 'https://receiver.example.com/hook?key=s3cret';

const deps = consumerDeps(testEnv);

/** The owner of an app that is available to anyone, and an organization that installs it. */
let owner: Person;
let app: CreatedApp;
let org: TestOrganization;
let manager: Person;

beforeEach(async () => {
  owner = await enrollManager();
  app = await createApp(owner, { is_available_to_anyone: true });
  org = await TestOrganization.open();
  manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
});

const webhooksPath = () => `${orgOf(owner)}/apps/${app.id}/webhooks`;
const installations = () => `${orgOf(manager)}/app_installations`;
const change = async (webhookId: string, body: Json) => {
  const answer = await ask(owner, 'PATCH', `${webhooksPath()}/${webhookId}`, body);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
};
const shown = async () => (await ask(manager, 'GET', `/public_apps/${app.id}`)).json;
const installed = async (id: string) => (await ask(manager, 'GET', `${installations()}/${id}`)).json;
const consent = (id: string, webhooks_version: unknown, person = manager) =>
  ask(person, 'POST', `${installations()}/${id}/consent`, { webhooks_version });

/** The endpoint of a webhook as an attempt finds it. */
async function endpointOf(installation: Installation, webhookId: string, organization_id = org.organizationId) {
  const receiver = installationReceiver(installation.id);
  return (await deps.endpoint({ organization_id, receiver, webhook_id: webhookId } as never)).kind;
}

/** The patterns (below /api/v5) of the webhooks that a new chat makes for an installation. */
async function told(installation: Installation): Promise<string[]> {
  const { chatId } = await org.say(unique('thread'), 'confidential');
  const { organizationId } = org;
  return (await acceptedFor(chatId, installation)).map(({ body }) =>
    body.channel.replace('/api/v5', '').replace(organizationId, '{organization_id}').replace(chatId, '*'),
  );
}

describe('what an app gets', () => {
  it('is shown before it is installed and afterwards: channels and hosts, without paths and queries', async () => {
    await addWebhook(owner, app.id, MESSAGES, { endpoint_url: 'https://Apps.example.com:8443/hook?key=s3cret' });
    await addWebhook(owner, app.id, CHATS, { endpoint_url: ENDPOINT, on_changed: false, is_enabled: false });
    const of = (channel: string, endpoint_host: string, on_changed: boolean) => ({
      channel_pattern: `/api/v5${channel}`,
      endpoint_host,
      on_added: true,
      on_changed,
      on_removed: true,
    });
    const webhooks = [of(MESSAGES, 'apps.example.com:8443', true), of(CHATS, 'receiver.example.com', false)];
    const { webhooks: offered, webhooks_version } = await shown();
    expect([offered, webhooks_version]).toEqual([webhooks, 3]);
    const { id, json } = await install(manager, app.id);
    expect(json).toMatchObject({
      needs_consent: false,
      webhooks: webhooks.map((each) => ({ ...each, needs_consent: false })),
    });
    expect(await installed(id)).toEqual(json);
    expect(JSON.stringify([offered, json])).not.toMatch(/s3cret|\/hook/);
    await ask(owner, 'PATCH', `${orgOf(owner)}/apps/${app.id}`, { is_available_to_anyone: false });
    expect((await installed(id))['webhooks']).toEqual(json['webhooks']);
  });

  it('is not installed when it was shown otherwise', async () => {
    const { webhooks_version } = await shown();
    await addWebhook(owner, app.id, MESSAGES);
    const body = { app_id: app.id, webhooks_version };
    const refused = await ask(manager, 'POST', installations(), body);
    expect([refused.status, resultsOf(await ask(manager, 'GET', installations()))]).toEqual([409, []]);
    const again = { app_id: app.id, webhooks_version: (await shown())['webhooks_version'] };
    expect((await ask(manager, 'POST', installations(), again)).status).toBe(201);
  });
});

describe('a webhook that is added later', () => {
  it('reaches another organization after its consent only', async () => {
    const first = await addWebhook(owner, app.id, CHATS, { endpoint_url: ENDPOINT });
    const installation = await install(manager, app.id);
    expect(await told(installation)).toEqual([CHATS]);
    const added = await addWebhook(owner, app.id, MESSAGES, { endpoint_url: ENDPOINT });
    expect(await installed(installation.id)).toMatchObject({
      needs_consent: true,
      webhooks: [{ needs_consent: false }, { channel_pattern: `/api/v5${MESSAGES}`, needs_consent: true }],
    });
    expect(resultsOf(await ask(manager, 'GET', installations()))).toMatchObject([{ needs_consent: true }]);
    const ownersView = async () => resultsOf(await ask(owner, 'GET', `${orgOf(owner)}/apps/${app.id}/installations`));
    expect(await ownersView()).toMatchObject([{ id: installation.id, needs_consent: true }]);
    expect(await told(installation)).toEqual([CHATS]);
    expect([await endpointOf(installation, first), await endpointOf(installation, added)]).toEqual([
      'open',
      'disabled',
    ]);

    const given = await consent(installation.id, (await shown())['webhooks_version']);
    expect([given.status, given.json]).toEqual([200, await installed(installation.id)]);
    expect(given.json).toMatchObject({ needs_consent: false, webhooks: [{}, { needs_consent: false }] });
    expect(await ownersView()).toMatchObject([{ needs_consent: false }]);
    expect((await told(installation)).sort()).toEqual([CHATS, MESSAGES]);
    expect(await endpointOf(installation, added)).toBe('open');
  });

  it('reaches its own organization without consent', async () => {
    const installation = await install(owner, app.id);
    const added = await addWebhook(owner, app.id, MESSAGES);
    const path = `${orgOf(owner)}/app_installations/${installation.id}`;
    expect((await ask(owner, 'GET', path)).json).toMatchObject({
      needs_consent: false,
      webhooks: [{ needs_consent: false }],
    });
    expect(await endpointOf(installation, added, owner.organization_id)).toBe('open');
    const own = await createApp(manager);
    const here = await install(manager, own.id);
    const answer = await ask(manager, 'POST', `${orgOf(manager)}/apps/${own.id}/webhooks`, newWebhook());
    expect([answer.status, await told(here)]).toEqual([201, [CHATS]]);
  });

  it('needs no consent any more when it is deleted', async () => {
    const installation = await install(manager, app.id);
    const added = await addWebhook(owner, app.id, MESSAGES);
    expect(await installed(installation.id)).toMatchObject({ needs_consent: true });
    expect((await ask(owner, 'DELETE', `${webhooksPath()}/${added}`)).status).toBe(204);
    expect(await installed(installation.id)).toMatchObject({ needs_consent: false, webhooks: [] });
  });
});

describe('a change of a webhook', () => {
  it.each<[string, Json, Json]>([
    ['another pattern', {}, { channel_pattern: `/api/v5${MESSAGES}` }],
    ['another host', {}, { endpoint_url: 'https://elsewhere.example.com/hook?key=s3cret' }],
    ['another port', {}, { endpoint_url: 'https://receiver.example.com:8443/hook' }],
    ['a host that begins with the same', {}, { endpoint_url: 'https://receiver.example.com.evil.example.com/' }],
    [
      'a host with which the one before began',
      { endpoint_url: 'https://receiver.example.com.evil.example.com/' },
      { endpoint_url: ENDPOINT },
    ],
    ['on_added', { on_added: false }, { on_added: true }],
    ['on_changed', { on_changed: false }, { on_changed: true }],
    ['on_removed', { on_removed: false }, { on_removed: true }],
  ])('needs consent for %s', async (_, before, after) => {
    const webhook = await addWebhook(owner, app.id, CHATS, { endpoint_url: ENDPOINT, ...before });
    const installation = await install(manager, app.id);
    await change(webhook, after);
    expect(await installed(installation.id)).toMatchObject({
      needs_consent: true,
      webhooks: [{ needs_consent: true }],
    });
    expect([await told(installation), await endpointOf(installation, webhook)]).toEqual([[], 'disabled']);
    expect((await consent(installation.id, (await shown())['webhooks_version'])).status).toBe(200);
    expect(await endpointOf(installation, webhook)).toBe('open');
    expect(await installed(installation.id)).toMatchObject({ needs_consent: false });
  });

  it.each<[string, Json]>([
    ['another path', { endpoint_url: 'https://receiver.example.com/other?key=s3cret' }],
    ['less', { on_removed: false, on_changed: false }],
    ['the same', { channel_pattern: `/api/v5${CHATS}`, endpoint_url: ENDPOINT, on_added: true }],
    ['a pause', { is_enabled: false }],
    ['its end', { is_enabled: true }],
  ])('needs no consent for %s', async (_, after) => {
    const webhook = await addWebhook(owner, app.id, CHATS, { endpoint_url: ENDPOINT, is_enabled: false });
    const installation = await install(manager, app.id);
    await change(webhook, { is_enabled: true });
    const version = (await shown())['webhooks_version'];
    await change(webhook, after);
    expect([await installed(installation.id), (await shown())['webhooks_version']]).toEqual([
      expect.objectContaining({ needs_consent: false }),
      version,
    ]);
    const isOn = !('is_enabled' in after) || after['is_enabled'] === true;
    expect(await endpointOf(installation, webhook)).toBe(isOn ? 'open' : 'disabled');
  });
});

describe('consent', () => {
  it('is given to what was shown: an old version is 409, and changes nothing', async () => {
    const installation = await install(manager, app.id);
    await addWebhook(owner, app.id, CHATS);
    const { webhooks_version } = await shown();
    await addWebhook(owner, app.id, MESSAGES);
    for (const version of [webhooks_version, Number(webhooks_version) + 2, 1]) {
      const refused = await consent(installation.id, version);
      expect([refused.status, refused.json]).toEqual([409, { detail: 'The webhooks of this app have just changed.' }]);
    }
    expect(await installed(installation.id)).toMatchObject({
      webhooks: [{ needs_consent: true }, { needs_consent: true }],
    });
    const now = Number(webhooks_version) + 1;
    expect([(await consent(installation.id, now)).status, (await consent(installation.id, now)).status]).toEqual([
      200, 200,
    ]);
    expect((await consent(installation.id, 'x')).status).toBe(400);
    expect((await consent('0190a000-0000-7000-8000-00000000dead', now)).status).toBe(404);
  });

  it('is given by the organization that has installed the app, with the scope settings', async () => {
    const installation = await install(manager, app.id);
    await addWebhook(owner, app.id, CHATS);
    const { webhooks_version } = await shown();
    const plain = await enroll({ organization_id: org.organizationId, scopes: ['users', 'reports'] });
    expect((await consent(installation.id, webhooks_version, plain)).status).toBe(403);
    expect((await consent(installation.id, webhooks_version, owner)).status).toBe(403);
    const own = `${orgOf(owner)}/app_installations/${installation.id}/consent`;
    expect((await ask(owner, 'POST', own, { webhooks_version })).status).toBe(404);
    expect(await installed(installation.id)).toMatchObject({ needs_consent: true });
    const path = `/organizations/${org.organizationId}/app_installations/${installation.id}/consent`;
    expect((await admin(path, { method: 'POST', body: { webhooks_version } })).status).toBe(200);
    expect(await installed(installation.id)).toMatchObject({ needs_consent: false });
  });
});
