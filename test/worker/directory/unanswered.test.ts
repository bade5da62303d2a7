import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { arrive, ask, enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { admin, type Person, testEnv } from '../../support/worker/requests.ts';
import {
  DAY,
  endChat,
  isThere,
  objectOf,
  storedIn,
  sweepThreads,
  sweepUntilGone,
  sweepVisitors,
  tablesWith,
  threadOf,
  unanswered,
} from '../../support/worker/unanswered.ts';
import { Site, visit } from '../../support/worker/visitor-site.ts';

let org: TestOrganization;
let site: Site;
let manager: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  site = await Site.at(org);
  manager = await enrollAgent(org.organizationId, {}, ['settings']);
});

async function keepFor(days: number | null): Promise<void> {
  const changed = await ask(manager, 'PATCH', org.organizationPath, { unanswered_retention_days: days });
  expect([changed.status, changed.json['unanswered_retention_days']]).toEqual([200, days]);
}

describe('a thread that no user has answered', () => {
  it('goes with everything of its visitor, a week after its chat has ended', async () => {
    const canary = `canary-${crypto.randomUUID()}`;
    const visitor = await site.visitor({ current_page_title: canary, user_agent: canary });
    await visit(visitor.token, 'PATCH', `${site.room}/visitors/${visitor.id}`, { current_page_title: canary });
    await site.setVariable(visitor, 'username', `${canary} Jane`);
    await site.setVariable(visitor, canary, canary);
    const live = await LiveClient.ofUser(site.integrator);
    await live.subscribe([`/api/v5/orgs/${org.organizationId}/owned_chats/*/messages`]);
    const first = await site.chat(visitor);
    await site.say(visitor, first, `${canary} hello`);
    await endChat(site, first);
    const chatId = await site.chat(visitor);
    for (const text of ['is', 'anybody', 'there']) await site.say(visitor, chatId, `${canary} ${text}`);
    await endChat(site, chatId);
    expect(chatId).not.toBe(first);
    expect(await tablesWith(canary, visitor.id)).toEqual(
      expect.arrayContaining(['chats', 'members', 'messages', 'threads', 'visitor_variables', 'visitors']),
    );

    expect(await sweepThreads(site, 6)).toBe(0);
    expect(await isThere(site, chatId)).toBe(true);
    await sweepUntilGone(site);
    expect(await isThere(site, chatId)).toBe(false);
    expect(await tablesWith(canary, visitor.id)).toEqual(['visitor_variables', 'visitors']);
    expect(await sweepVisitors(site)).toBe(1);
    expect(await tablesWith(canary, visitor.id, threadOf(site, visitor))).toEqual([]);
    const left = await storedIn(objectOf(site, visitor));
    expect(Object.keys(left)).toEqual(['removed']);
    expect(await storedIn(env.USERS.getByName(`visitor/${visitor.id}`))).toEqual({});
    expect(await runInDurableObject(objectOf(site, visitor), (_, { storage }) => storage.getAlarm())).toBeNull();
    const hub = env.LIVE.getByName(`organization/${org.organizationId}`);
    expect(JSON.stringify(await storedIn(hub))).not.toContain(canary);
    live.close();
    // Nothing is left to do.
    expect(await sweepThreads(site)).toBe(0);
  });

  it('is told to those who ask for purges, before it goes', async () => {
    const other = await Site.open();
    const { installation } = await installedApp(other.integrator, ['/orgs/{organization_id}/owned_chats/*/purges']);
    const visitor = await other.visitor();
    const chatId = await other.chat(visitor);
    await other.say(visitor, chatId, 'hello?');
    await endChat(other, chatId);
    expect(await sweepThreads(site)).toBe(0);
    const told = (await acceptedFor(chatId, installation)).map(({ body }) => body.resource);
    expect(told).toMatchObject([{ type: 'visitor_purged', chat_id: chatId, visitor_id: visitor.id }]);
    // The webhook is pending: the object stays for it.
    expect(await isThere(other, chatId)).toBe(true);
    await runInDurableObject(objectOf(other, visitor), (_, { storage: { sql } }) => {
      sql.exec(`UPDATE deliveries SET status = 'delivered'`);
    });
    await sweepUntilGone(site);
    const { lanes, deliveries, webhook_contents } = await storedIn(objectOf(other, visitor));
    expect([lanes?.length, deliveries, webhook_contents]).toEqual([1, [], []]);
  });

  it('stays while a chat is open, and when it ended less long ago', async () => {
    const visitor = await site.visitor();
    const first = await site.chat(visitor);
    await site.say(visitor, first, 'hello?');
    await endChat(site, first);
    const second = await site.chat(visitor);
    expect(await sweepThreads(site)).toBe(0);
    expect(await isThere(site, first)).toBe(true);
    await endChat(site, second);
    expect(await sweepThreads(site, 6)).toBe(0);
    await sweepUntilGone(site);
    expect([await isThere(site, first), await isThere(site, second)]).toEqual([false, false]);
  });

  it('stays for ever where a user has taken part, in whichever of its chats', async () => {
    const [early, late, joined] = [await unanswered(site), await unanswered(site), await site.visitor()];
    // An earlier chat was answered.
    const later = await site.chat(early.visitor);
    await site.answerBy(site.agent, later, 'hello');
    await endChat(site, later);
    const last = await site.chat(early.visitor);
    await endChat(site, last);
    // A later one was.
    const answered = await site.chat(late.visitor);
    await site.answerBy(site.agent, answered, 'hello');
    await endChat(site, answered);
    // Somebody came, wrote nothing, and left.
    const left = await site.chat(joined);
    await site.answerBy(site.agent, left, null);
    await ask(site.agent, 'PATCH', `/users/${site.agent.user_id}/chats/${left}/memberships/${site.agent.user_id}`, {
      is_participating: false,
    });
    await endChat(site, left);
    expect(await sweepThreads(site)).toBe(0);
    const all = [early.chatId, later, last, late.chatId, answered, left];
    expect(await Promise.all(all.map((id) => isThere(site, id)))).toEqual(all.map(() => true));
    expect(await markedOf(org.organizationId)).toEqual([]);
  });

  it('goes although a user was a member who only read along', async () => {
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    await arrive(site.agent);
    const silent = await ask(site.agent, 'POST', `/users/${site.agent.user_id}/routed_chats/${chatId}/memberships`, {
      is_participating: false,
      composing_status: 'idle',
    });
    expect(silent.status).toBeLessThan(300);
    await endChat(site, chatId);
    await sweepUntilGone(site);
    expect(await tablesWith(chatId)).toEqual([]);
  });

  it('stays when it is a channel’s', async () => {
    const { chatId } = await org.say('unanswered', 'hello?');
    await org.close('unanswered');
    expect(await sweepThreads(site, 40_000)).toBe(0);
    expect(await isThere(site, chatId)).toBe(true);
  });

  it('leaves the visitor alone who has another thread', async () => {
    const { visitor, chatId } = await unanswered(site);
    await site.setVariable(visitor, 'username', 'Jane');
    const theirs = await org.say('another', 'hello');
    await writeCollected(testEnv);
    const give = organizationD1.prepare('UPDATE chats SET visitor_id = ? WHERE id = ?');
    await give.bind(visitor.id, theirs.chatId).run();
    await sweepUntilGone(site);
    expect([await isThere(site, chatId), await isThere(site, theirs.chatId)]).toEqual([false, true]);
    await sweepVisitors(site, 40_000);
    expect(await tablesWith(visitor.id)).toEqual(expect.arrayContaining(['visitor_variables', 'visitors']));
  });
});

