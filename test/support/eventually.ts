import { vi } from 'vitest';

/** Longer (ms) than a busy machine may need: how fast it is must not decide what passes. */
const PATIENCE = 20_000;

/** Calls `check` again and again until it throws no more, and answers what it answered. Rejects with its last error. */
export function eventually<Answer>(check: () => Answer | Promise<Answer>): Promise<Answer> {
  return vi.waitFor(check, { timeout: PATIENCE });
}
