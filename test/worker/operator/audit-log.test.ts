/** Walks every operation that changes something. One table names what each needs, so the file is long. */

import { beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { createApp } from '../../../src/app.ts';
import {
  codeIn,
  createApp as createThirdPartyApp,
  enrollManager,
  install,
  lastingToken,
  openApp,
  orgOf,
  trigger,
  uninstall,
} from '../../support/worker/apps.ts';
import { type AuditedSetup, auditedSetup, NOBODY } from '../../support/worker/audited-setup.ts';
import { ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { d1With, organizationD1 } from '../../support/worker/organization-database.ts';
import { type Answer, admin, call, type Person, testEnv } from '../../support/worker/requests.ts';

type Operation = { name: string; method: string; path: string };

const document = openApiDocument(createApp(), '1') as unknown as {
  paths: { [path: string]: { [method: string]: { operationId: string } } };
};
const OPERATIONS: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({
    name: operationId,
    method: method.toUpperCase(),
    path,
  })),
);

/** What writes and has no entry: nobody's rights or secrets change by it. Method and path below /api/v5. */
const NOT_AUDITED: readonly RegExp[] = [
  // Chats: a thread's log says who did what.
  /^(PUT|PATCH) \/orgs\/{organization_id}\/owned_chats\/{chat_id}$/,
  /^(POST|DELETE) \/orgs\/{organization_id}\/\w+_chats\/{chat_id}\/tags/,
  /^POST .*\/unified_messaging\/{config_id}\/(messages(\/{message_id}\/status)?|close_session)$/,
  // Programs of other interfaces, which send messages.
  /^POST (\/api|(\/api\/v1)?\/(messages|replies\/{token}))$/,
  // Users and visitors themselves.
  /^\w+ \/users\/{user_id}\//,
  /^\w+ \/public\//,
  // Presence, and what is known of visitors.
  /^\w+ \/orgs\/{organization_id}\/users\/{user_id}\/clients/,
  /^\w+ \/orgs\/{organization_id}\/rooms\/{room_id}\/visitors\/{visitor_id}\/variables/,
  // Counts only.
  /^POST .*\/routers\/reach$/,
  // Sends again, or for a trial.
  /^POST .*\/(test|replay)$/,
];

const isOfOperator = ({ path }: Operation) => path.startsWith('/admin/v1/');
const isReading = ({ method }: Operation) => method === 'GET';
const shown = ({ method, path }: Operation) => `${method} ${path.replace(/^\/api\/v5/, '')}`;
/** Calls that change no row of the databases: they have the status of their answer. */
const isCall = (operation: Operation) =>
  isReading(operation) ||
  /(\/(test|replay|rebuild|reach)|_chats\/{chat_id}\/memberships|memberships\/{member_id})$/.test(operation.path);

/** Reading operations of tenants whose answers are or accompany secrets. */
const READS_SECRETS = /^(getChannelSecret|(get|list)(Rpc|Threads)(Settings|Keys))$/;

/** What authenticates by other than a token; its own tests look for its entries. */
const AUTHENTICATES_OTHERWISE = [
  '/identity/token',
  '/api/v5/session',
  '/api/v5/session/demo/message',
  '/api/v5/sessions/{token_id}',
];

/** Every call of the operator, the reading of a secret, and every change but those above. */
const AUDITED = OPERATIONS.filter((operation) => {
  if (isOfOperator(operation) || READS_SECRETS.test(operation.name)) return true;
  if (isReading(operation) || AUTHENTICATES_OTHERWISE.includes(operation.path)) return false;
  return !NOT_AUDITED.some((pattern) => pattern.test(shown(operation)));
});

/** These end something, or make what can be made once only. The others share an organization. */
const isOnce = ({ method, path }: Operation) =>
  method === 'DELETE' ||
  (method !== 'GET' && /members|memberships|shares|app_installations|purge|(webhooks|allowed_tags)$/.test(path));

