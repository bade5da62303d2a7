import { vi } from 'vitest';

/** Longest wait (ms). Long enough for a busy machine, so that its speed does not decide what passes. */
const PATIENCE = 20_000;

/** Calls `check` until it no longer throws. Answers its result. Rejects with its last error after the longest wait. */
export function eventually<Answer>(check: () => Answer | Promise<Answer>): Promise<Answer> {
  return vi.waitFor(check, { timeout: PATIENCE });
}
