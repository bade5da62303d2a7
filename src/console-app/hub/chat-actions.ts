import type { Chat, InboxRow, Membership } from '../replica/known.ts';
import type { Replica } from '../replica/replica.ts';
import { call, type Refused } from './call.ts';
import type { Presence } from './presence.ts';

/** What somebody does with a chat. Null when it is done; else why not, in words. */
export type Outcome = string | null;

/** Where the hub has a chat for the user: below their own while they take part, else where it is routed to them. */
export function chatPath(userId: string, { chat, own }: InboxRow, routed: ReadonlySet<string>): string {
  const isMember = own.message_count !== null;
  const isRouted = !own.is_participating && (routed.has(chat.id) || !isMember);
  return `/api/v5/users/${userId}/${isRouted ? 'routed_chats' : 'chats'}/${chat.id}`;
}

const membershipPath = (userId: string, chatId: string) => `/api/v5/users/${userId}/chat_memberships/${chatId}`;

/**
 * Begins to answer a chat, once the hub knows that the user is present. Of two who take a waiting chat at once, one is told
 * that it is gone.
 */
export async function takeChat(
  { replica, presence, userId }: { replica: Replica; presence: Presence; userId: string },
  { chat }: InboxRow,
): Promise<Outcome> {
  await presence.heard();
  const chats = `/api/v5/users/${userId}/${chat.is_pending ? 'pending_chats' : 'routed_chats'}`;
  const body = { is_participating: true, composing_status: 'idle' };
  const answer = await call<Membership>(`${chats}/${chat.id}/memberships`, { method: 'POST', body });
  if (!answer.ok) {
    return answer.status === 404 && chat.is_pending ? 'Somebody else has taken this chat.' : words('taken', answer);
  }
  replica.tell('memberships', chat.id, userId, answer.body);
  return null;
}

/** What the hub was last told of typing and seeing, by chat. A call never fails. */
const TOLD = new Map<string, Promise<unknown>>();

const NOT_SENT = { status: 0, detail: 'Your last message has not been sent.' };

/** Whether the hub has what the user has said in a chat. It would refuse that from somebody who has left or ended it. */
async function hasEverything(replica: Replica, chatId: string): Promise<boolean> {
  await TOLD.get(chatId);
  return await replica.sent(chatId);
}

/** Stops answering a chat. */
export async function leaveChat(replica: Replica, userId: string, chatId: string): Promise<Outcome> {
  const body = { is_participating: false };
  if (!(await hasEverything(replica, chatId))) return words('left', NOT_SENT);
  const answer = await call<Membership>(membershipPath(userId, chatId), { method: 'PATCH', body });
  if (!answer.ok) return words('left', answer);
  replica.tell('memberships', chatId, userId, answer.body);
  return null;
}

/** Gives a chat that the user answers to a colleague in one step, so that it never is without anybody. */
export async function handOver(
  replica: Replica,
  { userId, organizationId }: { userId: string; organizationId: string },
  chatId: string,
  colleagueId: string,
): Promise<Outcome> {
  const path = `/api/v5/orgs/${organizationId}/routed_chats/${chatId}/memberships`;
  const body = { member_id: colleagueId, replaces: userId, is_participating: true, composing_status: 'idle' };
  if (!(await hasEverything(replica, chatId))) return words('handed over', NOT_SENT);
  const answer = await call<Membership>(path, { method: 'POST', body });
  if (!answer.ok) return words('handed over', answer);
  replica.tell('memberships', chatId, colleagueId, answer.body);
  return null;
}

/**
 * Ends a chat, after what the user has sent to it. It is shown as ended at once, and as open again if that cannot be sent
 * or the hub refuses.
 */
