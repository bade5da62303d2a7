import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import type { LaneWakeUp } from '../../../src/rpc/lane.ts';

/**
 * Records the wake-ups that a thread's object sends from now on, in any instance, until mocks are restored. None of
 * them reaches the queue, and neither do those of other threads that are still busy.
 */
export function recordWakeUps(thread: string): LaneWakeUp[] {
  const wakeUps: LaneWakeUp[] = [];
  vi.spyOn(Object.getPrototypeOf(env.WEBHOOKS) as Queue<LaneWakeUp>, 'send').mockImplementation(async (wakeUp) => {
    if (wakeUp.thread === thread) wakeUps.push(wakeUp);
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  });
  return wakeUps;
}