/** What depends on one another: who ends one of a group may have taken the others of it along. */
const GROUPS: readonly RegExp[] = [
  /{(config_id|chat_id|member_id|visitor_id)}/,
  /{(app_id|webhook_id|installation_id)}|app_installations/,
  /\/rooms\/{/,
  /\/teams\/{/,
  /{user_id}|{autosuggestion_id}/,
  /{router_id}/,
  /{canned_reply_id}/,
  /\/rpc\//,
  /\/threads\//,
];

type UsedSetup = { setup: AuditedSetup; groups: Set<RegExp> };
const used: UsedSetup[] = [];

/** A setup in which nothing of the operation's groups was ended or made: making one takes thirty requests. */
async function setupFor(operation: Operation): Promise<AuditedSetup> {
  const groups = GROUPS.filter((group) => group.test(operation.path));
  expect(groups).not.toEqual([]);
  let found = used.find((each) => groups.every((group) => !each.groups.has(group)));
  if (found === undefined) {
    found = { setup: await auditedSetup(), groups: new Set() };
    used.push(found);
  }
  for (const group of groups) found.groups.add(group);
  return found.setup;
}

/** A valid body of every operation. */
function bodyOf({ path, method }: Operation, { names, lacking }: AuditedSetup): object | null {
  if (method === 'GET' || method === 'DELETE') return null;
  const pattern = path.endsWith('/webhooks') ? 'routed_chats' : 'owned_chats';
  return {
    name: 'Changed',
    first_name: 'Changed',
    is_online_enabled: false,
    targets: [{ kind: 'all' }],
    scopes: ['reports'],
    terms_url: 'https://app.example.com/terms',
    privacy_url: 'https://app.example.com/privacy',
    endpoint_url: `${NOBODY}/?key=hidden`,
    channel_pattern: `/api/v5/orgs/{organization_id}/${pattern}`,
    on_added: true,
    messaging_channel: 'email',
    room_id: names['room_id'],
    reply_webhook_url: `${NOBODY}/?key=hidden`,
    status: 'skipped',
    ids: [],
    url_pattern: '*',
    thread_id: 'ticket-1',
    shortcut: 'changed',
    message: 'Changed',
    webhook_url: `${NOBODY}/?key=hidden`,
    member_id: lacking.user_id,
    is_participating: true,
    composing_status: 'idle',
    ...(path.endsWith('/consent') ? { webhooks_version: Number(names['webhooks_version']) } : {}),
    ...lacking,
  };
}

async function perform(operation: Operation, setup: AuditedSetup): Promise<Answer> {
  const { owner, names, lacking } = setup;
  const isAdding = operation.method === 'PUT' && /members|memberships|shares/.test(operation.path);
  const received = { room_id: names['received_room_id'], team_id: names['received_team_id'] };
  const ofInstallation = operation.path.includes('/app_installations/') ? { token_id: names['lasting_token_id'] } : {};
  const values = {
    ...names,
    ...(isAdding ? lacking : {}),
    ...ofInstallation,
    key_id: operation.path.includes('/rpc/') ? names['rpc_key_id'] : names['threads_key_id'],
    ...(operation.path.includes('/visitors/') ? { room_id: names['mail_room_id'] } : {}),
    ...(operation.path.includes('/received_shares/') ? received : {}),
    ...(operation.path.includes('visitor_secrets') ? { visitor_id: crypto.randomUUID().replaceAll('-', '') } : {}),
  };
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof values) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no ${name} for ${operation.path}`);
    return encodeURIComponent(value);
  });
  const body = bodyOf(operation, setup);
  const headers = { 'CF-Connecting-IP': '192.0.2.7' };
  const request = { method: operation.method, headers, ...(body === null ? {} : { body }) };
  return isOfOperator(operation)
    ? admin(path.slice('/admin/v1'.length), request)
    : call(path, { ...request, authorization: `Bearer ${owner.token}` });
}

const audit = async (query: string) => resultsOf(await admin(`/audit?${query}`));

/** The entry of a call. Of a share the other organization has one too. */
async function entryOf({ headers }: Answer, organizationId?: string): Promise<Json | undefined> {
  return (await audit('page_size=20')).find(
    ({ request_id, organization_id }) =>
      request_id === headers.get('x-request-id') && organization_id === (organizationId ?? organization_id),
  );
}

describe('the audit log', () => {
  let shared: AuditedSetup;

  beforeAll(async () => {
    shared = await auditedSetup();
  });

  it('leaves out no route by accident', () => {
    expect(AUDITED.length).toBeGreaterThan(90);
    const unused = NOT_AUDITED.filter((pattern) => !OPERATIONS.some((operation) => pattern.test(shown(operation))));
    expect(unused).toEqual([]);
  });

  it.each(AUDITED)('has an entry of $method $path', async (operation) => {
    const setup = isOnce(operation) ? await setupFor(operation) : shared;
    const { owner } = setup;
    const answer = await perform(operation, setup);
    if (!isCall(operation))
      expect([answer.status, answer.text]).toEqual([expect.toSatisfy((s: number) => s < 300), answer.text]);
    const isOfShare = operation.path.includes('shares');
    const entry = await entryOf(answer, isOfShare ? owner.organization_id : undefined);
    const isCreation = operation.name === 'adminCreateOrganization';
    const hasOrganization = operation.path.includes('{organization_id}');
    expect(entry).toEqual({
      id: expect.any(String),
      created_at: expect.any(String),
      organization_id: isCreation ? answer.json['id'] : hasOrganization ? owner.organization_id : null,
      actor: isOfOperator(operation)
        ? { type: 'operator', id: null, token_id: null, app_id: null }
        : { type: 'user', id: owner.user_id, token_id: owner.token_id, app_id: null },
      action: operation.name,
      target: expect.toSatisfy((target) => target === null || typeof target.id === 'string'),
      details: expect.any(Object),
      status: isCall(operation) ? answer.status : null,
      address: '192.0.2.7',
      request_id: expect.any(String),
    });
    // What is made is named, whatever the path says.
    if (answer.status === 201 && typeof answer.json['id'] === 'string') {
      expect(entry?.['target']).toMatchObject({ id: answer.json['id'] });
    }
  });
});

describe('an entry', () => {
  let setup: AuditedSetup;
  let owner: Person;
  let root: string;

  beforeAll(async () => {
    setup = await auditedSetup();
    ({ owner } = setup);
    root = `/organizations/${owner.organization_id}`;
  });

  it('says to whom, and which scopes were given', async () => {
    const { user_id } = setup.names;
    const path = `${root}/users/${user_id}/tokens`;
    const made = await admin(path, { method: 'POST', body: { scopes: ['users', 'reports'], label: 'hidden label' } });
    expect(await entryOf(made)).toMatchObject({
      action: 'adminCreateToken',
      target: { type: 'token', id: made.json['id'] },
      details: { user_id, fields: ['scopes', 'label'], scopes: ['users', 'reports'] },
    });
    const shared = await admin(`${root}/rooms/${setup.names['room_id']}/shares/${setup.lacking.partner_id}`, {
      method: 'PUT',
    });
    expect(await entryOf(shared, owner.organization_id)).toMatchObject({
      target: { type: 'room', id: setup.names['room_id'] },
      details: { partner_id: setup.lacking.partner_id },
    });
  });

  it('says who was removed from which chat', async () => {
    const { chat_id, member_id } = setup.names;
    const path = `/orgs/${owner.organization_id}/owned_chats/${chat_id}/memberships/${member_id}`;
    const removed = await ask(owner, 'DELETE', path);
    expect(await entryOf(removed)).toMatchObject({
      actor: { type: 'user', id: owner.user_id },
      action: 'removeChatMember',
      target: { type: 'user', id: member_id },
      details: { chat_id },
      status: 204,
    });
    // A repeat removes nobody.
    expect(await entryOf(await ask(owner, 'DELETE', path))).toBeUndefined();
  });

  it('says who made whom a member of which chat, once for each change, and nothing of those who join by themselves', async () => {
    const { chat_id } = setup.names;
    const { user_id } = setup.lacking;
    const path = `/orgs/${owner.organization_id}/owned_chats/${chat_id}/memberships`;
    const add = (member_id: unknown, is_participating: boolean) =>
      ask(owner, 'POST', path, { member_id, is_participating, composing_status: 'idle' });
    const added = await add(user_id, false);
    expect(await entryOf(added)).toMatchObject({
      actor: { type: 'user', id: owner.user_id },
      action: 'addMemberToOwnedChat',
      target: { type: 'user', id: user_id },
      details: { chat_id },
      status: 201,
    });
    expect(await entryOf(await add(user_id, false))).toBeUndefined();
    expect(await entryOf(await add(user_id, true))).toMatchObject({ target: { id: user_id }, status: 200 });
    const joined = await add(owner.user_id, true);
    expect([joined.status, await entryOf(joined)]).toEqual([201, undefined]);
    const unknown = await add(crypto.randomUUID(), true);
    expect([unknown.status, await entryOf(unknown)]).toEqual([400, undefined]);
  });

  it('tells the organizations that had an app that it was deleted, without the caller’s token and address', async () => {
    const app = await createThirdPartyApp(owner, { is_available_to_anyone: true });
    const elsewhere = await enrollManager();
    const installations = [await install(owner, app.id), await install(elsewhere, app.id)];
    const gone = await enrollManager();
    await uninstall(gone, await install(gone, app.id));
    const headers = { 'CF-Connecting-IP': '192.0.2.7' };
    const path = `/api/v5/orgs/${owner.organization_id}/apps/${app.id}`;
    const deleted = await call(path, { method: 'DELETE', headers, authorization: `Bearer ${owner.token}` });
    expect(deleted.status).toBe(204);
    const entries = async ({ organization_id }: Person) => {
      const all = await audit(`organization_id=${organization_id}&action=deleteApp`);
      return all.filter(({ request_id }) => request_id === deleted.headers.get('x-request-id'));
    };
    const { organization_id } = owner;
    expect(await entries(elsewhere)).toEqual([
      {
        id: UUID,
        created_at: TIME,
        organization_id: elsewhere.organization_id,
        actor: { type: 'user', id: owner.user_id, token_id: null, app_id: null },
        action: 'deleteApp',
        target: { type: 'installation', id: installations[1]?.id },
        details: { app_id: app.id, app_organization_id: organization_id },
        status: null,
        address: null,
        request_id: expect.any(String),
      },
    ]);
    expect(await entries(owner)).toMatchObject([{ target: { type: 'app', id: app.id }, address: '192.0.2.7' }]);
    expect(await entries(gone)).toEqual([]);
    expect(resultsOf(await ask(elsewhere, 'GET', `${orgOf(elsewhere)}/audit_log?action=deleteApp`))).toHaveLength(1);
  });

  it('is there for each lasting token that an app was given, and for no other token of it', async () => {
    const { manager, app, installation } = await openApp();
    const { organization_id } = manager;
    const made = async () => await audit(`organization_id=${organization_id}&action=exchangeAppUserCode`);
    const { parameters } = await trigger(manager, installation, 'type=manual_nav');
    expect(await made()).toEqual([]);
    const code = codeIn(parameters);
    await lastingToken(app, code);
    const form = { grant_type: 'authorization_code', code, client_id: app.id, client_secret: app.secret };
    const repeated = await call('/identity/token', {
      method: 'POST',
      raw: `${new URLSearchParams(form)}`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(repeated.status).toBe(400);
    const [token] = resultsOf(
      await ask(manager, 'GET', `${orgOf(manager)}/app_installations/${installation.id}/tokens`),
    );
    expect(await made()).toMatchObject([
      {
        organization_id,
        actor: { type: 'user', id: installation.app_user_id, token_id: installation.id, app_id: app.id },
        target: { type: 'token', id: token?.['id'] },
        details: { installation_id: installation.id },
        status: null,
      },
    ]);
  });

  it('has no secret, no token and no value of a field', async () => {
    const { organization_id } = owner;
    const secrets: string[] = ['hidden', owner.token];
    for (const operation of AUDITED.filter(({ method }) => method !== 'DELETE')) {
      const { json } = await perform(operation, setup);
      for (const value of [json['secret'], json['token'], json['key'], json['webhook_key']])
        if (typeof value === 'string') secrets.push(value);
    }
    const dump = await Promise.all(
      [testEnv.DB, organizationD1].map(async (d1) =>
        JSON.stringify((await d1.prepare('SELECT * FROM audit_log').all()).results),
      ),
    );
    expect(dump.join('')).toContain(organization_id);
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((secret) => dump.join('').includes(secret))).toEqual([]);
  });

  it('of a tenant is of a change: what was refused or changed nothing has none', async () => {
    const team = `/orgs/${owner.organization_id}/teams/${setup.names['team_id']}/memberships`;
    const body = { user_id: setup.names['user_id'] };
    const repeated = await ask(owner, 'POST', team, body);
    const unknown = await ask(owner, 'DELETE', `${team}/${crypto.randomUUID()}`);
    const invalid = await ask(owner, 'POST', team, { user_id: 7 });
    expect([repeated.status, unknown.status, invalid.status]).toEqual([200, 404, 400]);
    for (const each of [repeated, unknown, invalid]) expect(await entryOf(each)).toBeUndefined();
  });

  it('of the operator is of a call: also of what was refused', async () => {
    const nowhere = '0190a000-0000-7000-8000-00000000dead';
    const refused = [
      await admin(`${root}/rooms/${nowhere}`, { method: 'PATCH', body: { name: 'x' } }),
      await admin(`${root}/rooms`, { method: 'POST', body: {} }),
      await admin(`/organizations/${nowhere}/rooms`),
    ];
    for (const each of refused) expect(await entryOf(each)).toMatchObject({ status: each.status });
    const guess = await admin('/organizations', { authorization: 'Bearer guess' });
    expect(await entryOf(guess)).toBeUndefined();
  });

  it('is there with its change or not at all', async () => {
    const d1 = d1With('rooms');
    const rooms = async () => (await d1.prepare('SELECT id, name FROM rooms ORDER BY id').all()).results;
    const before = await rooms();
    const own = `/orgs/${owner.organization_id}/rooms`;
    await d1.prepare('ALTER TABLE audit_log RENAME TO audit_log_away').run();
    const made = await ask(owner, 'POST', own, { name: 'Lost' });
    const changed = await ask(owner, 'PATCH', `${own}/${setup.names['room_id']}`, { name: 'Lost' });
    await d1.prepare('ALTER TABLE audit_log_away RENAME TO audit_log').run();
    expect([made.status, changed.status]).toEqual([500, 500]);
    expect(await rooms()).toEqual(before);
  });

  it('that cannot be written keeps the answer to the operator back', async () => {
    const d1 = testEnv.DB;
    await d1.prepare('ALTER TABLE audit_log RENAME TO audit_log_away').run();
    const read = await admin(`${root}/users`);
    await d1.prepare('ALTER TABLE audit_log_away RENAME TO audit_log').run();
    expect([read.status, read.json]).toEqual([500, { detail: 'Internal server error.' }]);
  });
});
