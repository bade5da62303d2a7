import { beforeAll, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { databasesOf, openIdentityDatabase } from '../../../src/db/database.ts';
import { purgeOldChats } from '../../../src/purges/purge-old-chats.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { ask, copiedMessages, enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { admin, type Person, testEnv } from '../../support/worker/requests.ts';

const DAY = 24 * 3_600_000;

let org: TestOrganization;
let manager: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  manager = await enrollAgent(org.organizationId, {}, ['settings']);
});

/** Runs the watchdog's sweep as it would run so many days from now. Answers how many chats it has purged. */
async function sweep(days: number): Promise<number> {
  await writeCollected(testEnv);
  const identity = openIdentityDatabase(testEnv, noCost());
  let purged = 0;
  for (const [name, copy] of databasesOf(testEnv, noCost())) {
    purged += await purgeOldChats(testEnv, { identity, copy, name }, Date.now() + days * DAY);
  }
  return purged;
}

async function keepFor(days: number | null): Promise<void> {
  const changed = await ask(manager, 'PATCH', org.organizationPath, { chat_retention_days: days });
  expect([changed.status, changed.json['chat_retention_days']]).toEqual([200, days]);
}

/** A chat with a message, ended or not. Answers its id. */
async function chatOf(of: TestOrganization, thread: string, isEnded: boolean): Promise<string> {
  const { chatId } = await of.say(thread, 'a secret');
  if (isEnded) expect((await of.close(thread)).status).toBe(200);
  return chatId;
}

const isPurged = async (chatId: string) =>
  (await copiedMessages(chatId)).every(({ facts }) => (JSON.parse(facts) as { message: null }).message === null);

describe('chat_retention_days', () => {
  it('purges the messages of chats that ended so long ago, and of no others', async () => {
    const other = await TestOrganization.open();
    const [ended, open, theirs] = [
      await chatOf(org, 'ended', true),
      await chatOf(org, 'open', false),
      await chatOf(other, 'theirs', true),
    ];
    await keepFor(30);
    expect(await sweep(29)).toBe(0);
    expect(await isPurged(ended)).toBe(false);
    expect(await sweep(31)).toBe(1);
    expect(await Promise.all([ended, open, theirs].map(isPurged))).toEqual([true, false, false]);
    // What is purged is not looked at again.
    expect(await sweep(32)).toBe(0);
    await keepFor(null);
    await org.close('open');
    expect(await sweep(40_000)).toBe(0);
  });

  it('lets nothing be written into a purged chat, which no later sweep would find', async () => {
    const { chatId, ids } = await org.say('late', 'a secret');
    await org.join(org.agent, chatId);
    const chat = `/users/${org.agent.user_id}/chats/${chatId}`;
    const suggestions = `${chat}/messages/${ids[0]}/reply_suggestions`;
    const early = await ask(org.agent, 'POST', suggestions, { suggestion: 'a secret' });
    expect(early.status).toBe(201);
    expect((await org.close('late')).status).toBe(200);
    await keepFor(1);
    expect(await sweep(2)).toBeGreaterThanOrEqual(1);
    const late = { suggestion: 'a late secret' };
    for (const [method, path, body] of [
      ['POST', suggestions, late],
      ['PUT', `${suggestions}/${early.json['id']}`, late],
      ['PATCH', `${suggestions}/${early.json['id']}`, late],
      ['POST', `${chat}/tags`, { name: 'a late secret' }],
    ] as const) {
      const refused = await ask(org.agent, method, path, body);
      expect([method, refused.status, refused.json]).toEqual([method, 409, { detail: 'The chat was purged.' }]);
    }
    await keepFor(null);
  });

  it('purges several chats in a run', async () => {
    const chats: string[] = [];
    for (const place of [1, 2, 3]) chats.push(await chatOf(org, `many-${place}`, true));
    await keepFor(1);
    expect(await sweep(2)).toBeGreaterThanOrEqual(3);
    expect(await Promise.all(chats.map(isPurged))).toEqual([true, true, true]);
    await keepFor(null);
  });

  it('is set by the operator too, and refuses what is no number of days', async () => {
    const path = `/organizations/${org.organizationId}`;
    const changed = await admin(path, { method: 'PATCH', body: { chat_retention_days: 90 } });
    expect([changed.status, changed.json['chat_retention_days']]).toEqual([200, 90]);
    expect((await admin(path, { method: 'PATCH', body: { name: 'x' } })).json).toMatchObject({
      chat_retention_days: 90,
    });
    await keepFor(null);
    for (const days of [0, -1, 1.5, 'a week', 36_501]) {
      const refused = await ask(manager, 'PATCH', org.organizationPath, { chat_retention_days: days });
      expect([days, refused.status, Object.keys(refused.json)]).toEqual([days, 400, ['chat_retention_days']]);
    }
  });
});
