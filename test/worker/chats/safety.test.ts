import { beforeAll, describe, expect, it } from 'vitest';
import { type Callers, expectOwn, expectSafe, spendTokens } from '../../support/worker/access-checks.ts';
import {
  addressOf,
  bodyFor,
  everythingOf,
  fill,
  type Names,
  OPERATIONS,
  type Operation,
} from '../../support/worker/chat-operations.ts';
import { countRows } from '../../support/worker/copied-rows.ts';
import { expectUntouched } from '../../support/worker/leave-untouched.ts';
import { ask, enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { admin, call, type Person } from '../../support/worker/requests.ts';

const EVERY_SCOPE = ['settings', 'reports', 'users'];

const ofOrganizations = OPERATIONS.filter(({ path }) => path.startsWith('/orgs/{organization_id}/'));
const ofUsers = OPERATIONS.filter(({ path }) => path.startsWith('/users/{user_id}/'));
const ofChats = OPERATIONS.filter(({ path }) => /\{(chat|room|visitor|invitation)_id\}/.test(path));
const ofMembers = ofUsers.filter(
  ({ path }) => /\/(chats|chat_memberships)\/\{chat_id\}/.test(path) && !path.includes('{room_id}'),
);

/**
 * Whether an operation needs the scope `reports` whatever the organization's settings: the lists of a room (Chats API),
 * and of messages.
 */
const needsReports = ({ path }: Operation) =>
  (/\/rooms\/\{room_id\}\/(pending_)?chats/.test(path) && path.startsWith('/orgs')) ||
  path === '/orgs/{organization_id}/messages';

let org: TestOrganization;
let owner: Person;
let callers: Callers;
let names: Names;

beforeAll(async () => {
  org = await TestOrganization.open();
  const elsewhere = await TestOrganization.open();
  owner = await enrollAgent(org.organizationId, {}, EVERY_SCOPE);
  const foreigner = await enrollAgent(elsewhere.organizationId, {}, EVERY_SCOPE);
  const spent = await spendTokens(owner, EVERY_SCOPE);
  callers = { owner, foreigner, powerless: await enrollAgent(org.organizationId), ...spent };
  names = await fill(org, owner);
});

/** What a refusal must not change: the number of D1's rows, and the chat in its thread. */
const state = async () => [await countRows(), await everythingOf(org, names['chat_id'] ?? '')];

const try_ = (operation: Operation, person: Person, changed: Names) =>
  call(addressOf(operation, { ...names, ...changed }), {
    method: operation.method,
    authorization: `Bearer ${person.token}`,
    ...bodyFor(operation, person.user_id),
  });

describe('every operation of the Chats API', () => {
  expectUntouched(state);

  it('is in one of these tables', () => {
    expect(OPERATIONS.length).toBeGreaterThan(100);
    expect(ofOrganizations.length + ofUsers.length).toBe(OPERATIONS.length);
  });

  it.each(ofOrganizations)('$method $path refuses callers without the right, and writes nothing', async (operation) => {
    const path = (organization_id: string) => addressOf(operation, { ...names, organization_id });
    const route = { method: operation.method, path, ...bodyFor(operation, owner.user_id) };
    await expectSafe({ ...route, unknown: 403, needsScope: needsReports(operation) }, callers);
  });

  it.each(ofUsers)('$method $path refuses all but the user, and writes nothing', async (operation) => {
    const path = (user_id: string) => addressOf(operation, { ...names, user_id });
    const route = { method: operation.method, path, ...bodyFor(operation, owner.user_id) };
    await expectOwn(route, callers);
  });

  it.each(ofChats)('$method $path gives no access to another organization’s chats', async (operation) => {
    const { foreigner } = callers;
    const own = { organization_id: foreigner.organization_id, user_id: foreigner.user_id };
    const answer = await try_(operation, foreigner, own);
    // Opening a chat in a room that does not reach the user is forbidden (Chats API).
    const opensChat = operation.method === 'POST' && operation.path.endsWith('/visitors/{visitor_id}/chats');
    expect([answer.status, answer.json]).toEqual([opensChat ? 403 : 404, { detail: expect.any(String) }]);
  });

  it.each(ofMembers)('$method $path is 404 for a colleague who is not a member', async (operation) => {
    const { powerless } = callers;
    const answer = await try_(operation, powerless, { user_id: powerless.user_id });
    expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
  });

  it.each(OPERATIONS.filter(({ method, path }) => method === 'GET' && !path.includes('{chat_id}')))(
    '$method $path lists nothing of other organizations',
    async (operation) => {
      const stranger = callers.foreigner;
      const place = { organization_id: stranger.organization_id, user_id: stranger.user_id };
      const answer = await try_(operation, stranger, place);
      expect(answer.text).not.toContain(names['chat_id']);
      expect([200, 404]).toContain(answer.status);
      const isCounts = operation.path.endsWith('/counts');
      if (isCounts) expect(Object.values(answer.json)).toEqual([0, 0, 0, 0, 0]);
      else if (answer.status === 200) expect(answer.json['results']).toEqual([]);
    },
  );
});

describe('an organization without an active subscription', () => {
  let lapsed: Names;
  let person: Person;

  beforeAll(async () => {
    const own = await TestOrganization.open();
    person = await enrollAgent(own.organizationId, {}, EVERY_SCOPE);
    lapsed = await fill(own, person);
    const changes = { has_active_subscription: false };
    await admin(`/organizations/${own.organizationId}`, { method: 'PATCH', body: changes });
  });

  expectUntouched(countRows);

  it.each(OPERATIONS)('is refused: $method $path', async (operation) => {
    const answer = await try_(operation, person, lapsed);
    expect([answer.status, answer.json]).toEqual([403, { detail: 'The organization has no active subscription.' }]);
  });
});

describe('private chat history', () => {
  let closed: Names;
  let agent: Person;
  let reporter: Person;

  beforeAll(async () => {
    const own = await TestOrganization.open();
    agent = await enrollAgent(own.organizationId);
    reporter = await enrollAgent(own.organizationId, {}, ['reports']);
    closed = await fill(own, agent);
    await own.join(reporter, closed['chat_id'] ?? '');
    await admin(`/organizations/${own.organizationId}`, { method: 'PATCH', body: { private_chat_history: true } });
  });

  // Who removes a member is shown nothing.
  const isRemoval = ({ method, path }: Operation) => method === 'DELETE' && path.endsWith('/memberships/{member_id}');
  const isHistory = ({ path }: Operation) =>
    path.startsWith('/orgs') || /routed_chats\/\{chat_id\}\/(messages|reply_suggestions)/.test(path);
  const historical = OPERATIONS.filter((operation) => isHistory(operation) && !isRemoval(operation));

  expectUntouched(countRows);

  it.each(historical)('refuses $method $path to tokens without the scope reports', async (operation) => {
    const answer = await try_(operation, agent, { ...closed, user_id: agent.user_id });
    expect([answer.status, answer.json]).toEqual([403, { detail: expect.stringContaining('reports') }]);
  });

  it.each(
    historical.filter(({ method, path }) => method === 'GET' && !/pending_chats\/|allowed_tags\/|starters/.test(path)),
  )('allows $method $path with that scope', async (operation) => {
    expect((await try_(operation, reporter, { ...closed, user_id: reporter.user_id })).status).toBe(200);
  });

  it.each(OPERATIONS.filter(({ method, path }) => method === 'GET' && path.startsWith('/users/{user_id}/chats')))(
    'does not affect a member’s own chats: $method $path',
    async (operation) => {
      const answer = await try_(operation, agent, { ...closed, user_id: agent.user_id });
      // The room proposes no tag, and the message is the visitor's.
      const isMissing = /\/(allowed_tags\/{tag_name}|delivery)$/.test(operation.path);
      expect(answer.status).toBe(isMissing ? 404 : 200);
    },
  );
});

describe('the Chats API', () => {
  it('accepts the schemes Bearer and Token', async () => {
    for (const scheme of ['Bearer', 'Token', 'bearer']) {
      const answer = await call(`/api/v5${org.organizationPath}/owned_chats/${names['chat_id']}`, {
        authorization: `${scheme} ${org.agent.token}`,
      });
      expect(answer.status).toBe(200);
    }
  });

  it('names the methods of a path', async () => {
    const answer = await ask(org.agent, 'DELETE', `/users/${org.agent.user_id}/chats/${names['chat_id']}`);
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'GET, HEAD, PUT, PATCH']);
  });

  it.each(OPERATIONS.filter(({ path }) => path.includes('{chat_id}')))(
    '$method $path is 404 for a malformed id',
    async (operation) => {
      const answer = await try_(operation, owner, { chat_id: 'nonsense' });
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    },
  );
});
