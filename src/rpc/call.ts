import type { Cost } from '../db/cost.ts';

/**
 * A stub as the interface that its class implements. The runtime's own stub type wraps every answer for pipelining and
 * gives up on unions; `implements` on the classes holds the two together.
 */
export function asPlain<Interface>(stub: unknown): Interface {
  return stub as Interface;
}

/** Calls an object, once more with a new stub when it was lost on the way. */
export async function callTwice<Answer>(cost: Cost, call: () => Promise<Answer>): Promise<Answer> {
  const started = performance.now();
  cost.thread.calls += 1;
  const answer = await call().catch((error: unknown) => {
    if (!isLost(error)) throw error;
    return call();
  });
  cost.thread.milliseconds += performance.now() - started;
  return answer;
}

/** Whether the object went away (a reset, a new deployment) rather than failed at its work. */
export function isLost(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const flags = error as { retryable?: unknown; durableObjectReset?: unknown; overloaded?: unknown };
  return (flags.retryable === true || flags.durableObjectReset === true) && flags.overloaded !== true;
}
