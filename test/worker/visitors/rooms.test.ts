import { beforeAll, describe, expect, it } from 'vitest';
import { newRoom } from '../../support/worker/gateway.ts';
import { arrive, ask, enrollAgent, leave, resultsOf, TestOrganization } from '../../support/worker/organization.ts';
import { addRouter, addTeam, shareRoom } from '../../support/worker/organization-setup.ts';
import { admin } from '../../support/worker/requests.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;
let visitor: Visitor;

beforeAll(async () => {
  site = await Site.open();
  visitor = await site.visitor();
});

const get = (path: string, token = visitor.token) => visit(token, 'GET', path);

describe('a room, as a visitor sees it', () => {
  it('shows its name for visitors and whether a user is online', async () => {
    await site.setRoom({ name: 'Internal', display_name: 'Support', language_code: 'fi' });
    const shown = { id: site.roomId, display_name: 'Support', language_code: 'fi', is_open: true, brand: null };
    const offline = await get(site.room);
    expect([offline.status, offline.json]).toEqual([200, { ...shown, is_online: false }]);
    await arrive(site.agent);
    expect((await get(site.room)).json).toEqual({ ...shown, is_online: true });
    await leave(site.agent);
    expect((await get(site.room)).json).toMatchObject({ is_online: false });
  });

  it('has no brand', async () => {
    const answer = await get(`${site.room}/brand`);
    expect([answer.status, answer.json]).toEqual([404, { detail: 'The room has no brand.' }]);
  });

  it('is 404 when it is deleted, unknown or of another organization', async () => {
    const other = await Site.open();
    const gone = await newRoom(site.organizationId);
    await admin(`/organizations/${site.organizationId}/rooms/${gone}`, { method: 'DELETE' });
    for (const room of [other.roomId, gone, '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      for (const below of ['', '/brand', '/online_users']) {
        const answer = await get(`/orgs/${site.organizationId}/rooms/${room}${below}`);
        expect([below, answer.status, answer.json]).toEqual([below, 404, { detail: expect.any(String) }]);
      }
    }
  });
});

describe('the users online in a room', () => {
  it('are shown only by their public names', async () => {
    const own = await Site.open();
    const caller = await own.visitor();
    const plain = await enrollAgent(own.organizationId, { first_name: 'Edsger', last_name: 'Dijkstra' });
    await enrollAgent(own.organizationId, { first_name: 'Absent' });
    for (const person of [own.agent, plain]) await arrive(person);
    const answer = await get(`${own.room}/online_users`, caller.token);
    expect([answer.status, resultsOf(answer)]).toEqual([
      200,
      expect.arrayContaining([
        { id: own.agent.user_id, public_name: 'Amazing Grace', avatar: null },
        { id: plain.user_id, public_name: 'Edsger Dijkstra', avatar: null },
      ]),
    ]);
    expect(resultsOf(answer)).toHaveLength(2);
    expect(answer.text).not.toContain('Hopper');

    const first = await get(`${own.room}/online_users?page_size=1`, caller.token);
    const second = await get(String(first.json['next']).replace(/^.*\/public/, ''), caller.token);
    expect([...resultsOf(first), ...resultsOf(second)]).toEqual(resultsOf(answer));
    expect((await get(`${own.room}/online_users?cursor=x`, caller.token)).status).toBe(400);

    const hidden = await ask(plain, 'PATCH', `/orgs/${own.organizationId}/users/${plain.user_id}`, {
      is_online_enabled: false,
    });
    expect(hidden.status).toBe(200);
    expect(resultsOf(await get(`${own.room}/online_users`, caller.token))).toHaveLength(1);
  });

  it('are those that its routers reach: named users, teams and partners', async () => {
    const own = await TestOrganization.open();
    const partner = await TestOrganization.open();
    const stranger = await TestOrganization.open();
    const roomId = own.gateway.roomId;
    const place = await Site.at(own);
    const caller = await place.visitor();
    const teamMate = await enrollAgent(own.organizationId, { first_name: 'Mate' });
    const team = await addTeam(own, 'Sales', [teamMate]);
    for (const person of [own.agent, own.bot, teamMate, partner.agent, stranger.agent]) await arrive(person);
    const online = async () => resultsOf(await get(`${place.room}/online_users`, caller.token)).map(({ id }) => id);
    expect(new Set(await online())).toEqual(new Set([own.agent.user_id, own.bot.user_id, teamMate.user_id]));

    await own.withoutRouters();
    expect(new Set(await online())).toEqual(new Set([own.agent.user_id, teamMate.user_id]));

    await shareRoom(own, roomId, partner);
    await addRouter(
      own,
      [roomId],
      [
        { kind: 'user', id: own.bot.user_id },
        { kind: 'team', id: team },
        { kind: 'organization', id: partner.organizationId },
      ],
    );
    expect(new Set(await online())).toEqual(new Set([own.bot.user_id, teamMate.user_id, partner.agent.user_id]));
  });
});
