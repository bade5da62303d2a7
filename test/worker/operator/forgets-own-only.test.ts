import { beforeAll, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { loadAudience } from '../../../src/notifications/load-audience.ts';
import { routedRoomsOf } from '../../../src/notifications/routed-rooms-cache.ts';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { installedApp } from '../../support/worker/installed-app.ts';
import { enrollAgent, type Json, TestOrganization } from '../../support/worker/organization.ts';
import { ORGANIZATION_BINDING } from '../../support/worker/organization-database.ts';
import { addRouter, addTeam } from '../../support/worker/organization-setup.ts';
import { admin, call, type Person, testEnv, withoutD1 } from '../../support/worker/requests.ts';

type Scene = { org: TestOrganization; person: Person; team: string; router: string; appId: string; webhookId: string };

const LASTING = { AUTH_CACHE_SECONDS: '3600' };

let mine: Scene;
let stranger: Scene;

beforeAll(async () => {
  [mine, stranger] = [await open(), await open()];
});

async function open(): Promise<Scene> {
  const org = await TestOrganization.open();
  const person = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
  const { appId, webhookIds } = await installedApp(person, ['/orgs/{organization_id}/owned_chats']);
  const team = await addTeam(org, 'Night', [person]);
  const router = String((await addRouter(org, [], [{ kind: 'all' }]))['id']);
  return { org, person, team, router, appId, webhookId: webhookIds[0] ?? '' };
}

/** Reads everything that is remembered of an organization: from D1 where this isolate has no copy. */
async function read({ org, person }: Scene, bindings: Partial<Env>): Promise<Record<string, boolean>> {
  const env = { ...testEnv, ...LASTING, ...bindings };
  const organization = { id: org.organizationId, database: ORGANIZATION_BINDING };
  const { id, database } = organization;
  const clients = `/api/v5/users/${person.user_id}/clients`;
  const isRead = (work: Promise<unknown>) =>
    work.then(
      () => true,
      () => false,
    );
  return {
    token: (await call(clients, { authorization: `Bearer ${person.token}`, env })).status === 200,
    routing: await isRead(routedRoomsOf(env, noCost(), organization)),
    apps: await isRead(loadAudience(env, noCost(), { organization_ids: [id], room_ids: [], database })),
    partners: await isRead(
      loadAudience(env, noCost(), { organization_ids: [], room_ids: [org.gateway.roomId], database }),
    ),
  };
}

const ALL = { token: true, routing: true, apps: true, partners: true };

const change = (path: string, method: string, body?: Json) => async (scene: Scene) => {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    String({ ...scene, user: scene.person.user_id, room: scene.org.gateway.roomId }[name as 'user']),
  );
  const answer = await admin(`/organizations/${scene.org.organizationId}${filled}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  expect([answer.status < 300, answer.text]).toEqual([true, expect.any(String)]);
};

it.each<[string, (scene: Scene) => Promise<void>, Partial<typeof ALL>]>([
  [
    'an option of the organization',
    change('', 'PATCH', { private_chats: true }),
    { token: false, routing: false, apps: false },
  ],
  ['a room', change('/rooms/{room}', 'PATCH', { name: 'Sales' }), { routing: false, partners: false }],
  ['a router', change('/routers/{router}', 'PATCH', { targets: [] }), { routing: false, partners: false }],
  ['a team', change('/teams/{team}', 'PATCH', { name: 'Day' }), { routing: false, partners: false }],
  ['a member of a team', change('/teams/{team}/members/{user}', 'DELETE'), { routing: false, partners: false }],
  ['a user', change('/users/{user}', 'PATCH', { first_name: 'Grace' }), { token: false }],
  [
    'a webhook of an app',
    change('/apps/{appId}/webhooks/{webhookId}', 'PATCH', { is_enabled: false }),
    { apps: false },
  ],
])('a change of %s forgets what it concerns, and nothing of another organization', async (_, make, forgotten) => {
  expect([await read(mine, {}), await read(stranger, {})]).toEqual([ALL, ALL]);
  await make(mine);
  expect([await read(mine, withoutD1), await read(stranger, withoutD1)]).toEqual([{ ...ALL, ...forgotten }, ALL]);
});

it('a share concerns its two organizations, and no third', async () => {
  const partner = await open();
  const scenes = [mine, partner, stranger];
  for (const scene of scenes) expect(await read(scene, {})).toEqual(ALL);
  await change(`/rooms/{room}/shares/${partner.org.organizationId}`, 'PUT')(mine);
  const after = await Promise.all(scenes.map((scene) => read(scene, withoutD1)));
  expect(after.map(({ routing }) => routing)).toEqual([false, false, true]);

  // What the owner changes now concerns the partner too.
  for (const scene of scenes) expect(await read(scene, {})).toEqual(ALL);
  await change('/routers/{router}', 'PATCH', { name: 'Again' })(mine);
  const later = await Promise.all(scenes.map((scene) => read(scene, withoutD1)));
  expect(later.map(({ routing }) => routing)).toEqual([false, false, true]);
});
