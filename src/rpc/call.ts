import type { Cost } from '../db/cost.ts';
import { isRetryable } from '../platform/platform-errors.ts';

/**
 * A stub as the interface that its class implements. The runtime's stub type wraps each answer for pipelining and fails
 * on unions. `implements` on the classes keeps interface and class together.
 */
export function asPlain<Interface>(stub: unknown): Interface {
  return stub as Interface;
}

/**
 * Calls an object. If the object was lost on the way, calls once more with a new stub. Only for calls that may run
 * twice.
 */
export async function callTwice<Answer>(cost: Cost, call: () => Promise<Answer>): Promise<Answer> {
  const started = performance.now();
  cost.thread.calls += 1;
  const answer = await call().catch((error: unknown) => {
    if (!isRetryable(error)) throw error;
    return call();
  });
  cost.thread.milliseconds += performance.now() - started;
  return answer;
}
