import { beforeAll, describe, expect, it } from 'vitest';
import { umiRoutes } from '../../../src/api/umi/routes.ts';
import { uuidVersion7 } from '../../../src/resources/uuid.ts';
import { type Callers, enrollCallers, expectSafe } from '../../support/worker/access-checks.ts';
import { APP_REFUSED, appCredentials, enrollManager } from '../../support/worker/apps.ts';
import { Gateway, newRoom } from '../../support/worker/gateway.ts';
import { ask } from '../../support/worker/organization.ts';
import { call } from '../../support/worker/requests.ts';

const ROOT = '/orgs/{organization_id}/unified_messaging';
/** The log of all channels and apps: it names no channel. */
const ALL_DELIVERIES = '/orgs/{organization_id}/deliveries';
const ID = uuidVersion7(1, { high12: 1, low62: 1n });

const document = umiRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
const routes = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
);

/** A valid request to each route that needs a body or a query, so that a refusal has another reason. */
function requestTo(method: string, path: string, roomId: string): { query: string; body?: unknown } {
  const whole = {
    name: 'n',
    messaging_channel: 'm',
    room_id: roomId,
    reply_webhook_url: 'https://receiver.example.com',
  };
  if (path.endsWith('/events')) return { query: '?thread_id=t' };
  if (path.endsWith('/status')) return { query: '', body: { status: 'read' } };
  if (path.endsWith('/close_session')) return { query: '', body: { thread_id: 't' } };
  if (path.endsWith('/messages')) {
    const message = { body: 'b', thread_id: 't', sender_id: 's', message_id: 'm' };
    return { query: '', body: { messages: [message] } };
  }
  if (path.endsWith('/replay')) return { query: '', body: { status: 'skipped' } };
  if (path === ROOT || method === 'PUT') return { query: '', ...(method === 'GET' ? {} : { body: whole }) };
  return { query: '', ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }) };
}

let callers: Callers;
let victim: Gateway;
let channelId: string;

beforeAll(async () => {
  callers = await enrollCallers(['settings']);
  victim = await Gateway.open();
  channelId = await victim.register();
});

describe('every route of the messaging interface', () => {
  it('is in this table', () => {
    expect(routes.length).toBeGreaterThanOrEqual(17);
    expect(routes.every(([, path]) => path.startsWith(ROOT) || path === ALL_DELIVERIES)).toBe(true);
  });

  it.each(routes)('%s %s refuses callers without the right', async (method, path) => {
    const { query, body } = requestTo(method, path, ID);
    const pathOf = (organizationId: string) =>
      `/api/v5${path.replace('{organization_id}', organizationId).replaceAll(/\{\w+\}/g, ID)}${query}`;
    await expectSafe({ method, path: pathOf, body }, callers);
  });

  it('refuses an app that would manage channels or read their secrets, and nothing else', async () => {
    const manager = await enrollManager();
    const org = manager.organization_id;
    const room = await newRoom(org);
    const created = await ask(manager, 'POST', `/orgs/${org}/unified_messaging`, requestTo('POST', ROOT, room).body);
    const id = String(created.json['id']);
    const registered = () => ask(manager, 'GET', `/orgs/${org}/unified_messaging`);
    const [before, credentials] = [await registered(), await appCredentials(manager, ['settings', 'reports'])];
    for (const [name, authorization] of credentials) {
      const refused: string[] = [];
      for (const [method, path] of routes) {
        const { query, body } = requestTo(method, path, room);
        const url = `/api/v5${path.replace('{organization_id}', org).replace('{config_id}', id)}${query}`;
        const request = { method, authorization, ...(body === undefined ? {} : { body }) };
        const answer = await call(url.replaceAll(/\{\w+\}/g, ID), request);
        if (answer.status === 403) {
          expect([answer.status, answer.json]).toEqual(APP_REFUSED);
          refused.push(`${method} ${path.slice(ROOT.length)}`);
        }
      }
      expect([name, refused.sort()]).toEqual([
        name,
        [
          'DELETE /{config_id}',
          'GET /{config_id}/secret',
          'PATCH /{config_id}',
          'POST ',
          'POST /{config_id}/secret/rotate',
          'POST /{config_id}/test',
          'PUT /{config_id}',
        ],
      ]);
    }
    expect((await registered()).json).toEqual(before.json);
  });

  it.each(routes.filter(([, path]) => path !== ROOT && path !== ALL_DELIVERIES))(
    '%s %s is 404 for a channel of another organization',
    async (method, path) => {
      const { owner } = callers;
      const { query, body } = requestTo(method, path, ID);
      const own = path.replace('{organization_id}', owner.organization_id).replace('{config_id}', channelId);
      const answer = await call(`/api/v5${own.replaceAll(/\{\w+\}/g, ID)}${query}`, {
        method,
        authorization: `Bearer ${owner.token}`,
        ...(body === undefined ? {} : { body }),
      });
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.stringMatching(/not found\.$/) }]);
      expect((await victim.get(`/${channelId}`)).json).toMatchObject({ id: channelId, name: 'Support Email' });
    },
  );
});
