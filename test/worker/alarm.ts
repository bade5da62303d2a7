import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { test } from 'vitest';

/** Rings an object's alarm; false when none was set. */
export type Ring = (stub: DurableObjectStub) => Promise<boolean>;

const LIVES: readonly { when: string; ring: Ring }[] = [
  { when: 'in memory', ring: (stub) => runDurableObjectAlarm(stub) },
  {
    when: 'evicted',
    ring: async (stub) => {
      await evictDurableObject(stub);
      return await runDurableObjectAlarm(stub);
    },
  },
];

/**
 * A test of an alarm, run twice: with what the object has in memory, and after the platform has destroyed that, as it does to an
 * object that was idle for ten seconds.
 */
export function testAlarm(name: string, run: (ring: Ring) => Promise<void>): void {
  for (const { when, ring } of LIVES) test(`${name} [${when}]`, () => run(ring));
}
