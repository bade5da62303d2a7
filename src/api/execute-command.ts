import { waitUntil } from 'cloudflare:workers';
import { addCost, type Cost } from '../db/cost.ts';
import { consumerDeps } from '../delivery/consumer-deps.ts';
import { deliverHeads } from '../delivery/deliver-lane.ts';
import type { AnswerOf, Command } from '../domain/commands.ts';
import type { Result } from '../domain/refusals.ts';
import { collectBatch, takeAcknowledged } from '../read-model/collector.ts';
import type { Head } from '../rpc/lane.ts';
import { commandThread } from '../rpc/thread.ts';

/** Makes the first attempts of webhooks that a command has brought. `askedAt` (ms): before the command was sent. */
export type FirstAttempts = (env: Env, thread: string, heads: readonly Head[], askedAt: number) => void;

const deliverThem: FirstAttempts = (env, thread, heads, askedAt) => {
  waitUntil(deliverHeads(consumerDeps(env), thread, heads, askedAt));
};

let firstAttempts: FirstAttempts | null = deliverThem;

/** For tests: who makes first attempts. Null: nobody takes any, and the queue brings them all, as if each Worker were lost with its answer. */
export function makeFirstAttemptsWith(make: FirstAttempts | null): void {
  firstAttempts = make;
}

/**
 * Sends a command to its thread, adds what it cost, and sees after the answer to what follows from it: webhooks that find their lane idle
 * go out at once, and the copy of the commit goes to D1 within a second. Rejects when the thread could not be reached.
 */
export async function executeCommand<C extends Command>(
  env: Env,
  cost: Cost,
  thread: string,
  command: C,
): Promise<Result<AnswerOf<C>>> {
  const started = performance.now();
  const askedAt = Date.now();
  const acknowledged = takeAcknowledged(thread);
  const make = firstAttempts;
  const executed = await commandThread(env, thread, command, { acknowledged, heads: make !== null });
  const { result, handed, heads = [] } = executed;
  addCost(cost, executed.cost);
  cost.thread.milliseconds += performance.now() - started;
  if (heads.length > 0) make?.(env, thread, heads, askedAt);
  if (handed !== null && handed !== undefined) collectBatch(env, handed);
  return result;
}
