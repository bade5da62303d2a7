import type { AppContext } from '../../http/app-environment.ts';
import { askUser } from '../../rpc/user.ts';

/** Whether a user is present now. Asks the user's object. Commands carry the answer to the chat's thread. */
export async function isUserPresent(c: AppContext, userId: string): Promise<boolean> {
  return (await askUser(c.env, c.var.cost, userId, (stub) => stub.presence({ v: 1 }))).is_present;
}

/**
 * Whether the caller may not join chats that another user has taken: private chats are on, and the caller lacks the
 * scope `reports`.
 */
export function isKeptOut(c: AppContext): boolean {
  const { organization, scopes } = c.var.principal;
  return organization.private_chats && !scopes.has('reports');
}
