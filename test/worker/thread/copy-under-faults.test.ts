import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type FaultStep, onFault } from '../../../src/platform/faults.ts';
import { commandThread, threadStub } from '../../../src/rpc/thread.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { emptyHub } from '../../support/worker/empty-hub.ts';
import { newRandomThread, randomFrom } from '../../support/worker/random-thread.ts';
import { dumpCopy } from '../../support/worker/rich-history.ts';

beforeEach(emptyHub);
afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const STEPS: FaultStep[] = ['projector before D1', 'projector after D1', 'before acknowledgement'];

for (const seed of [1, 2, 3, 4]) {
  testAlarm(`a replica equals that of a rebuild after faults (${seed})`, async (ring) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const random = randomFrom(seed);
    const { thread, chat, command, answered } = await newRandomThread(random);
    onFault((step, crash) => {
      if (!STEPS.includes(step) || random() > 0.3) return;
      if (random() < 0.3) crash();
      throw new Error('fault');
    });
    let accepted = 0;
    for (let turn = 0; turn < 80; turn++) {
      // The Worker's own retry. After a second crash in a row the client must repeat.
      const executed = await commandThread(env, thread, command()).catch(() => null);
      if (executed?.result.ok !== true) continue;
      accepted += 1;
      answered(executed.result.answer);
      if (random() < 0.1) await evictDurableObject(env.THREADS.getByName(thread)).catch(() => null);
      // Lets what is backing off try again.
      if (random() < 0.3) passTime(5000);
    }
    onFault(null);
    expect(accepted).toBeGreaterThan(30);
    for (let rings = 0; rings < 3; rings++) {
      passTime(301_000);
      await ring(env.THREADS.getByName(thread));
    }
    const lived = await dumpCopy();
    expect(lived.chats.some((row) => (row as { id: string }).id === chat())).toBe(true);
    expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
    expect(await dumpCopy()).toEqual(lived);
  });
}
