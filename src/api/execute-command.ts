import { waitUntil } from 'cloudflare:workers';
import { addCost, type Cost } from '../db/cost.ts';
import { consumerDeps } from '../delivery/consumer-deps.ts';
import { deliverLeased } from '../delivery/deliver-lane.ts';
import type { AnswerOf, Command } from '../domain/commands.ts';
import type { Result } from '../domain/refusals.ts';
import { collectBatch, takeAcknowledged } from '../read-model/collector.ts';
import type { LeasedDelivery } from '../rpc/lane.ts';
import { commandThread } from '../rpc/thread.ts';

/** Makes the first attempts of webhooks that a command has created. `askedAt` (ms): before the command was sent. */
export type FirstAttempts = (env: Env, thread: string, leased: readonly LeasedDelivery[], askedAt: number) => void;

const deliverThem: FirstAttempts = (env, thread, leased, askedAt) => {
  waitUntil(deliverLeased(consumerDeps(env), thread, leased, askedAt));
};

let firstAttempts: FirstAttempts | null = deliverThem;

/**
 * For tests: replaces the maker of first attempts. Null: no first attempts are made, and the queue delivers everything,
 * as if each Worker were lost after its answer.
 */
export function makeFirstAttemptsWith(make: FirstAttempts | null): void {
  firstAttempts = make;
}

/**
 * Sends a command to its thread and adds its cost to the request's. After the answer, webhooks of idle lanes are sent
 * at once, and the copy of the commit reaches D1 within a second. Rejects when the thread could not be reached.
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
  const { result, handed, heads: leased = [] } = executed;
  addCost(cost, executed.cost);
  cost.thread.milliseconds += performance.now() - started;
  if (leased.length > 0) make?.(env, thread, leased, askedAt);
  if (handed !== null && handed !== undefined) collectBatch(env, handed);
  return result;
}
