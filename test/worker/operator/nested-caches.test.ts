import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { loadAudience } from '../../../src/notifications/load-audience.ts';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { installedApp } from '../../support/worker/installed-app.ts';
import { enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { ORGANIZATION_BINDING, organizationD1 } from '../../support/worker/organization-database.ts';
import { call, type Person, testEnv } from '../../support/worker/requests.ts';

const LIFE = 30_000;
const ENV = { AUTH_CACHE_SECONDS: '30' };

let org: TestOrganization;
let person: Person;

beforeEach(async () => {
  setClock(Date.now());
  org = await TestOrganization.open();
  person = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
});
afterEach(() => void vi.useRealTimers());

// D1 is changed as by another isolate, so that this one is not told.

it('a room no longer reaches a user when AUTH_CACHE_SECONDS have passed, whatever was read meanwhile', async () => {
  const { roomId } = org.gateway;
  const inRoom = `/api/v5/users/${person.user_id}/rooms/${roomId}/visitors/nobody/chats`;
  const detailOf = async (path: string) =>
    (await call(path, { authorization: `Bearer ${person.token}`, env: ENV })).json['detail'];
  await detailOf(`/api/v5/users/${person.user_id}/routed_chats`);
  const targets =
    'DELETE FROM router_targets WHERE router_id IN (SELECT router_id FROM room_routers WHERE room_id = ?)';
  await organizationD1.prepare(targets).bind(roomId).run();
  passTime(LIFE - 1000);
  // The room is read only now, and its reach is the cached one.
  expect(await detailOf(inRoom)).toBe('Visitor not found.');
  passTime(1000);
  expect(await detailOf(inRoom)).toBe('Room not found.');
});

it('an app no longer sees a shared room when AUTH_CACHE_SECONDS have passed, whatever was read meanwhile', async () => {
  await installedApp(person, ['/orgs/{organization_id}/routed_chats']);
  const { roomId } = (await TestOrganization.open()).gateway;
  const share = organizationD1.prepare('INSERT INTO room_shares VALUES (?, ?, 1)').bind(roomId, org.organizationId);
  await share.run();
  const seen = async () => {
    const scope = { organization_ids: [org.organizationId], room_ids: [], database: ORGANIZATION_BINDING };
    const { installations } = await loadAudience({ ...testEnv, ...ENV }, noCost(), scope);
    return installations.map(({ listener }) => listener.organization_reach?.room_ids.includes(roomId));
  };
  const path = `/api/v5/users/${person.user_id}/routed_chats`;
  await call(path, { authorization: `Bearer ${person.token}`, env: ENV });
  await organizationD1.prepare('DELETE FROM room_shares WHERE room_id = ?').bind(roomId).run();
  passTime(LIFE - 1000);
  expect(await seen()).toEqual([true]);
  passTime(1000);
  expect(await seen()).toEqual([false]);
});
