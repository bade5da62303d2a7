import { beforeAll, describe, expect, it } from 'vitest';
import { MOST_CANNED_REPLIES } from '../../../src/directory/canned-replies.ts';
import { ask, enrollAgent, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

let manager: Person;
let agent: Person;
let colleague: Person;
let teamId: string;
let path: string;

beforeAll(async () => {
  manager = await enroll({ scopes: ['settings', 'users'] });
  const { organization_id } = manager;
  path = `/orgs/${organization_id}/canned_replies`;
  agent = await enrollAgent(organization_id);
  colleague = await enrollAgent(organization_id);
  const team = await ask(manager, 'POST', `/orgs/${organization_id}/teams`, { name: 'Night' });
  teamId = String(team.json['id']);
  const members = `/orgs/${organization_id}/teams/${teamId}/memberships`;
  expect((await ask(manager, 'POST', members, { user_id: agent.user_id })).status).toBe(201);
});

const add = (person: Person, body: Json) => ask(person, 'POST', path, { message: 'We are sorry.', ...body });
const made = async (person: Person, body: Json) => {
  const answer = await add(person, body);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.json;
};
const seenBy = async (person: Person) => resultsOf(await ask(person, 'GET', path)).map(({ shortcut }) => shortcut);

describe('canned replies', () => {
  it('are seen by their user, the members of their team, or everybody, and by nobody else', async () => {
    const own = await made(agent, { shortcut: 'Mine' });
    expect(own).toEqual({
      id: UUID,
      visibility: 'user',
      team_id: null,
      shortcut: 'mine',
      message: 'We are sorry.',
      updated_by_user_id: agent.user_id,
      created_at: TIME,
      updated_at: TIME,
    });
    const ofTeam = await made(agent, { shortcut: 'night', visibility: 'team', team_id: teamId });
    expect(ofTeam).toMatchObject({ visibility: 'team', team_id: teamId });
    const ofAll = await made(manager, { shortcut: 'all', visibility: 'organization' });
    expect(await seenBy(agent)).toEqual(['mine', 'night', 'all']);
    expect(await seenBy(colleague)).toEqual(['all']);
    expect(await seenBy(manager)).toEqual(['all']);
    for (const [reply, status] of [
      [own, 404],
      [ofTeam, 404],
      [ofAll, 200],
    ] as const) {
      expect((await ask(colleague, 'GET', `${path}/${reply['id']}`)).status).toBe(status);
      expect((await ask(agent, 'GET', `${path}/${reply['id']}`)).json).toEqual(reply);
    }
    const stranger = await enroll({ scopes: ['settings'] });
    const elsewhere = `/orgs/${stranger.organization_id}/canned_replies`;
    expect((await ask(stranger, 'GET', `${elsewhere}/${ofAll['id']}`)).status).toBe(404);
    expect((await ask(stranger, 'DELETE', `${elsewhere}/${ofAll['id']}`)).status).toBe(404);
    expect(resultsOf(await ask(stranger, 'GET', elsewhere))).toEqual([]);
  });

  it('are changed and deleted by who sees them; those of the organization need the scope settings', async () => {
    const own = await made(colleague, { shortcut: 'own' });
    const one = `${path}/${own['id']}`;
    const changed = await ask(colleague, 'PATCH', one, { message: 'Better.' });
    expect([changed.status, changed.json]).toEqual([200, { ...own, message: 'Better.', updated_at: TIME }]);
    for (const person of [agent, manager]) {
      expect((await ask(person, 'PATCH', one, { message: 'x' })).status).toBe(404);
      expect((await ask(person, 'DELETE', one)).status).toBe(404);
    }
    const ofAll = `${path}/${(await made(manager, { shortcut: 'hello', visibility: 'organization' }))['id']}`;
    for (const method of ['PATCH', 'DELETE']) {
      const refused = await ask(agent, method, ofAll, method === 'PATCH' ? { message: 'x' } : undefined);
      expect([refused.status, refused.json]).toEqual([403, { detail: 'The scope "settings" is required.' }]);
    }
    const ofTeam = await made(agent, { shortcut: 'shift', visibility: 'team', team_id: teamId });
    expect((await ask(colleague, 'DELETE', `${path}/${ofTeam['id']}`)).status).toBe(404);
    expect((await ask(agent, 'DELETE', `${path}/${ofTeam['id']}`)).status).toBe(204);
    expect((await ask(manager, 'DELETE', ofAll)).status).toBe(204);
    expect((await ask(colleague, 'DELETE', one)).status).toBe(204);
    expect((await ask(colleague, 'DELETE', one)).status).toBe(404);
  });

  it('of all teams are managed with the scope settings, and fill nobody else’s list', async () => {
    const ofTeam = await made(agent, { shortcut: 'late', visibility: 'team', team_id: teamId });
    const one = `${path}/${ofTeam['id']}`;
    const ofTeamSeenBy = (person: Person) => ask(person, 'GET', `${path}?team_id=${teamId}`);
    expect(await seenBy(manager)).not.toContain('late');
    expect(resultsOf(await ofTeamSeenBy(manager))).toContainEqual(ofTeam);
    expect(resultsOf(await ofTeamSeenBy(agent))).toContainEqual(ofTeam);
    expect((await ask(manager, 'GET', one)).json).toEqual(ofTeam);
    const changed = await ask(manager, 'PATCH', one, { message: 'Better.' });
    expect([changed.status, changed.json]).toMatchObject([
      200,
      { message: 'Better.', updated_by_user_id: manager.user_id },
    ]);
    expect((await ask(manager, 'DELETE', one)).status).toBe(204);
    const added = await made(manager, { shortcut: 'added', visibility: 'team', team_id: teamId });
    expect(await seenBy(agent)).toContain('added');
    expect((await ask(agent, 'DELETE', `${path}/${added['id']}`)).status).toBe(204);
    const refused = { team_id: ['The user is no member of such a team.'] };
    for (const person of [colleague, await enroll({ scopes: ['settings'] })]) {
      const ofOrganization = `/orgs/${person.organization_id}/canned_replies`;
      const listed = await ask(person, 'GET', `${ofOrganization}?team_id=${teamId}`);
      expect([listed.status, listed.json]).toEqual([400, refused]);
      const body = { shortcut: 'x', message: 'x', visibility: 'team', team_id: teamId };
      expect((await ask(person, 'POST', ofOrganization, body)).json).toEqual(refused);
    }
  });

  it('go with their team', async () => {
    const root = `/orgs/${manager.organization_id}/teams`;
    const team = String((await ask(manager, 'POST', root, { name: 'Short' })).json['id']);
    const ofTeam = await made(manager, { shortcut: 'short', visibility: 'team', team_id: team });
    expect((await ask(manager, 'DELETE', `${root}/${team}`)).status).toBe(204);
    expect((await ask(manager, 'GET', `${path}/${ofTeam['id']}`)).status).toBe(404);
    expect((await ask(manager, 'GET', `${path}?team_id=${team}`)).status).toBe(400);
    const left = await testEnv.DB.prepare('SELECT 1 FROM canned_replies WHERE owner_id = ?').bind(team).all();
    expect(left.results).toEqual([]);
  });

  it('go with their user, and with no other', async () => {
    const leaver = await enrollAgent(manager.organization_id);
    await made(leaver, { shortcut: 'leaving' });
    const staying = await made(agent, { shortcut: 'staying' });
    expect((await ask(manager, 'DELETE', `/orgs/${manager.organization_id}/users/${leaver.user_id}`)).status).toBe(204);
    const left = await testEnv.DB.prepare('SELECT 1 FROM canned_replies WHERE owner_id = ?').bind(leaver.user_id).all();
    expect(left.results).toEqual([]);
    expect((await ask(agent, 'GET', `${path}/${staying['id']}`)).json).toEqual(staying);
  });

  it('have each shortcut once for each of whose they are', async () => {
    const first = await made(agent, { shortcut: 'twice' });
    const again = await add(agent, { shortcut: 'TWICE' });
    const TAKEN = { shortcut: ['There is a canned reply with this shortcut already.'] };
    expect([again.status, again.json]).toEqual([400, TAKEN]);
    await made(colleague, { shortcut: 'twice' });
    const other = await made(agent, { shortcut: 'other' });
    const moved = await ask(agent, 'PATCH', `${path}/${other['id']}`, { shortcut: 'twice' });
    expect([moved.status, moved.json]).toEqual([400, TAKEN]);
    expect((await ask(agent, 'PATCH', `${path}/${first['id']}`, { shortcut: 'twice' })).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 8 }, () => add(agent, { shortcut: 'race' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(400)]);
  });

  it('take a request for a key once', async () => {
    const send = () =>
      call(`/api/v5${path}`, {
        method: 'POST',
        authorization: `Bearer ${agent.token}`,
        headers: { 'Idempotency-Key': 'canned' },
        body: { shortcut: 'keyed', message: 'x' },
      });
    const [first, second] = [await send(), await send()];
    expect([first.status, second.status, second.json]).toEqual([201, 201, first.json]);
  });

  it.each([
    ['no shortcut', {}, 'shortcut'],
    ['a shortcut with a blank', { shortcut: 'a b' }, 'shortcut'],
    ['a long shortcut', { shortcut: 'x'.repeat(51) }, 'shortcut'],
    ['no text', { shortcut: 'x', message: ' ' }, 'message'],
    ['a long text', { shortcut: 'x', message: 'x'.repeat(10_001) }, 'message'],
    ['an unknown visibility', { shortcut: 'x', visibility: 'world' }, 'visibility'],
    ['the visibility team without a team', { shortcut: 'x', visibility: 'team' }, 'team_id'],
    ['a team with another visibility', { shortcut: 'x', team_id: '0190a000-0000-7000-8000-00000000beef' }, 'team_id'],
    [
      'a team of others',
      { shortcut: 'x', visibility: 'team', team_id: '0190a000-0000-7000-8000-00000000beef' },
      'team_id',
    ],
  ])('are refused with %s', async (_, body, field) => {
    const answer = await add(agent, body);
    expect([answer.status, Object.keys(answer.json)]).toEqual([400, [field]]);
  });

  it('need the scope settings for everybody, and have a maximum', async () => {
    const refused = await add(agent, { shortcut: 'x', visibility: 'organization' });
    expect([refused.status, refused.json]).toEqual([403, { detail: 'The scope "settings" is required.' }]);
    const full = await enrollAgent(manager.organization_id);
    await testEnv.DB.prepare(
      `WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < ?1)
       INSERT INTO canned_replies (id, organization_id, visibility, owner_id, shortcut, message, updated_by_user_id,
         created_at, updated_at) SELECT ?2 || n, ?3, 'user', ?2, 'x' || n, 'x', ?2, 1, 1 FROM place`,
    )
      .bind(MOST_CANNED_REPLIES, full.user_id, manager.organization_id)
      .run();
    const answer = await add(full, { shortcut: 'more' });
    expect([answer.status, answer.json]).toEqual([409, { detail: 'There are at most 500 canned replies.' }]);
    let url: string | null = `${path}?page_size=200`;
    const seen: unknown[] = [];
    while (url !== null) {
      const page = await ask(full, 'GET', url);
      seen.push(...resultsOf(page));
      url = page.json['next'] as string | null;
    }
    expect(seen.length).toBeGreaterThan(MOST_CANNED_REPLIES);
  });
});
