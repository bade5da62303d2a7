/** Random bodies for every operation that takes JSON: none breaks the hub, and one that is refused writes nothing. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { type BodySchema, jsonBodies, type NamedSchemas } from '../../support/json-bodies.ts';
import { enrollManager, install, createApp as registerApp } from '../../support/worker/apps.ts';
import { OWN_PAGE } from '../../support/worker/browser.ts';
import { fill as fillChat, type Names } from '../../support/worker/chat-operations.ts';
import { fill as fillDirectory } from '../../support/worker/directory-setup.ts';
import { addWebhook } from '../../support/worker/installed-app.ts';
import { make } from '../../support/worker/operator.ts';
import { arrive, enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { ADMIN_TOKEN, type Answer, admin, call, type Person, testEnv } from '../../support/worker/requests.ts';
import { Site, type Visitor } from '../../support/worker/visitor-site.ts';

/** Bodies for each operation. `FUZZ_RUNS=500 npx vitest run test/worker/fuzz` tries more. */
const RUNS = Number((testEnv as unknown as { FUZZ_RUNS: string }).FUZZ_RUNS);

type DocumentedOperation = {
  requestBody?: { content?: { [type: string]: { schema?: BodySchema } } };
  security?: object[];
};
type Operation = { method: string; path: string; schema: BodySchema; caller: string };

const document = createApp().getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
const schemas = (document.components?.schemas ?? {}) as NamedSchemas;
const operations: Operation[] = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
  Object.entries(methods as { [method: string]: DocumentedOperation }).flatMap(([method, operation]) => {
    const schema = operation.requestBody?.content?.['application/json']?.schema;
    const caller = Object.keys(operation.security?.[0] ?? {})[0] ?? 'nobody';
    return schema === undefined ? [] : [{ method: method.toUpperCase(), path, schema, caller }];
  }),
);
// The rebuild goes over every thread, so it comes before the others have made some.
operations.sort((left, right) => Number(right.path.endsWith('/rebuild')) - Number(left.path.endsWith('/rebuild')));

let org: TestOrganization;
let owner: Person;
let colleague: Person;
let site: Site;
let visitor: Visitor;
let rpcKey: string;
let threadsKey: string;
let ofTenant: Names;
/** Of another organization, since the operator may take away what the tenant needs. */
let ofOperator: Names;

beforeAll(async () => {
  org = await TestOrganization.open();
  owner = await enrollAgent(org.organizationId, {}, ['settings', 'reports', 'users']);
  colleague = await enrollAgent(org.organizationId);
  site = await Site.at(org);
  visitor = await site.visitor();
  rpcKey = await keyOf('rpc');
  threadsKey = await keyOf('threads');
  ofTenant = {
    ...(await fillOrganization(owner)),
    config_id: org.channelId,
    client_id: await arrive(owner),
    language_code: 'en',
    message_id: '0190a000-0000-7000-8000-00000000dead',
  };
  ofOperator = await fillOrganization(await enrollManager());
});

async function keyOf(kind: 'rpc' | 'threads'): Promise<string> {
  const path = `/organizations/${org.organizationId}/${kind}/keys`;
  return String((await admin(path, { method: 'POST', body: {} })).json['key']);
}

async function fillOrganization(manager: Person): Promise<Names> {
  const app = await registerApp(manager);
  return {
    ...(await fillDirectory(manager)),
    app_id: app.id,
    webhook_id: await addWebhook(manager, app.id, '/orgs/{organization_id}/owned_chats'),
    installation_id: (await install(manager, app.id)).id,
    router_id: await make(manager.organization_id, 'routers', { name: 'Night' }),
  };
}

/** Values for the parameters of a path. The chat is a new one where the path names a chat or a part of it. */
async function namesFor({ caller, path }: Operation): Promise<Names> {
  if (caller === 'adminToken') return ofOperator;
  if (caller === 'visitorToken' || caller === 'nobody') {
    const chat_id = path.includes('{chat_id}') ? await site.chat(visitor) : '';
    return { ...ofTenant, visitor_id: visitor.id, room_id: site.roomId, chat_id, token: 'nobody.has.signed' };
  }
  const names = { ...ofTenant, user_id: owner.user_id };
  return /\{(chat|invitation)_id\}/.test(path) ? { ...names, ...(await fillChat(org, owner)) } : names;
}

/**
 * Ids for the fields of bodies. A user is another than the caller, who would take away their own rights, and a channel
 * stays in its room, where the bot of the other tests is routed.
 */
function idsFor(names: Names): Names {
  const { user_id } = colleague;
  return { ...names, room_id: org.gateway.roomId, user_id, member_id: user_id, invited_user_id: user_id };
}

function send({ method, path, caller }: Operation, names: Names, raw: string): Promise<Answer> {
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = names[name];
    if (value === undefined) throw new Error(`there is no ${name} for ${path}: add one above`);
    return encodeURIComponent(value);
  });
  const tokens: Names = {
    userToken: owner.token,
    visitorToken: visitor.token,
    adminToken: ADMIN_TOKEN,
    rpcKey,
  };
  const token = tokens[caller];
  return call(address, {
    method,
    raw,
    headers: {
      'Content-Type': 'application/json',
      ...OWN_PAGE,
      ...(caller === 'threadsKey' ? { 'x-api-key': threadsKey } : {}),
    },
    env: { SERVER_TIMING: '1' },
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  });
}

/** The rows of an entry of the audit log, with its indexes: it has every call of the operator. */
const AUDIT_ENTRY = '5';

/** The rows that a request has written, to D1 and to threads, as the hub itself counts them. */
function writtenBy(answer: Answer): string[] {
  return Array.from(answer.headers.get('Server-Timing')?.matchAll(/written=([\d.]+)/g) ?? [], ([, rows = '']) => rows);
}

it('every operation with a JSON body is tried', () => {
  expect(operations.length).toBeGreaterThan(100);
});

describe('a random body is accepted, or refused without a write', () => {
  it.each(operations)('$method $path', async (operation) => {
    const names = await namesFor(operation);
    const bodies = jsonBodies(operation.schema, { schemas, ids: idsFor(names) });
    await fc.assert(
      fc.asyncProperty(bodies, async (raw) => {
        const answer = await send(operation, names, raw);
        expect(answer.status).toBeLessThan(500);
        if (answer.status < 400 && answer.json['error'] === undefined) return;
        expect(answer.text.length).toBeLessThan(60_000);
        expect(writtenBy(answer)).toEqual([operation.path.startsWith('/admin/v1/') ? AUDIT_ENTRY : '0', '0']);
      }),
      { numRuns: RUNS },
    );
  });
});
