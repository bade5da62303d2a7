import type { AttemptDependencies } from './attempt.ts';
import type { AttemptTimes } from './attempt-times.ts';

/** How a deployed Worker makes attempts: the platform's fetch and clock, and the deployment's rule about loopback receivers. */
export function attemptDependencies(
  env: { ALLOW_INSECURE_WEBHOOKS: string },
  { deadline }: Pick<AttemptTimes, 'deadline'>,
): AttemptDependencies {
  return {
    fetch: (url, init) => fetch(url, init),
    now: Date.now,
    deadline_milliseconds: deadline,
    allow_insecure_loopback: allowsInsecureLoopback(env),
  };
}

/** Whether webhooks may go to loopback addresses, also without TLS: for a hub on a developer's machine. */
export function allowsInsecureLoopback(env: { ALLOW_INSECURE_WEBHOOKS: string }): boolean {
  return env.ALLOW_INSECURE_WEBHOOKS === '1';
}
