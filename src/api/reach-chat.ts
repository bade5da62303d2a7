import { threadNameOfChat } from '../domain/address.ts';
import type { Result, ThreadRefusal } from '../domain/refusals.ts';
import type { Refused } from '../http/refusals.ts';

/** The answer of a thread, or the response that says why there is none. */
export type Reached<Answer> = { ok: true; answer: Answer } | { ok: false; refused: Refused };

/**
 * Calls the thread of a chat. An id that cannot belong to a chat of this hub is refused without a call. `refused` makes
 * the response to a refusal of the thread.
 */
export async function reachChat<Answer>(
  chatId: string,
  call: (thread: string) => Promise<Result<Answer>>,
  refused: (refusal: ThreadRefusal) => Refused,
): Promise<Reached<Answer>> {
  const thread = threadNameOfChat(chatId);
  const result: Result<Answer> =
    thread === null ? { ok: false, refusal: { reason: 'chat_not_found' } } : await call(thread);
  return result.ok ? result : { ok: false, refused: refused(result.refusal) };
}
