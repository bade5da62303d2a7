import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestJson } from '../../scripts/json-request.ts';
import type { ReceivedRequest } from '../../scripts/webhook-receiver.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';

/** A telephone system and the built Worker: what it syncs, and what it is told. */
let hub: TestHub;

beforeAll(async () => {
  hub = await openHub({});
});
afterAll(() => hub.stop());

type Json = Record<string, unknown>;
type Told = { method: string; params: Json; api_key: string };

const toldBy = ({ body }: ReceivedRequest) => JSON.parse(body) as Told;

async function rpc(method: string, params: Json): Promise<Json> {
  const { rpc: settings } = hub.demo;
  const answer = await requestJson({
    method: 'POST',
    url: settings.url,
    token: settings.api_key,
    body: { method, params: { orgid: settings.orgid, ...params } },
  });
  expect([answer.status, answer.body]).toEqual([200, { result: expect.anything() }]);
  return (answer.body as { result: Json }).result;
}

async function ok(method: 'GET' | 'POST' | 'PATCH', path: string, body: Json, token?: string): Promise<Json> {
  const answer = await hub.client.request(method, path, body, token);
  expect([method, path, answer.status < 300, answer.body]).toEqual([method, path, true, expect.anything()]);
  return answer.body as Json;
}

test('a contact writes, the gateway is told, a user answers, and the answer goes out', async () => {
  const settings = `/api/v5/orgs/${hub.demo.organization_id}/rpc`;
  await ok('PATCH', settings, { webhook_url: `${hub.receiver.url}/hub`, webhook_key: 'known' });
  const [user] = hub.demo.rpc.users;
  if (user === undefined) throw new Error('the demo has no user with a telephone line');
  expect(user.id).toBe(hub.demo.agent.id);

  const sent = await rpc('message', { from: '234567668', to: user.extension, content: 'Is the shop open?' });
  const delivered = await hub.receiver.waitFor((request) => toldBy(request).method === 'delivered');
  expect(toldBy(delivered)).toEqual({
    method: 'delivered',
    params: { messageid: sent['messageid'], sessionid: sent['sessionid'] },
    api_key: 'known',
  });

  const chats = await hub.client.request(
    'GET',
    `/api/v5/users/${user.id}/chats?is_participating=true`,
    undefined,
    hub.demo.agent.token,
  );
  const [chat] = (chats.body as { results: { id: string }[] }).results;
  await ok('POST', `/api/v5/users/${user.id}/chats/${chat?.id}/messages`, { message: 'Yes' }, hub.demo.agent.token);
  const answered = await hub.receiver.waitFor((request) => toldBy(request).method === 'message');
  expect(toldBy(answered)).toMatchObject({
    params: { to: '234567668', from: user.extension, orgid: hub.demo.rpc.orgid, content: 'Yes', type: 1 },
    api_key: 'known',
  });
  expect(answered.headers['webhook-signature']).toMatch(/^v1,/);

  // What the gateway syncs does not come back.
  const { sessionid } = sent;
  await rpc('message', { from: user.extension, to: '234567668', content: 'By phone', sessionid });
  await rpc('message', { from: '234567668', to: user.extension, content: 'Thanks' });
  await hub.receiver.waitUntil((requests) => requests.length === 3);
  expect(hub.receiver.requests.map((request) => toldBy(request).method)).toEqual(['delivered', 'message', 'delivered']);
});
