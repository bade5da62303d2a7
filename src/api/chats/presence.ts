import type { AppContext } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { askUser } from '../../rpc/user.ts';

/** Whether a user is present now. Asks the user's object. Commands carry the answer to the chat's thread. */
export async function isUserPresent(c: AppContext, userId: string): Promise<boolean> {
  return (await askUser(c.env, c.var.cost, userId, (stub) => stub.presence({ v: 1 }))).is_present;
}

/**
 * Whether the caller is present, and full: with as many open chats as their `chat_capacity`. For a chat in which they
 * are about to take part a place is kept; a request that is refused gives it back.
 */
export async function attendanceIn(
  c: AppContext,
  chatId: string,
  participates: boolean,
): Promise<{ is_present: boolean; is_full: boolean }> {
  const { user, chat_capacity: capacity } = c.var.principal;
  const owner = { user_id: user.id, organization_id: user.organization_id };
  const limited = capacity === null || !participates ? {} : { capacity, place: { owner, chat_id: chatId } };
  const asked = await askUser(c.env, c.var.cost, user.id, (stub) => stub.presence({ v: 1, ...limited }));
  return { is_present: asked.is_present, is_full: asked.is_full ?? false };
}

/** Gives back the place that was kept for a chat. A place that is not given back ends by itself after half a minute. */
export async function givePlaceBack(c: AppContext, chatId: string): Promise<void> {
  const { user, chat_capacity } = c.var.principal;
  if (chat_capacity === null) return;
  try {
    await askUser(c.env, c.var.cost, user.id, (stub) => stub.givePlaceBack({ v: 1, chat_id: chatId }));
  } catch (error) {
    writeLog('warn', 'chat_place_not_given_back', { error: errorText(error) });
  }
}

/** Whether the caller has as many open chats as their `chat_capacity`. Costs nothing without one. */
export async function isCallerFull(c: AppContext): Promise<boolean> {
  const { user, chat_capacity: capacity } = c.var.principal;
  if (capacity === null) return false;
  return (await askUser(c.env, c.var.cost, user.id, (stub) => stub.presence({ v: 1, capacity }))).is_full === true;
}

/**
 * Whether the caller may not join chats that another user has taken: private chats are on, and the caller lacks the
 * scope `reports`.
 */
export function isKeptOut(c: AppContext): boolean {
  const { organization, scopes } = c.var.principal;
  return organization.private_chats && !scopes.has('reports');
}
