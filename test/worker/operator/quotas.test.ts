import { beforeAll, describe, expect, it } from 'vitest';
import { QUOTA_NAMES, QUOTAS, type QuotaName } from '../../../src/resources/quotas.ts';
import { anotherWebhook } from '../../support/worker/apps.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { ask } from '../../support/worker/organization.ts';
import { type Answer, admin, enroll, type Person, testEnv } from '../../support/worker/requests.ts';
import { Site } from '../../support/worker/visitor-site.ts';

let owner: Person;
let root: string;
let site: Site;

beforeAll(async () => {
  site = await Site.open();
  owner = site.integrator;
  root = `/organizations/${owner.organization_id}`;
});

const setQuotas = async (quotas: Record<string, number | null>) => {
  const answer = await admin(root, { method: 'PATCH', body: quotas });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return answer.json;
};

async function usage(): Promise<Record<string, { used: number | null; limit: number }>> {
  const { status, json } = await admin(`${root}/usage`);
  expect(status).toBe(200);
  const asTenant = await ask(owner, 'GET', `/orgs/${owner.organization_id}/usage`);
  expect([asTenant.status, asTenant.json]).toEqual([200, json]);
  const results = json['results'] as { quota: string; used: number | null; limit: number }[];
  return Object.fromEntries(results.map(({ quota, ...rest }) => [quota, rest]));
}

const APP = { name: 'App', terms_url: 'https://app.example.com/terms', privacy_url: 'https://app.example.com/privacy' };
let app: string;

/** Makes one more thing of each quota, as a tenant. */
const MAKE: { [Name in Exclude<QuotaName, 'stored_bytes'>]: (number: number) => Promise<Answer> } = {
  channels: () =>
    ask(owner, 'POST', `/orgs/${owner.organization_id}/unified_messaging`, {
      ...{ name: 'Mail', messaging_channel: 'email', room_id: site.roomId },
      reply_webhook_url: 'https://receiver.example.com/',
    }),
  apps: () => ask(owner, 'POST', `/orgs/${owner.organization_id}/apps`, APP),
  webhooks: () => ask(owner, 'POST', `/orgs/${owner.organization_id}/apps/${app}/webhooks`, anotherWebhook()),
  rooms: () => ask(owner, 'POST', `/orgs/${owner.organization_id}/rooms`, { name: 'Room' }),
  teams: () => ask(owner, 'POST', `/orgs/${owner.organization_id}/teams`, { name: 'Team' }),
  users: () => ask(owner, 'POST', `/orgs/${owner.organization_id}/users`, { first_name: 'Eve' }),
  routers: () => ask(owner, 'POST', `/orgs/${owner.organization_id}/routers`, { name: 'Day', room_ids: [site.roomId] }),
  visitor_variables: (number) => site.setVariable(visitor, `key-${number}`, 'x'),
};
let visitor: { id: string };

beforeAll(async () => {
  app = String((await ask(owner, 'POST', `/orgs/${owner.organization_id}/apps`, APP)).json['id']);
  visitor = await site.visitor();
});

