import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultStep, onFault } from '../../../src/platform/faults.ts';
import { removeUnansweredThreads } from '../../../src/purges/remove-unanswered-threads.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import type { Json } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { testEnv } from '../../support/worker/requests.ts';
import {
  DAY,
  databaseOf,
  endChat,
  isThere,
  objectOf,
  storedIn,
  sweepThreads,
  sweepUntilGone,
  tablesWith,
  threadOf,
  unanswered,
} from '../../support/worker/unanswered.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterEach(() => onFault(null));

describe('a thread that begins again', () => {
  it('goes on with its numbers, so nobody takes what is new for old', async () => {
    const other = await Site.open();
    const pattern = '/orgs/{organization_id}/owned_chats/*/messages';
    const { installation } = await installedApp(other.integrator, [pattern]);
    const live = await LiveClient.ofUser(other.integrator);
    await live.subscribe([`/api/v5/orgs/${other.organizationId}/owned_chats/*/messages`]);
    const { visitor, chatId } = await unanswered(other);
    const [old] = await acceptedFor(chatId, installation);
    await live.next('notifications');
    await runInDurableObject(objectOf(other, visitor), (_, { storage: { sql } }) => {
      sql.exec(`UPDATE deliveries SET status = 'delivered'`);
    });
    await sweepUntilGone(site);
    const [removed] = (await storedIn(objectOf(other, visitor)))['removed'] ?? [];
    // Nothing is there to copy.
    expect(await threadStub(testEnv, threadOf(other, visitor)).rebuild({ v: 1 })).toEqual({ ok: true });

    const again = await other.chat(visitor);
    expect(again).not.toBe(chatId);
    expect((await other.say(visitor, again, 'me again')).status).toBe(201);
    const { events = [], thread } = await storedIn(objectOf(other, visitor));
    expect(events[0]?.['seq']).toBe(Number(removed?.['seq']) + 1);
    expect(Number(thread?.[0]?.['acknowledged_seq'])).toBeGreaterThanOrEqual(Number(removed?.['seq']));
    const [webhook] = await acceptedFor(again, installation);
    expect(webhook?.body).toMatchObject({ resource: { message: 'me again' }, prev_seq: old?.seq });
    const told = await live.next('notifications');
    expect(JSON.stringify(told)).toContain('me again');
    live.close();
    // The copy has it, and a rebuild brings the same.
    await writeCollected(testEnv);
    const listed = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats`);
    expect((listed.json['results'] as Json[]).map(({ id }) => id)).toEqual([again]);
    const copied = () => organizationD1.prepare('SELECT * FROM chats WHERE id = ?').bind(again).first();
    const before = await copied();
    expect(before).toMatchObject({ is_ended: 0, thread: threadOf(other, visitor) });
    expect(await threadStub(testEnv, threadOf(other, visitor)).rebuild({ v: 1 })).toEqual({ ok: true });
    expect(await copied()).toEqual(before);
    expect((await other.answerBy(other.agent, again, 'at last'))['message']).toBe('at last');
    await endChat(other, again);
    expect(await sweepThreads(site, 40_000)).toBe(0);
    expect(await isThere(other, again)).toBe(true);
  });

  it('begins while D1 still has the chat that is gone, and only that goes', async () => {
    const { visitor, chatId } = await unanswered(site);
    await removeFromObject(visitor, chatId);
    // The copy stays for a minute: something of it may still be under way. The sweep runs as of eight days from now.
    await setRemovedAt(visitor, Date.now() + 8 * DAY);
    expect(await sweepThreads(site)).toBe(0);
    expect(await isListed(chatId)).toBe(true);
    await setRemovedAt(visitor, 0);
    const again = await site.chat(visitor);
    expect(again).not.toBe(chatId);
    await site.say(visitor, again, 'me again');
    expect(await sweepThreads(site)).toBe(1);
    expect([await isListed(chatId), await isListed(again)]).toEqual([false, true]);
    const messages = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${again}/messages`);
    expect((messages.json['results'] as Json[]).map(({ message }) => message)).toEqual(['me again']);
    expect(await registered(visitor)).toEqual([{ current_chat_id: again }]);
    // It is removed again, when its time has come.
    await endChat(site, again);
    await sweepUntilGone(site);
    expect(await tablesWith(again)).toEqual([]);
  });
});

/** Removes a thread from its object. D1 still has it. */
async function removeFromObject(visitor: Visitor, chatId: string): Promise<void> {
  await writeCollected(testEnv);
  const row = await organizationD1.prepare('SELECT seq FROM chats WHERE id = ?').bind(chatId).first<{ seq: number }>();
  const about = {
    organization_id: site.organizationId,
    chat_id: chatId,
    seq: row?.seq ?? 0,
    covers: 'visitor',
  } as const;
  await eventually(async () => {
    const stub = threadStub(testEnv, threadOf(site, visitor));
    const removal = await stub.removeUnanswered({ v: 1, ...about, before: Date.now() + DAY });
    expect(removal).toMatchObject({ ok: true, answer: { state: 'removed' } });
  });
}

