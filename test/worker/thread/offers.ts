import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import type { Pointer } from '../../../src/rpc/lane.ts';

/**
 * Records the pointers that a thread's object sends from now on, in whichever life, until mocks are restored. None reaches the queue,
 * nor do those of other threads that are still busy.
 */
export function recordOffers(thread: string): Pointer[] {
  const offered: Pointer[] = [];
  vi.spyOn(Object.getPrototypeOf(env.WEBHOOKS) as Queue<Pointer>, 'send').mockImplementation(async (pointer) => {
    if (pointer.thread === thread) offered.push(pointer);
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  });
  return offered;
}
