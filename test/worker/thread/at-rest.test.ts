import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { executeCommand } from '../../../src/api/execute-command.ts';
import { noCost } from '../../../src/db/cost.ts';
import { type Command, newCommandId, type PostVisitorMessage } from '../../../src/domain/commands.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { Timers } from '../../../src/platform/timers.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { replaceProjector } from '../../support/worker/projector.ts';
import { alarmOf, type CommandBody, execute, newVisitorChat } from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Opened = Awaited<ReturnType<typeof newVisitorChat>>;

const objectOf = ({ thread }: Opened) => env.THREADS.getByName(thread);
const says = ({ chat_id, visitor_id }: Opened, message: string) =>
  ({
    type: 'post_visitor_message',
    chat_id,
    visitor_id,
    content: { type: 'msg', message },
  }) as const satisfies CommandBody;

/** Sends a command as the Worker does, which brings its batch to D1 and acknowledges it. */
async function send(opened: Opened, body: Omit<PostVisitorMessage, 'v' | 'command_id'>): Promise<void> {
  const command: Command = { v: 1, command_id: newCommandId(), ...body };
  expect((await executeCommand(env, noCost(), opened.thread, command)).ok).toBe(true);
}

/** Counts the calls of the thread's object from now on, until it is evicted. */
async function countCalls(opened: Opened, calls = { projector: 0, hub: 0, user: 0 }) {
  await runInDurableObject(objectOf(opened), (instance) => {
    const inside = (instance as unknown as { env: Env }).env;
    const count = (namespace: DurableObjectNamespace, name: keyof typeof calls) => {
      const getByName = namespace.getByName.bind(namespace);
      vi.spyOn(namespace, 'getByName').mockImplementation((id) => {
        calls[name] += 1;
        return getByName(id);
      });
    };
    count(inside.PROJECTORS as unknown as DurableObjectNamespace, 'projector');
    count(inside.LIVE as unknown as DurableObjectNamespace, 'hub');
    count(inside.USERS as unknown as DurableObjectNamespace, 'user');
  });
  return calls;
}

/** How far D1 and hubs are, as stored. */
function marksOf(opened: Opened): Promise<{ acknowledged: number; last: number; hubs: number[]; watches: number }> {
  return runInDurableObject(objectOf(opened), (_, { storage: { sql } }) => {
    const one = (query: string) => Number(Object.values(sql.exec(query).one())[0]);
    const has = (table: string) => one(`SELECT count(*) FROM sqlite_master WHERE name = '${table}'`) > 0;
    const hubs = has('hub_marks') ? sql.exec<{ seq: number }>('SELECT seq FROM hub_marks').toArray() : [];
    return {
      acknowledged: one('SELECT acknowledged_seq FROM thread'),
      last: one('SELECT max(seq) FROM events'),
      hubs: hubs.map(({ seq }) => seq),
      watches: has('watches') ? one('SELECT count(*) FROM watches') : 0,
    };
  });
}

/** A chat with its visitor’s hub, and a message that everybody has acknowledged. */
async function settledChat(): Promise<Opened> {
  const opened = await newVisitorChat();
  await send(opened, says(opened, 'hello'));
  await eventually(async () => {
    const { acknowledged, last, hubs, watches } = await marksOf(opened);
    expect({ acknowledged, hubs, watches }).toEqual({ acknowledged: last, hubs: [last], watches: 2 });
  });
  return opened;
}

describe('a thread at rest', () => {
  test('has stored what all have acknowledged, without an alarm', async () => {
    await settledChat();
  });

  testAlarm('calls nobody again', async (ring) => {
    const opened = await settledChat();
    const calls = await countCalls(opened);
    passTime(8000);
    expect(await ring(objectOf(opened), async () => void (await countCalls(opened, calls)))).toBe(true);
    expect(calls).toEqual({ projector: 0, hub: 0, user: 0 });
    const next = await alarmOf(objectOf(opened));
    // The alarm of the chat's end.
    expect(next).toBeGreaterThan(Date.now() + 60_000);
  });

  test('deletes timers of finished work, which would ring forever', async () => {
    const opened = await settledChat();
    await runInDurableObject(objectOf(opened), (_, { storage: { sql } }) => {
      const timers = new Timers({ sql, armBy: () => {} });
      for (const name of ['copy', 'watch', 'hub/organization/gone']) timers.fail(name);
    });
    // Only a new instance reads these rows, so there is nothing to try in memory.
    await evictDurableObject(objectOf(opened));
    passTime(8000);
    await runDurableObjectAlarm(objectOf(opened));
    const left = await runInDurableObject(objectOf(opened), (_, { storage: { sql } }) =>
      sql.exec('SELECT name FROM timers').toArray(),
    );
    expect(left).toEqual([]);
  });

  testAlarm('completes a commit that nobody brought to D1 by its alarm, once', async (ring) => {
    const opened = await newVisitorChat();
    await execute(opened.thread, says(opened, 'hello'));
    passTime(8000);
    await ring(objectOf(opened));
    await evictDurableObject(objectOf(opened));
    const calls = await countCalls(opened);
    await runInDurableObject(objectOf(opened), (instance) =>
      (instance as unknown as { alarm(): Promise<void> }).alarm(),
    );
    expect(calls).toEqual({ projector: 0, hub: 0, user: 0 });
  });

  testAlarm('sends again what its courier has lost', async (ring) => {
    const opened = await newVisitorChat();
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: the isolate is gone');
    });
    await send(opened, says(opened, 'hello'));
    await eventually(async () => expect((await marksOf(opened)).last).toBeGreaterThan(0));
    await new Promise((resolve) => setTimeout(resolve, 600));
    onFault(null);
    passTime(8000);
    expect(await ring(objectOf(opened))).toBe(true);
    const { acknowledged, last } = await marksOf(opened);
    expect(acknowledged).toBe(last);
  });
});

describe('an outage of D1', () => {
  for (const isEvicted of [false, true]) {
    test(`of an hour costs a thread 25 tries at most [${isEvicted ? 'evicted' : 'in memory'}]`, async () => {
      vi.spyOn(Math, 'random').mockReturnValue(0);
      const opened = await newVisitorChat();
      let tries = 0;
      let isAway = true;
      const meetProjector = () =>
        replaceProjector(opened.thread, async (real, ...batches) => {
          tries += 1;
          if (isAway) throw new Error('fault: D1 is away');
          return await real(...batches);
        });
      await meetProjector();
      await execute(opened.thread, says(opened, 'hello'));
      const end = Date.now() + 3_600_000;
      for (let rings = 0; rings < 500; rings++) {
        // Before its alarm is read, since a new instance may set it. So not with testAlarm, which evicts when it rings.
        if (isEvicted) {
          await evictDurableObject(objectOf(opened));
          await meetProjector();
        }
        const at = await alarmOf(objectOf(opened));
        if (at === null || at > end) break;
        setClock(Math.max(at, Date.now()));
        await runDurableObjectAlarm(objectOf(opened));
      }
      expect(tries).toBeGreaterThan(10);
      expect(tries).toBeLessThanOrEqual(25);
      isAway = false;
      passTime(300_000);
      await runDurableObjectAlarm(objectOf(opened));
      const { acknowledged, last } = await marksOf(opened);
      expect(acknowledged).toBe(last);
    });
  }
});
