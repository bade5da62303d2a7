import type { AppContext } from '../../http/app-environment.ts';
import { askUser } from '../../rpc/user.ts';

/** Whether a user is present now, as their own object says: a command carries it to the chat's thread. */
export async function isUserPresent(c: AppContext, userId: string): Promise<boolean> {
  return (await askUser(c.env, c.var.cost, userId, (stub) => stub.presence({ v: 1 }))).is_present;
}

/** Whether the caller is kept out of chats that others have taken: private chats are on and they have no scope `reports`. */
export function isKeptOut(c: AppContext): boolean {
  const { organization, scopes } = c.var.principal;
  return organization.private_chats && !scopes.has('reports');
}
