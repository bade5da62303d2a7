import { beforeAll, describe, expect, it } from 'vitest';
import { type Callers, enrollCallers, expectSafe } from '../../support/worker/access-checks.ts';
import { keysOf, TEAM_KEYS, TEAM_KEYS_V6 } from '../../support/worker/directory-keys.ts';
import { ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

let callers: Callers;
let manager: Person;
let agent: Person;

beforeAll(async () => {
  callers = await enrollCallers(['users']);
  manager = callers.owner;
  agent = callers.powerless;
});

const idsOf = (answer: { json: Json }) => resultsOf(answer).map(({ id }) => id);

async function newTeam(person = manager, name = 'Night'): Promise<string> {
  const path = `/orgs/${person.organization_id}/teams`;
  return String((await ask(person, 'POST', path, { name })).json['id']);
}

describe.each([
  ['v5', TEAM_KEYS],
  ['v6', TEAM_KEYS_V6],
])('teams in %s', (version, keys) => {
  const askVersion = (person: Person, method: string, path: string, body?: unknown) =>
    call(path.startsWith('http') ? path : `/api/${version}${path}`, {
      method,
      authorization: `Bearer ${person.token}`,
      ...(body === undefined ? {} : { body }),
    });
  const teamsOf = (person: Person) => `/orgs/${person.organization_id}/teams`;

  it('are created, shown, replaced, changed and deleted', async () => {
    const created = await askVersion(manager, 'POST', teamsOf(manager), { name: 'Night' });
    expect([created.status, keysOf(created.json)]).toEqual([201, keys]);
    expect(created.json).toMatchObject({
      id: UUID,
      organization: { id: manager.organization_id, name: 'Harbour' },
      name: 'Night',
      display_name: 'Night',
      member_count: 0,
      is_online: false,
      is_present: false,
      is_connected_to_room: false,
      created_by_user: { id: manager.user_id },
      updated_by_user_id: manager.user_id,
      created_at: TIME,
    });
    const path = `${teamsOf(manager)}/${created.json['id']}`;
    expect((await askVersion(agent, 'GET', path)).json).toEqual(created.json);
    const changed = await askVersion(manager, 'PATCH', path, { display_name: 'Night shift' });
    expect(changed.json).toMatchObject({ name: 'Night', display_name: 'Night shift' });
    const replaced = await askVersion(manager, 'PUT', path, { name: 'Day' });
    expect([replaced.status, replaced.json]).toEqual([
      200,
      expect.objectContaining({ name: 'Day', display_name: 'Day' }),
    ]);
    expect((await askVersion(manager, 'DELETE', path)).status).toBe(204);
    for (const method of ['GET', 'DELETE']) expect((await askVersion(manager, method, path)).status).toBe(404);
    for (const method of ['PUT', 'PATCH']) {
      expect((await askVersion(manager, method, path, { name: 'x' })).status).toBe(404);
    }
    expect(idsOf(await askVersion(manager, 'GET', teamsOf(manager)))).not.toContain(created.json['id']);
  });

  it('are listed by creation, page by page', async () => {
    const own = await enroll({ scopes: ['users'] });
    const teams: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) teams.push(await newTeam(own, name));
    await testEnv.DB.batch(
      teams.map((id, place) =>
        testEnv.DB.prepare('UPDATE teams SET created_at = ? WHERE id = ?').bind(1000 + place, id),
      ),
    );
    expect(idsOf(await askVersion(own, 'GET', teamsOf(own)))).toEqual(teams);
    expect(idsOf(await askVersion(own, 'GET', `${teamsOf(own)}?ordering=-created_at`))).toEqual(teams.toReversed());
    const first = await askVersion(own, 'GET', `${teamsOf(own)}?page_size=3`);
    const second = await askVersion(own, 'GET', String(first.json['next']));
    expect([idsOf(first), idsOf(second)]).toEqual([teams.slice(0, 3), teams.slice(3)]);
    expect(first.json['next']).toContain(`/api/${version}/`);
    for (const query of ['?ordering=name', '?cursor=x', '?page_size=-1']) {
      expect((await askVersion(own, 'GET', `${teamsOf(own)}${query}`)).status).toBe(400);
    }
  });

  it('count their members', async () => {
    const path = `${teamsOf(manager)}/${await newTeam()}`;
    await askVersion(manager, 'POST', `${path}/memberships`, { user_id: agent.user_id });
    await askVersion(manager, 'PUT', `${path}/memberships/${manager.user_id}`);
    await testEnv.DB.prepare('UPDATE users SET present_until = ? WHERE id = ?')
      .bind(Date.now() + 60_000, agent.user_id)
      .run();
    expect((await askVersion(agent, 'GET', path)).json).toMatchObject({
      member_count: 2,
      present_member_count: 1,
      is_present: true,
      is_online: true,
    });
  });

  it('refuse invalid values', async () => {
    const refused = await askVersion(manager, 'POST', teamsOf(manager), { name: '', display_name: 7 });
    expect([refused.status, refused.json]).toEqual([
      400,
      { name: ['This field may not be blank.'], display_name: ['Not a valid string.'] },
    ]);
    const path = `${teamsOf(manager)}/${await newTeam()}`;
    expect((await askVersion(manager, 'PUT', path, {})).json).toEqual({ name: ['This field is required.'] });
    for (const id of [UNKNOWN, 'nonsense', await newTeam(callers.foreigner)]) {
      expect((await askVersion(manager, 'GET', `${teamsOf(manager)}/${id}`)).status).toBe(404);
      expect((await askVersion(manager, 'PATCH', `${teamsOf(manager)}/${id}`, { name: 'x' })).status).toBe(404);
      expect((await askVersion(manager, 'DELETE', `${teamsOf(manager)}/${id}`)).status).toBe(404);
    }
  });

  it('are safe', async () => {
    const team = await newTeam();
    const all = (id: string) => `/api/${version}/orgs/${id}/teams`;
    const one = (id: string) => `${all(id)}/${team}`;
    await expectSafe({ method: 'GET', path: all, unknown: 403, needsScope: false }, callers);
    await expectSafe({ method: 'GET', path: one, unknown: 403, needsScope: false }, callers);
    await expectSafe({ method: 'POST', path: all, body: { name: 'x' }, unknown: 403 }, callers);
    for (const method of ['PUT', 'PATCH']) {
      await expectSafe({ method, path: one, body: { name: 'x' }, unknown: 403 }, callers);
    }
    await expectSafe({ method: 'DELETE', path: one, unknown: 403 }, callers);
  });
});