describe('the quotas of an organization', () => {
  it('have defaults, which the operator replaces and restores', async () => {
    const shown = async () => (await admin(root)).json;
    expect(await shown()).toMatchObject(Object.fromEntries(QUOTA_NAMES.map((name) => [`${name}_quota`, QUOTAS[name]])));
    expect(await setQuotas({ rooms_quota: 7, teams_quota: 0 })).toMatchObject({ rooms_quota: 7, teams_quota: 0 });
    expect(await setQuotas({ teams_quota: null })).toMatchObject({ rooms_quota: 7, teams_quota: QUOTAS.teams });
    await setQuotas({ rooms_quota: null });
    const made = await admin('/organizations', { method: 'POST', body: { name: 'Small', apps_quota: 1 } });
    expect([made.status, made.json]).toMatchObject([201, { apps_quota: 1, rooms_quota: QUOTAS.rooms }]);
    for (const rooms_quota of [-1, 1_000_001, 1.5, 'many']) {
      expect((await admin(root, { method: 'PATCH', body: { rooms_quota } })).status).toBe(400);
    }
    const tenant = await ask(owner, 'PATCH', `/orgs/${owner.organization_id}`, { rooms_quota: 5000, city: 'Turku' });
    expect([tenant.status, Object.keys(tenant.json).filter((key) => key.endsWith('_quota'))]).toEqual([200, []]);
    expect(await shown()).toMatchObject({ rooms_quota: QUOTAS.rooms, city: 'Turku' });
  });

  it.each(Object.keys(MAKE) as (keyof typeof MAKE)[])('hold when many requests come at once: %s', async (name) => {
    const before = (await usage())[name]?.used ?? 0;
    await setQuotas({ [`${name}_quota`]: before + 3 });
    const answers = await Promise.all(Array.from({ length: 9 }, (_, number) => MAKE[name](number)));
    const refused = answers.filter(({ status }) => status === 409);
    expect([answers.filter(({ status }) => status === 201).length, refused.length]).toEqual([3, 6]);
    for (const { json } of refused) {
      expect(json).toEqual({ detail: `The quota "${name}" is reached: at most ${before + 3}.` });
    }
    const used = name === 'visitor_variables' ? null : before + 3;
    expect((await usage())[name]).toEqual({ used, limit: before + 3 });
    await setQuotas({ [`${name}_quota`]: before + 4 });
    expect((await MAKE[name](100)).status).toBe(201);
    expect((await MAKE[name](101)).status).toBe(409);
    await setQuotas({ [`${name}_quota`]: null });
    expect((await MAKE[name](102)).status).toBe(201);
  });

  it('hold for the operator too, who may raise them', async () => {
    await setQuotas({ rooms_quota: 0, teams_quota: 0 });
    for (const path of ['rooms', 'teams']) {
      const answer = await admin(`${root}/${path}`, { method: 'POST', body: { name: 'One' } });
      expect([answer.status, answer.json]).toEqual([409, { detail: `The quota "${path}" is reached: at most 0.` }]);
    }
    await setQuotas({ rooms_quota: null, teams_quota: null });
  });

  it('count what is not deleted', async () => {
    const [room = ''] = [await newRoom(owner.organization_id)];
    const { used } = (await usage())['rooms'] ?? {};
    await setQuotas({ rooms_quota: used ?? 0 });
    expect((await MAKE.rooms(0)).status).toBe(409);
    expect((await ask(owner, 'DELETE', `/orgs/${owner.organization_id}/rooms/${room}`)).status).toBe(204);
    expect((await MAKE.rooms(0)).status).toBe(201);
    await setQuotas({ rooms_quota: null });
  });

  it('of variables count deleted keys, and let known keys change', async () => {
    const other = await site.visitor();
    await setQuotas({ visitor_variables_quota: 2 });
    const path = (key: string) => site.orgRoom(`/visitors/${other.id}/variables/${key}`);
    expect((await site.setVariable(other, 'a', '1')).status).toBe(201);
    expect((await site.setVariable(other, 'b', '1')).status).toBe(201);
    expect((await ask(owner, 'DELETE', path('a'))).status).toBe(204);
    expect((await site.setVariable(other, 'c', '1')).status).toBe(409);
    expect((await site.setVariable(other, 'b', '2')).status).toBe(200);
    expect((await ask(owner, 'PATCH', path('b'), { value: '3' })).status).toBe(200);
    expect((await site.setVariable(other, 'a', '2')).status).toBe(201);
    await setQuotas({ visitor_variables_quota: null });
  });

  it('below what there is change nothing but further ones, and others are refused for their own reasons', async () => {
    await setQuotas({ rooms_quota: 1_000 });
    const id = await newRoom(owner.organization_id);
    const taken = await admin(`${root}/rooms`, { method: 'POST', body: { name: 'One', id } });
    expect([taken.status, taken.json]).toEqual([409, { detail: 'A room with this id already exists.' }]);
    await setQuotas({ rooms_quota: 1 });
    expect((await ask(owner, 'PATCH', `/orgs/${owner.organization_id}/rooms/${id}`, { name: 'Two' })).status).toBe(200);
    await setQuotas({ rooms_quota: null });
  });

  it('are those of the organization alone', async () => {
    await setQuotas({ rooms_quota: 0 });
    const stranger = await enroll({ scopes: ['settings'] });
    expect((await ask(stranger, 'POST', `/orgs/${stranger.organization_id}/rooms`, { name: 'Room' })).status).toBe(201);
    await setQuotas({ rooms_quota: null });
    const plans = await testEnv.DB.prepare(
      `EXPLAIN QUERY PLAN SELECT count(*) FROM (
         SELECT 1 FROM rooms INDEXED BY rooms_undeleted WHERE organization_id = ? AND deleted_at IS NULL LIMIT 5)`,
    )
      .bind(owner.organization_id)
      .all<{ detail: string }>();
    expect(plans.results.map(({ detail }) => detail).join(' ')).toContain('INDEX rooms_undeleted (organization_id=?)');
  });
});
