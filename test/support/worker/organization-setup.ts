import { expect } from 'vitest';
import { ask, type Json, resultsOf, type TestOrganization } from './organization.ts';
import { admin, type Person } from './requests.ts';

/** What the operator of the hub sets up for the tests: routers, shares, teams, settings. */

async function arranged(path: string, method: string, body?: Json): Promise<Json> {
  const answer = await admin(`/organizations/${path}`, { method, ...(body === undefined ? {} : { body }) });
  expect([answer.status < 300, answer.text]).toEqual([true, expect.any(String)]);
  return answer.json;
}

export const setOrganization = (organizationId: string, settings: Json) => arranged(organizationId, 'PATCH', settings);

export const shareRoom = (owner: TestOrganization, roomId: string, partner: TestOrganization) =>
  arranged(`${owner.organizationId}/rooms/${roomId}/shares/${partner.organizationId}`, 'PUT');

/** Routes the chats of rooms to targets. */
export const addRouter = (owner: TestOrganization, roomIds: string[], targets: Json[]) =>
  arranged(`${owner.organizationId}/routers`, 'POST', { name: 'Router', targets, room_ids: roomIds });

/** A team with members; answers its id. */
export async function addTeam(owner: TestOrganization, name: string, members: Person[]): Promise<string> {
  const team = String((await arranged(`${owner.organizationId}/teams`, 'POST', { name }))['id']);
  for (const { user_id } of members) await arranged(`${owner.organizationId}/teams/${team}/members/${user_id}`, 'PUT');
  return team;
}

export const allowTag = (owner: TestOrganization, name: string) =>
  arranged(`${owner.organizationId}/rooms/${owner.gateway.roomId}/allowed_tags`, 'POST', { name });

/** All items of a collection below a person's own user. */
export const own = (person: Person, path: string) => ask(person, 'GET', `/users/${person.user_id}${path}`);

/** The ids in a collection. The answer must be 200. */
export function idsOf(answer: { status: number; json: Json }): unknown[] {
  expect([answer.status, answer.json['results']]).toEqual([200, expect.any(Array)]);
  return resultsOf(answer).map(({ id }) => id);
}
