import { expect } from 'vitest';
import { ask, type Json, resultsOf } from './organization.ts';
import { admin, type Person } from './requests.ts';

/** Creates a resource below an organization as the operator. Answers its id. */
export async function make(
  organizationId: string,
  kind: 'users' | 'teams' | 'rooms' | 'routers',
  body: Json,
): Promise<string> {
  const answer = await admin(`/organizations/${organizationId}/${kind}`, { method: 'POST', body });
  expect([answer.status, answer.json]).toEqual([201, expect.objectContaining({ id: expect.any(String) })]);
  return String(answer.json['id']);
}

export const put = (path: string) => admin(path, { method: 'PUT' });
export const post = (path: string, body: unknown) => admin(path, { method: 'POST', body });
export const patch = (path: string, body: unknown) => admin(path, { method: 'PATCH', body });
export const remove = (path: string) => admin(path, { method: 'DELETE' });

/** The rooms that reach a person, as the API shows them to this person. In this isolate a change shows at once. */
export async function roomsOf(person: Person): Promise<unknown[]> {
  return resultsOf(await ask(person, 'GET', `/users/${person.user_id}/rooms`)).map(({ id }) => id);
}
