import { type AnswerOf, type Command, type CommandHeader, newCommandId } from '../domain/commands.ts';
import type { Result } from '../domain/refusals.ts';
import type { AppContext } from '../http/app-environment.ts';
import { REPLAYED } from '../http/idempotency-key.ts';
import { executeCommand } from './execute-command.ts';

/** The head of the command of a request. With an `Idempotency-Key` a repeated request gives the same command again. */
export function commandHead(c: AppContext): CommandHeader {
  const keyed = c.get('keyed');
  if (keyed === undefined) return { v: 1, command_id: newCommandId() };
  return { v: 1, command_id: keyed.id, keyed_request: keyed.request };
}

/** Sends the command of a request to its thread. The answer says when the command was answered before. */
export async function sendCommand<C extends Command>(
  c: AppContext,
  thread: string,
  command: C,
): Promise<Result<AnswerOf<C>>> {
  const result = await executeCommand(c.env, c.var.cost, thread, command);
  if (result.ok && result.is_repeat === true && c.get('keyed') !== undefined) c.header(REPLAYED, 'true');
  return result;
}