export async function endChat(replica: Replica, userId: string, { chat }: InboxRow): Promise<Outcome> {
  const now = new Date().toISOString();
  replica.tell('', chat.id, chat.id, { is_ended: true, is_pending: false, ended_at: now });
  if (!(await hasEverything(replica, chat.id))) {
    replica.tell('', chat.id, chat.id, chat);
    return words('closed', NOT_SENT);
  }
  const body = { is_ended: true };
  const answer = await call<Chat>(`/api/v5/users/${userId}/chats/${chat.id}`, { method: 'PATCH', body });
  replica.tell('', chat.id, chat.id, answer.ok ? answer.body : chat);
  return answer.ok ? null : words('closed', answer);
}

/** Opens a new chat with a visitor, or joins the one that is open. `path`: of the visitor. */
export async function openNewChat(
  path: string,
): Promise<{ ok: true; chatId: string } | { ok: false; problem: string }> {
  const answer = await call<Chat>(`${path}/chats`, { method: 'POST', body: {} });
  if (answer.ok) return { ok: true, chatId: answer.body.id };
  return { ok: false, problem: words('opened', answer) };
}

/** Sends the webhook of one's own message once more. Its state is told by the socket. */
export async function redeliverMessage(userId: string, chatId: string, messageId: string): Promise<Outcome> {
  const path = `/api/v5/users/${userId}/chats/${chatId}/messages/${messageId}/redeliver`;
  const answer = await call(path, { method: 'POST', body: {} });
  return answer.ok ? null : `The message was not sent again: ${answer.detail}`;
}

function words(done: string, { status, detail }: Pick<Refused, 'status' | 'detail'>): string {
  if (status === 409 && detail.includes('not present')) return 'You are away. Come back to take chats.';
  return `The chat was not ${done}: ${detail}`;
}

/** So often (ms) a page tells that its user writes; the hub's clients show it for 15 s. */
const TYPING_EVERY = 8_000;
/** So often (ms) a page tells at most what its user has seen. */
const SEEN_EVERY = 2_000;

/** What a member does while a chat is open: writing, and seeing. Both are told seldom, and the latest counts. */
export class Attention {
  readonly #chatId: string;
  readonly #path: string;
  #typedAt = 0;
  #isTyping = false;
  #seen = '';
  #seenTimer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(userId: string, chatId: string) {
    this.#chatId = chatId;
    this.#path = membershipPath(userId, chatId);
  }

  typing(isTyping: boolean): void {
    if (this.#isOver) return;
    const now = Date.now();
    if (isTyping === this.#isTyping && (!isTyping || now - this.#typedAt < TYPING_EVERY)) return;
    this.#isTyping = isTyping;
    this.#typedAt = now;
    this.#tell({ composing_status: isTyping ? 'typing' : 'idle' });
  }

  /** `upTo`: the time of the newest message that was in view. */
  seen(upTo: string): void {
    if (this.#isOver || upTo <= this.#seen) return;
    this.#seen = upTo;
    this.#seenTimer ??= setTimeout(() => this.#tellSeen(), SEEN_EVERY / 4);
  }

  /** The page leaves the chat. What was to be told later is told now: somebody may be signing out. */
  end(): void {
    this.typing(false);
    if (this.#seenTimer !== undefined) this.#tellSeen();
  }

  /** Whether the user takes part in an open chat: of others the hub is told nothing. */
  setOver(isOver: boolean): void {
    this.#isOver = isOver;
    if (!isOver) return;
    this.#isTyping = false;
    clearTimeout(this.#seenTimer);
    this.#seenTimer = undefined;
  }

  #tellSeen(): void {
    clearTimeout(this.#seenTimer);
    this.#seenTimer = undefined;
    this.#tell({ last_seen_at: this.#seen });
  }

  /** Nothing depends on it: the next one tells the same. */
  #tell(body: object): void {
    const told = call(this.#path, { method: 'PATCH', body }).then(() => {
      if (TOLD.get(this.#chatId) === told) TOLD.delete(this.#chatId);
    });
    TOLD.set(this.#chatId, told);
  }
}
