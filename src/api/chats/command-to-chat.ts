import type { AppContext } from '../../http/app-environment.ts';
import { executeCommand, readThread, type ThreadStub } from '../../stubs.ts';
import { threadNameOfChat } from '../../thread/address.ts';
import { type AnswerOf, type Command, newCommandId } from '../../thread/commands.ts';
import type { Result } from '../../thread/refusals.ts';

type ChatCommand = Extract<Command, { chat_id: string }>;
type WithoutHead<C> = C extends Command ? Omit<C, 'v' | 'command_id'> : never;
type CommandOf<Type extends Command['type']> = Extract<ChatCommand, { type: Type }>;

const NOT_FOUND = { ok: false, refusal: { reason: 'chat_not_found' } } as const;

/** Sends a command to the thread of its chat. An id that can be no chat of ours is refused without a call (ENGINE 1). */
export async function commandToChat<Type extends ChatCommand['type']>(
  c: AppContext,
  command: WithoutHead<CommandOf<Type>> & { type: Type; chat_id: string },
): Promise<Result<AnswerOf<CommandOf<Type>>>> {
  const thread = threadNameOfChat(command.chat_id);
  if (thread === null) return NOT_FOUND;
  const whole = { ...command, v: 1, command_id: newCommandId() } as unknown as CommandOf<Type>;
  return await executeCommand(c.env, c.var.cost, thread, whole);
}

/** Reads from the thread of a chat, under the same rule. */
export async function readOfChat<Answer>(
  c: AppContext,
  chatId: string,
  read: (stub: ThreadStub) => Promise<Result<Answer>>,
): Promise<Result<Answer>> {
  const thread = threadNameOfChat(chatId);
  return thread === null ? NOT_FOUND : await readThread(c.env, c.var.cost, thread, read);
}
