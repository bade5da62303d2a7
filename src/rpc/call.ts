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
 * The objects of a namespace that keep their data in the deployment's jurisdiction, if it has one (docs/privacy.md).
 * Objects of the same name elsewhere are other ones, so a deployment never changes it.
 */
export function inJurisdiction<Namespace extends Pick<DurableObjectNamespace, 'jurisdiction'>>(
  env: Pick<Env, 'JURISDICTION'>,
  namespace: Namespace,
): Namespace {
  return env.JURISDICTION ? (namespace.jurisdiction(env.JURISDICTION) as unknown as Namespace) : namespace;
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
