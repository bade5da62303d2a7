import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { test } from 'vitest';

/**
 * Rings an object's alarm. Returns false when none was set. `revived` restores in a new instance of the object what the
 * test had replaced in the previous one.
 */
export type Ring = (stub: DurableObjectStub, revived?: () => Promise<void>) => Promise<boolean>;

const LIVES: readonly { when: string; ring: Ring }[] = [
  { when: 'in memory', ring: (stub) => runDurableObjectAlarm(stub) },
  {
    when: 'evicted',
    ring: async (stub, revived) => {
      await evictDurableObject(stub).catch(ignoreThatItIsGone);
      await revived?.();
      return await runDurableObjectAlarm(stub);
    },
  },
];

/** An object that has crashed has no memory left to destroy. */
function ignoreThatItIsGone(error: Error): void {
  if (!error.message.includes('not currently running')) throw error;
}

/**
 * A test of an alarm, run twice: with what the object has in memory, and after the platform has destroyed that, as it
 * does to an object that was idle for ten seconds.
 */
export function testAlarm(name: string, run: (ring: Ring) => Promise<void>): void {
  for (const { when, ring } of LIVES) test(`${name} [${when}]`, () => run(ring));
}