describe('the members of a team', () => {
  const membersOf = (team: string, person = manager) => `/orgs/${person.organization_id}/teams/${team}/memberships`;

  it('are added once, listed and removed', async () => {
    const path = membersOf(await newTeam());
    const added = await ask(manager, 'POST', path, { user_id: agent.user_id });
    expect([added.status, added.json]).toEqual([
      201,
      {
        team_id: path.split('/').at(-2),
        user_id: agent.user_id,
        user: expect.objectContaining({ id: agent.user_id, full_name: 'Ada' }),
        created_at: TIME,
      },
    ]);
    const one = `${path}/${agent.user_id}`;
    for (const again of [
      await ask(manager, 'POST', path, { user_id: agent.user_id }),
      await ask(manager, 'PUT', one),
    ]) {
      expect([again.status, again.json]).toEqual([200, added.json]);
    }
    expect((await ask(agent, 'GET', one)).json).toEqual(added.json);
    expect((await ask(manager, 'PUT', `${path}/${manager.user_id}`)).status).toBe(201);
    const members = resultsOf(await ask(agent, 'GET', path)).map(({ user_id }) => user_id);
    expect(members).toEqual([agent.user_id, manager.user_id].toSorted());
    const first = await ask(agent, 'GET', `${path}?page_size=1`);
    const second = await ask(agent, 'GET', String(first.json['next']));
    expect([first, second].flatMap((page) => resultsOf(page).map(({ user_id }) => user_id))).toEqual(members);
    expect((await ask(manager, 'DELETE', one)).status).toBe(204);
    for (const method of ['GET', 'DELETE']) expect((await ask(manager, method, one)).status).toBe(404);
  });

  it('refuse users of other organizations, and teams of others', async () => {
    const path = membersOf(await newTeam());
    for (const user_id of [UNKNOWN, callers.foreigner.user_id]) {
      const refused = await ask(manager, 'POST', path, { user_id });
      expect([refused.status, refused.json]).toEqual([400, { user_id: ['Unknown user.'] }]);
      expect((await ask(manager, 'PUT', `${path}/${user_id}`)).status).toBe(404);
    }
    expect((await ask(manager, 'POST', path, {})).json).toEqual({ user_id: ['This field is required.'] });
    expect((await ask(manager, 'POST', path, { user_id: 'x' })).json).toEqual({ user_id: ['Must be a valid UUID.'] });
    expect((await ask(manager, 'GET', `${path}?cursor=x`)).status).toBe(400);
    for (const team of [UNKNOWN, 'nonsense', await newTeam(callers.foreigner)]) {
      const other = membersOf(team);
      expect((await ask(manager, 'GET', other)).status).toBe(404);
      expect((await ask(manager, 'POST', other, { user_id: agent.user_id })).status).toBe(404);
      expect((await ask(manager, 'PUT', `${other}/${agent.user_id}`)).status).toBe(404);
      expect((await ask(manager, 'DELETE', `${other}/${agent.user_id}`)).status).toBe(404);
    }
  });

  it('are safe', async () => {
    const team = await newTeam();
    const all = (id: string) => `/api/v5/orgs/${id}/teams/${team}/memberships`;
    const one = (id: string) => `${all(id)}/${agent.user_id}`;
    await expectSafe({ method: 'GET', path: all, unknown: 403, needsScope: false }, callers);
    await expectSafe({ method: 'GET', path: one, unknown: 403, needsScope: false }, callers);
    await expectSafe({ method: 'POST', path: all, body: { user_id: agent.user_id }, unknown: 403 }, callers);
    await expectSafe({ method: 'PUT', path: one, unknown: 403 }, callers);
    await expectSafe({ method: 'DELETE', path: one, unknown: 403 }, callers);
  });
});