/** Sets when a thread was removed from its object (ms). */
async function setRemovedAt(visitor: Visitor, at: number): Promise<void> {
  await runInDurableObject(objectOf(site, visitor), (_, { storage: { sql } }) => {
    sql.exec('UPDATE removed SET at = ?', at);
  });
}

const isListed = async (chatId: string) => {
  await writeCollected(testEnv);
  return (await organizationD1.prepare('SELECT 1 FROM chats WHERE id = ?').bind(chatId).first()) !== null;
};

async function registered(visitor: Visitor): Promise<unknown[]> {
  const sql = 'SELECT current_chat_id FROM threads WHERE id = ?';
  return (await organizationD1.prepare(sql).bind(threadOf(site, visitor)).all()).results;
}

describe('a message that arrives', () => {
  it('before the thread goes keeps it, also between the purge and the removal', async () => {
    const { visitor, chatId } = await unanswered(site);
    let again = '';
    onFault((step) => {
      if (step !== 'before a removal') return;
      throw new Error('not yet');
    });
    expect(await sweepThreads(site)).toBe(0);
    onFault(null);
    again = await site.chat(visitor);
    expect((await site.say(visitor, again, 'me again')).status).toBe(201);
    expect(await sweepThreads(site)).toBe(0);
    expect([await isThere(site, chatId), await isThere(site, again)]).toEqual([true, true]);
    const messages = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${again}/messages`);
    expect((messages.json['results'] as Json[]).map(({ message }) => message)).toEqual(['me again']);
    expect((await site.ownedChat(again))['is_ended']).toBe(false);
    await endChat(site, again);
    await sweepUntilGone(site);
  });
});

describe('a chat that begins during the purge', () => {
  it('is no part of it, whoever goes on with the purge', async () => {
    const { visitor, chatId } = await unanswered(site);
    onFault((step) => {
      if (step === 'before a step of a purge') throw new Error('not yet');
    });
    expect(await sweepThreads(site)).toBe(0);
    const again = await site.chat(visitor);
    expect((await site.say(visitor, again, 'me again')).status).toBe(201);
    onFault(null);
    await eventually(async () => {
      await runDurableObjectAlarm(objectOf(site, visitor));
      expect((await storedIn(objectOf(site, visitor)))['purges']).toMatchObject([{ finished_at: expect.any(Number) }]);
    });
    const texts = async (id: string) => {
      const { json } = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${id}/messages`);
      return (json['results'] as Json[]).map(({ message }) => message);
    };
    expect([await texts(chatId), await texts(again)]).toEqual([[null], ['me again']]);
    expect((await site.ownedChat(again))['is_ended']).toBe(false);
  });
});

describe('a crash', () => {
  const steps: FaultStep[] = ['before a step of a purge', 'before a removal', 'after a removal'];
  it.each(steps)('%s leaves nothing behind', async (at) => {
    const { visitor, chatId } = await unanswered(site);
    let crashes = 0;
    onFault((step, crash) => {
      if (step !== at || crashes > 0) return;
      crashes += 1;
      crash();
    });
    await sweepUntilGone(site);
    expect(crashes).toBe(1);
    expect(await tablesWith(chatId)).toEqual([]);
    expect(Object.keys(await storedIn(objectOf(site, visitor)))).toEqual(['removed']);
  });

  it('between any two steps of deleting the copy leaves nothing behind', async () => {
    const { chatId, visitor } = await unanswered(site);
    const { identity, name, copy } = await databaseOf(site);
    for (let allowed = 0, isGone = false; !isGone; allowed += 1) {
      let written = 0;
      const failing = {
        ...copy,
        run: (sql: string, ...parameters: unknown[]) => {
          if (written >= allowed) throw new Error('crashed');
          written += 1;
          return copy.run(sql, ...parameters);
        },
        batch: (statements: Parameters<typeof copy.batch>[0]) => {
          if (written >= allowed) throw new Error('crashed');
          written += 1;
          return copy.batch(statements);
        },
      };
      await writeCollected(testEnv);
      const now = Date.now() + 8 * DAY;
      isGone = (await removeUnansweredThreads(testEnv, { identity, copy: failing, name }, now)) === 1;
      expect(allowed).toBeLessThan(30);
    }
    expect(await tablesWith(chatId)).toEqual([]);
    expect(Object.keys(await storedIn(objectOf(site, visitor)))).toEqual(['removed']);
  });
});
