import { addCost, type Cost } from '../db/cost.ts';
import { collectSlice, takeAcknowledged } from '../projections/collector.ts';
import { commandThread } from '../stubs.ts';
import type { AnswerOf, Command } from '../thread/commands.ts';
import type { Result } from '../thread/refusals.ts';

/**
 * Sends a command to its thread, adds what it cost, and sees after the answer to what follows from it: the copy of the commit goes to
 * D1 within a second. Rejects when the thread could not be reached.
 */
export async function executeCommand<C extends Command>(
  env: Env,
  cost: Cost,
  thread: string,
  command: C,
): Promise<Result<AnswerOf<C>>> {
  const started = performance.now();
  const executed = await commandThread(env, thread, command, { acknowledged: takeAcknowledged(thread) });
  addCost(cost, executed.cost);
  cost.thread.milliseconds += performance.now() - started;
  const { handed } = executed;
  if (handed !== null && handed !== undefined) collectSlice(env, handed.database, handed);
  return executed.result as Result<AnswerOf<C>>;
}