describe('a visitor who has no chat', () => {
  it('goes with their variables, a week after they have left', async () => {
    await sweepVisitors(site, 40_000);
    const [visitor, other] = [await site.visitor(), await site.visitor()];
    for (const each of [visitor, other]) await site.setVariable(each, 'username', 'Jane');
    const object = env.USERS.getByName(`visitor/${visitor.id}`);
    const chatId = await site.chat(other);
    await site.answerBy(site.agent, chatId, 'hello');
    await writeCollected(testEnv);
    expect(await sweepVisitors(site, 6)).toBe(0);
    expect(await tablesWith(visitor.id)).toEqual(['visitor_variables', 'visitors']);
    expect(await sweepVisitors(site, 8)).toBe(1);
    expect(await tablesWith(visitor.id)).toEqual([]);
    expect(await storedIn(object)).toEqual({});
    expect(await tablesWith(other.id)).toEqual(expect.arrayContaining(['visitor_variables', 'visitors']));
  });

  it('stays when they have come again, or got a variable since', async () => {
    const [again, named] = [await site.visitor(), await site.visitor()];
    for (const each of [again, named]) await site.setVariable(each, 'city', 'Delft');
    // They left ten days ago.
    const long = Date.now() - 10 * DAY;
    await organizationD1.prepare('UPDATE visitor_variables SET at = ? WHERE visitor_id = ?').bind(long, again.id).run();
    const left = organizationD1.prepare('UPDATE visitors SET left_at = ?, present_until = ? WHERE id = ?');
    await left.bind(long, null, again.id).run();
    await left.bind(long, null, named.id).run();
    expect((await visit(again.token, 'POST', `${site.room}/visitors`, { id: again.id })).status).toBeLessThan(300);
    expect(await sweepVisitors(site, 0)).toBe(0);
    expect(await tablesWith(again.id)).toEqual(['visitor_variables', 'visitors']);
    expect(await tablesWith(named.id)).toEqual(['visitor_variables', 'visitors']);
    // A week later nobody has seen either of them.
    expect(await sweepVisitors(site, 8)).toBe(2);
  });
});

/** The chats at which the sweep looks. */
async function markedOf(organizationId: string): Promise<string[]> {
  const { results } = await organizationD1
    .prepare(
      `SELECT id FROM chats WHERE organization_id = ? AND is_ended = 1 AND facts ->> '$.is_unanswered' IS NOT NULL`,
    )
    .bind(organizationId)
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}

describe('unanswered_retention_days', () => {
  it('is a week unless the organization or the operator says otherwise; null keeps all', async () => {
    const other = await Site.open();
    const path = `/organizations/${other.organizationId}`;
    expect((await admin(path, { method: 'GET' })).json).toMatchObject({ unanswered_retention_days: 7 });
    const { chatId } = await unanswered(other);
    const own = await unanswered(site);
    const changed = await admin(path, { method: 'PATCH', body: { unanswered_retention_days: null } });
    expect([changed.status, changed.json['unanswered_retention_days']]).toEqual([200, null]);
    await keepFor(30);
    expect(await sweepThreads(site, 29)).toBe(0);
    expect(await sweepThreads(site, 31)).toBe(1);
    expect([await isThere(other, chatId), await isThere(site, own.chatId)]).toEqual([true, false]);
    await admin(path, { method: 'PATCH', body: { unanswered_retention_days: 60 } });
    expect(await sweepThreads(site, 61)).toBe(1);
    await keepFor(7);
  });

  it('refuses what is no number of days', async () => {
    for (const days of [0, -1, 1.5, 'a week', 36_501]) {
      const refused = await ask(manager, 'PATCH', org.organizationPath, { unanswered_retention_days: days });
      expect([days, refused.status, Object.keys(refused.json)]).toEqual([days, 400, ['unanswered_retention_days']]);
    }
  });
});
