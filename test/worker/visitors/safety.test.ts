import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { visitorRoutes } from '../../../src/api/visitors/routes.ts';
import { type Callers, expectOwn, expectSafe, spendTokens } from '../../support/worker/access-checks.ts';
import { passTime } from '../../support/worker/clock.ts';
import { countRows } from '../../support/worker/copied-rows.ts';
import { expectUntouched } from '../../support/worker/leave-untouched.ts';
import { ask, enrollAgent, resultsOf } from '../../support/worker/organization.ts';
import { type Answer, call } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor } from '../../support/worker/visitor-site.ts';

type Operation = { method: string; path: string };
type Names = { [parameter: string]: string };

const document = visitorRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
const ALL: Operation[] = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
);
const isAuthentication = ({ path }: Operation) => path.endsWith('/auth');
const OPERATIONS = ALL.filter((operation) => !isAuthentication(operation));
const BODY: { [method: string]: (visitor: Visitor) => object } = {
  // Each operation uses its own fields and ignores the others.
  POST: (visitor) => ({ id: visitor.id, message: 'x' }),
  PUT: () => ({ presence_expires_in: 60, is_ended: true, is_participating: false, composing_status: 'idle' }),
  PATCH: () => ({
    presence_expires_in: 60,
    is_ended: true,
    is_participating: false,
    composing_status: 'idle',
    message: 'x',
  }),
};

let site: Site;
let other: Site;
let visitor: Visitor;
let sibling: Visitor;
let foreigner: Visitor;
let names: Names;

async function fill(of: Site, who: Visitor): Promise<Names> {
  const chatId = await of.chat(who);
  const message = await of.say(who, chatId, 'hello');
  return {
    organization_id: of.organizationId,
    room_id: of.roomId,
    visitor_id: who.id,
    chat_id: chatId,
    message_id: String(message.json['id']),
    member_id: who.id,
  };
}

beforeAll(async () => {
  site = await Site.open();
  other = await Site.open();
  visitor = await site.visitor();
  sibling = await site.visitor();
  foreigner = await other.visitor();
  names = await fill(site, visitor);
});

afterEach(() => {
  vi.useRealTimers();
});

/** An operation on the visitor's resources, with any header. */
function attempt(operation: Operation, authorization: string | null, changed: Names = {}): Promise<Answer> {
  const places: Names = { ...names, ...changed };
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = places[name];
    if (value === undefined) throw new Error(`no ${name} for ${operation.path}`);
    return encodeURIComponent(value);
  });
  const query = operation.path.endsWith('/autosuggestion') ? '?url=https://shop.example/' : '';
  return call(`/api/v5${path}${query}`, {
    method: operation.method,
    ...(authorization === null ? {} : { authorization }),
    ...(operation.method === 'GET' ? {} : { body: BODY[operation.method]?.(visitor) }),
  });
}

/** What a stranger could change: rows, the visitor's details, and their chat in its thread. */
async function everything(): Promise<unknown[]> {
  const chat = `/orgs/${site.organizationId}/owned_chats/${names['chat_id']}`;
  const paths = [chat, `${chat}/messages`, `${chat}/memberships`, site.orgRoom('/visitors')];
  const answers = await Promise.all(paths.map((path) => ask(site.integrator, 'GET', path)));
  return [await countRows(), ...answers.map(({ json }) => json)];
}

