import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import type { Pointer } from '../../../src/delivery/lane.ts';

/** Records the pointers that objects send from now on, in whichever life, until mocks are restored. None reaches the queue. */
export function recordOffers(): Pointer[] {
  const offered: Pointer[] = [];
  vi.spyOn(Object.getPrototypeOf(env.WEBHOOKS) as Queue<Pointer>, 'send').mockImplementation(async (pointer) => {
    offered.push(pointer);
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  });
  return offered;
}
