import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, expect, it } from 'vitest';
import { type ThreadEvent, upcastEvent } from '../../../src/domain/events.ts';
import { transitionsOf } from '../../../src/domain/evolve.ts';
import { emptyThread } from '../../../src/domain/state.ts';
import { KINDS, notificationsOf, type ThreadUpdate, type View } from '../../../src/notifications/notifications.ts';
import { lastEventBefore, replayUpdates } from '../../../src/thread/live/replay-updates.ts';
import { liveThrough } from '../../support/worker/rich-history.ts';

let threads: string[];

beforeAll(async () => {
  threads = await liveThrough();
});

function inThread(name: string, check: (sql: SqlStorage, log: ThreadEvent[]) => void): Promise<void> {
  return runInDurableObject(env.THREADS.getByName(name), (_, { storage: { sql } }) => {
    const rows = sql.exec<{ event: string }>('SELECT event FROM events ORDER BY seq').toArray();
    check(
      sql,
      rows.map(({ event }) => upcastEvent(JSON.parse(event) as { v: number })),
    );
  });
}

/** All updates replayed after a checkpoint, a few events at a time. */
function replayAll(sql: SqlStorage, view: View, after: number, last: number): ThreadUpdate[] {
  const updates: ThreadUpdate[] = [];
  for (let checkpoint = after; checkpoint < last; ) {
    const { entries, upto } = replayUpdates(sql, view, checkpoint, 3);
    expect(upto).toBeGreaterThan(checkpoint);
    updates.push(...entries);
    checkpoint = upto;
  }
  return updates;
}

it.each<View>(['organization', 'visitor'])(
  'the updates that are replayed for the hub of an %s from any position are those of the whole log',
  async (view) => {
    for (const name of threads) {
      await inThread(name, (sql, log) => {
        const last = log.at(-1)?.seq ?? 0;
        expect(last).toBeGreaterThan(5);
        const all = transitionsOf(emptyThread(name), log).map((step) => notificationsOf(step, view, KINDS));
        const updates = all.filter(({ notifications }) => notifications.length > 0);
        for (let after = 0; after <= last; after += 1) {
          expect(replayAll(sql, view, after, last)).toEqual(updates.filter(({ seq }) => seq > after));
        }
      });
    }
  },
);

it('the last event before a time is found in the whole log', async () => {
  for (const name of threads) {
    await inThread(name, (sql, log) => {
      const last = log.at(-1)?.seq ?? 0;
      const times = [0, ...log.flatMap(({ at }) => [at, at + 1])];
      for (const time of times) {
        expect(lastEventBefore(sql, last, time)).toBe(log.findLast(({ at }) => at < time)?.seq ?? 0);
      }
    });
  }
});