describe('every operation of the public API', () => {
  expectUntouched(everything);

  it('is in this table', () => {
    expect(ALL.filter(isAuthentication)).toHaveLength(1);
    expect(OPERATIONS).toHaveLength(24);
    expect(OPERATIONS.every(({ path }) => path.startsWith('/public/'))).toBe(true);
  });

  it.each(OPERATIONS)('$method $path refuses callers without the right, and writes nothing', async (operation) => {
    const expired = visitor.token;
    const [header, , signature] = visitor.token.split('.');
    const claims = foreigner.token.split('.')[1];
    const refusals = {
      'no token': await attempt(operation, null),
      'a forged token': await attempt(operation, `Bearer ${header}.${claims}.${signature}`),
      'a user’s token': await attempt(operation, `Bearer ${site.agent.token}`),
      'another scheme': await attempt(operation, `Token ${visitor.token}`),
    };
    for (const [who, answer] of Object.entries(refusals)) {
      expect([who, answer.status, answer.headers.has('WWW-Authenticate')]).toEqual([who, 401, true]);
      expect(answer.json).toEqual({ detail: expect.any(String) });
    }
    const foreign = await attempt(operation, `Bearer ${foreigner.token}`);
    expect([foreign.status, foreign.json]).toEqual([403, { detail: expect.any(String) }]);
    passTime(1_801_000);
    expect((await attempt(operation, `Bearer ${expired}`)).status).toBe(401);
    vi.useRealTimers();
  });

  it.each(OPERATIONS.filter(({ path }) => path.includes('{visitor_id}')))(
    '$method $path is 403 for another visitor of the organization, and 404 under that visitor’s own id',
    async (operation) => {
      const named = await attempt(operation, `Bearer ${sibling.token}`);
      expect([named.status, named.json]).toEqual([403, { detail: expect.any(String) }]);
      if (operation.path.includes('{chat_id}')) {
        const own = await attempt(operation, `Bearer ${sibling.token}`, { visitor_id: sibling.id });
        expect([own.status, own.json]).toEqual([404, { detail: expect.any(String) }]);
      }
    },
  );

  it.each(OPERATIONS.filter(({ path }) => path.includes('{organization_id}')))(
    '$method $path is 403 for an unknown organization and 404 for a malformed id',
    async (operation) => {
      for (const [organization_id, status] of [
        ['0190a000-0000-7000-8000-00000000dead', 403],
        ['nonsense', 404],
      ] as const) {
        const answer = await attempt(operation, `Bearer ${visitor.token}`, { organization_id });
        expect([answer.status, answer.json]).toEqual([status, { detail: expect.any(String) }]);
      }
    },
  );

  it.each(OPERATIONS.filter(({ path }) => path.includes('{room_id}')))(
    '$method $path is 404 in a room of another organization',
    async (operation) => {
      for (const room_id of [other.roomId, 'nonsense']) {
        const answer = await attempt(operation, `Bearer ${visitor.token}`, { room_id });
        expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
      }
    },
  );

  it.each(OPERATIONS.filter(({ method, path }) => method === 'GET' && !path.includes('{chat_id}')))(
    '$method $path shows another visitor nothing about this one',
    async (operation) => {
      const answer = await attempt(operation, `Bearer ${sibling.token}`, { visitor_id: sibling.id });
      expect(answer.text).not.toContain(visitor.id);
      expect(answer.text).not.toContain(names['chat_id']);
    },
  );
});

describe('an organization without an active subscription', () => {
  let lapsed: Names;
  let token: string;

  beforeAll(async () => {
    const own = await Site.open();
    const who = await own.visitor();
    token = who.token;
    lapsed = await fill(own, who);
    await own.setOrganization({ has_active_subscription: false });
  });

  expectUntouched(countRows);

  it.each(OPERATIONS)('is refused: $method $path', async (operation) => {
    const answer = await attempt(operation, `Bearer ${token}`, lapsed);
    expect([answer.status, answer.json]).toEqual([403, { detail: 'The organization has no active subscription.' }]);
  });
});

describe('the organization’s routes for visitors', () => {
  const visitorPath = (organizationId: string) => `/api/v5/orgs/${organizationId}/rooms/${site.roomId}/visitors`;
  const routes = [
    { method: 'GET', below: '' },
    { method: 'GET', below: '/ID' },
    { method: 'GET', below: '/ID/variables' },
    { method: 'POST', below: '/ID/variables', body: { key: 'a', value: 'x' } },
    { method: 'GET', below: '/ID/variables/a' },
    { method: 'PUT', below: '/ID/variables/a', body: { value: 'x' } },
    { method: 'PATCH', below: '/ID/variables/a', body: { value: 'x' } },
    { method: 'DELETE', below: '/ID/variables/a' },
  ];
  let callers: Callers;

  beforeAll(async () => {
    const owner = site.agent;
    const powerless = await enrollAgent(site.organizationId);
    callers = { owner, foreigner: other.agent, powerless, ...(await spendTokens(owner, [])) };
  });

  expectUntouched(everything);

  it.each(routes)(
    'refuse callers without the right at $method …/visitors$below, and write nothing',
    async ({ method, below, body }) => {
      const path = (organizationId: string) => `${visitorPath(organizationId)}${below.replace('ID', visitor.id)}`;
      await expectSafe({ method, path, unknown: 403, needsScope: false, ...(body ? { body } : {}) }, callers);
    },
  );

  it('show a room visitor only to the token’s own user', async () => {
    const path = (userId: string) => `/api/v5/users/${userId}/rooms/${site.roomId}/visitors/${visitor.id}`;
    await expectOwn({ method: 'GET', path }, callers);
  });

  it('are 404 for a visitor of another organization', async () => {
    const mine = await authenticate(other.organizationId);
    for (const id of [visitor.id, mine.id]) {
      const path = `/orgs/${other.organizationId}/rooms/${other.roomId}/visitors/${id}`;
      for (const below of ['', '/variables', '/variables/a']) {
        expect((await ask(other.agent, 'GET', `${path}${below}`)).status).toBe(404);
      }
    }
    expect(resultsOf(await ask(other.agent, 'GET', other.orgRoom('/visitors'))).map(({ id }) => id)).toEqual([
      foreigner.id,
    ]);
  });
});
