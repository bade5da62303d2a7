import { beforeAll, describe, expect, it } from 'vitest';
import { newRoom } from '../../support/worker/gateway.ts';
import { ask, enrollAgent, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { type Answer, admin, enroll, type Person } from '../../support/worker/requests.ts';

const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

let owner: Person;
let bot: Person;

beforeAll(async () => {
  owner = await enroll({ scopes: ['settings'] });
  bot = await enrollAgent(owner.organization_id, { first_name: 'Bot', is_bot: true });
});

/** The collection of a new room, for the organization and for the operator. */
async function rulesOf(kind: 'tenant' | 'operator') {
  const room = await newRoom(owner.organization_id);
  const own = `/orgs/${owner.organization_id}/rooms/${room}/autosuggestions`;
  const asOperator = `/organizations/${owner.organization_id}/rooms/${room}/autosuggestions`;
  const send = (method: string, below = '', body?: Json): Promise<Answer> =>
    kind === 'tenant'
      ? ask(owner, method, `${own}${below}`, body)
      : admin(`${asOperator}${below}`, { method, ...(body && { body }) });
  return { room, send };
}

describe.each(['tenant', 'operator'] as const)('the autosuggestions of a room, by the %s', (kind) => {
  it('are created, listed in their order, shown, replaced, changed and deleted', async () => {
    const { room, send } = await rulesOf(kind);
    const rule = { url_pattern: 'https://shop.example/*', user_id: bot.user_id };
    const first = await send('POST', '', rule);
    expect([first.status, first.json]).toEqual([
      201,
      { id: UUID, room_id: room, ...rule, seconds: 0, language_code: null, created_at: TIME, updated_at: TIME },
    ]);
    const second = await send('POST', '', { ...rule, seconds: 30, language_code: 'fi' });
    expect(second.json).toMatchObject({ seconds: 30, language_code: 'fi' });
    expect(resultsOf(await send('GET'))).toEqual([first.json, second.json]);
    const page = await send('GET', '?page_size=1');
    expect([resultsOf(page), typeof page.json['next']]).toEqual([[first.json], 'string']);
    const one = `/${second.json['id']}`;
    expect((await send('GET', one)).json).toEqual(second.json);
    expect((await send('PATCH', one, { seconds: 5 })).json).toMatchObject({ seconds: 5, language_code: 'fi' });
    const put = await send('PUT', one, { ...rule, url_pattern: '*' });
    expect([put.status, put.json]).toMatchObject([200, { url_pattern: '*', seconds: 0, language_code: null }]);
    expect((await send('DELETE', one)).status).toBe(204);
    expect((await send('DELETE', one)).json).toEqual({ detail: 'Autosuggestion not found.' });
    expect(resultsOf(await send('GET'))).toEqual([first.json]);
  });

  it.each<[Json, string]>([
    [{ url_pattern: 'shop.example/*' }, 'url_pattern'],
    [{ url_pattern: '' }, 'url_pattern'],
    [{ url_pattern: `https://${'x'.repeat(2000)}` }, 'url_pattern'],
    [{ seconds: -1 }, 'seconds'],
    [{ seconds: 86_401 }, 'seconds'],
    [{ language_code: 'x'.repeat(36) }, 'language_code'],
    [{ user_id: 'ada' }, 'user_id'],
    [{ user_id: UNKNOWN }, 'user_id'],
  ])('%j is refused, and nothing is written', async (fault, field) => {
    const { send } = await rulesOf(kind);
    const rule = { url_pattern: '*', user_id: bot.user_id };
    const refused = await send('POST', '', { ...rule, ...fault });
    expect([refused.status, Object.keys(refused.json)]).toEqual([400, [field]]);
    const made = await send('POST', '', rule);
    const unchanged = await send('PATCH', `/${made.json['id']}`, fault);
    expect([unchanged.status, Object.keys(unchanged.json)]).toEqual([400, [field]]);
    expect(resultsOf(await send('GET'))).toEqual([made.json]);
  });

  it('name users of the organization only, and are 404 in an unknown or deleted room', async () => {
    const { room, send } = await rulesOf(kind);
    const stranger = await enroll();
    const foreign = await send('POST', '', { url_pattern: '*', user_id: stranger.user_id });
    expect([foreign.status, Object.keys(foreign.json)]).toEqual([400, ['user_id']]);
    const made = await send('POST', '', { url_pattern: '*', user_id: bot.user_id });
    expect((await send('PUT', `/${UNKNOWN}`, { url_pattern: '*', user_id: bot.user_id })).status).toBe(404);
    await admin(`/organizations/${owner.organization_id}/rooms/${room}`, { method: 'DELETE' });
    expect((await send('GET')).status).toBe(404);
    expect((await send('POST', '', { url_pattern: '*', user_id: bot.user_id })).status).toBe(404);
    for (const [method, body] of [['GET'], ['PATCH', { seconds: 1 }]] as [string, Json?][]) {
      expect((await send(method, `/${made.json['id']}`, body)).status).toBe(404);
    }
  });

  it('are a hundred at most', async () => {
    const { room, send } = await rulesOf(kind);
    await organizationD1
      .prepare(
        `INSERT INTO autosuggestions (id, organization_id, room_id, url_pattern, seconds, user_id, created_at, updated_at)
         SELECT printf('%04d', value), ?1, ?2, '*', 0, ?3, 0, 0 FROM (
           WITH RECURSIVE counted (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM counted WHERE value < 99)
           SELECT value FROM counted)`,
      )
      .bind(owner.organization_id, room, bot.user_id)
      .run();
    const rule = { url_pattern: '*', user_id: bot.user_id };
    const both = await Promise.all([send('POST', '', rule), send('POST', '', rule)]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect((await send('POST', '', rule)).json).toEqual({ detail: 'A room has at most 100 autosuggestions.' });
  });
});
