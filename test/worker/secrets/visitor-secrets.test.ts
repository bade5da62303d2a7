import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { MAX_REVOCATIONS, revokeVisitor } from '../../../src/directory/revoked-visitors.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { ask } from '../../support/worker/organization.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { admin, testEnv } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;
let visitor: Visitor;
let other: Visitor;

beforeEach(async () => {
  site = await Site.open();
  visitor = await authenticate(site.organizationId);
  other = await authenticate(site.organizationId);
});
afterEach(() => {
  vi.useRealTimers();
});

const pathOf = (id: string, organizationId = site.organizationId) => `/orgs/${organizationId}/visitor_secrets/${id}`;
const revoke = (id = visitor.id) => ask(site.integrator, 'DELETE', pathOf(id));
const resume = ({ secret }: Visitor, organizationId = site.organizationId) =>
  visit(null, 'POST', `/orgs/${organizationId}/auth`, { visitor_secret_id: secret });
const chatsOf = (of: Visitor, env: Partial<Env> = {}) =>
  visit(of.token, 'GET', `/visitors/${of.id}/chats`, undefined, { env });

describe('a revoked secret of a visitor', () => {
  it('opens nothing any more, and ends the tokens that it has given; other visitors go on', async () => {
    expect((await chatsOf(visitor)).status).toBe(200);
    expect((await revoke()).status).toBe(204);
    const refused = await resume(visitor);
    expect([refused.status, refused.json]).toEqual([400, { visitor_secret_id: ['Unknown visitor secret.'] }]);
    expect((await chatsOf(visitor)).status).toBe(401);
    expect([(await resume(other)).status, (await chatsOf(other)).status]).toEqual([200, 200]);
  });

  it('stays revoked for ever, and its tokens are not asked for any longer than they can live', async () => {
    setClock(Date.now());
    await revoke();
    passTime(366 * 86_400_000);
    expect((await resume(visitor)).status).toBe(400);
    expect((await resume(other)).status).toBe(200);
  });

  it('counts in an isolate that has a copy of the organization within AUTH_CACHE_SECONDS, and at once for new tokens', async () => {
    setClock(Date.now());
    const cached = { AUTH_CACHE_SECONDS: '30' };
    expect((await chatsOf(visitor, cached)).status).toBe(200);
    // In another isolate: nothing is purged here.
    await revokeVisitor(firstDatabase(noCost()), site.organizationId, visitor.id, Date.now());
    expect((await resume(visitor)).status).toBe(400);
    passTime(31_000);
    expect((await chatsOf(visitor, cached)).status).toBe(401);
    expect((await chatsOf(other, cached)).status).toBe(200);
  });

  it('costs a request with a token no further trip to D1', async () => {
    const env = { AUTH_CACHE_SECONDS: '0', SERVER_TIMING: '1' };
    const tripsOf = async () =>
      /d1;desc="trips=(\d+)/.exec((await chatsOf(other, env)).headers.get('Server-Timing') ?? '')?.[1];
    const before = await tripsOf();
    await revoke();
    expect([before, await tripsOf()]).toEqual([expect.any(String), before]);
  });

  it('is that of one organization', async () => {
    const foreign = await Site.open();
    const theirs = await ask(foreign.integrator, 'DELETE', pathOf(visitor.id));
    expect(theirs.status).toBe(403);
    expect((await ask(foreign.integrator, 'DELETE', pathOf(visitor.id, foreign.organizationId))).status).toBe(204);
    expect([(await resume(visitor)).status, (await chatsOf(visitor)).status]).toEqual([200, 200]);
  });

  it('can be revoked again, by the operator too, and under the id in upper case', async () => {
    const path = `/organizations/${site.organizationId}/visitor_secrets/${visitor.id.toUpperCase()}`;
    for (let time = 0; time < 2; time++) expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect((await revoke()).status).toBe(204);
    expect((await resume(visitor)).status).toBe(400);
  });

  it('is not revoked by a user without the scope, or under an id that is none', async () => {
    expect((await ask(site.agent, 'DELETE', pathOf(visitor.id))).status).toBe(403);
    for (const id of ['x', `${visitor.id}0`, crypto.randomUUID()]) {
      const answer = await revoke(id);
      expect([answer.status, answer.json]).toEqual([404, { detail: 'Visitor not found.' }]);
    }
    expect((await resume(visitor)).status).toBe(200);
  });

  it('is one of at most 1,000 in half an hour, since every request of a visitor goes by their list', async () => {
    setClock(Date.now());
    await testEnv.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       INSERT INTO revoked_visitors SELECT ?2, printf('%032x', i), ?3 FROM n`,
    )
      .bind(MAX_REVOCATIONS, site.organizationId, Date.now())
      .run();
    const answer = await revoke();
    expect([answer.status, answer.json]).toEqual([409, { detail: expect.stringContaining('at most 1,000') }]);
    expect((await resume(visitor)).status).toBe(200);
    // What is revoked already is no further one.
    expect((await revoke('1'.padStart(32, '0'))).status).toBe(204);
    passTime(32 * 60_000);
    expect((await revoke()).status).toBe(204);
  });

  it('ends the sockets of the visitor', async () => {
    setClock(Date.now());
    const messages = `/api/v5/public/visitors/${visitor.id}/chats/*/messages`;
    const thread = PublishingThread.ofVisitor(visitor.id, site.organizationId);
    const client = await LiveClient.ofVisitor(visitor);
    await client.subscribe([messages]);
    await thread.say('told');
    expect(await client.next('notifications')).toBeTruthy();
    await revoke();
    passTime(31_000);
    await thread.say('not told');
    expect((await client.closed).code).toBe(4401);
    expect(client.frames.filter((frame) => JSON.stringify(frame).includes('not told'))).toEqual([]);
  });
});
