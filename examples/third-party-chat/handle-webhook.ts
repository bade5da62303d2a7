import type { DatabaseSync } from 'node:sqlite';
import {
  type ChatOwner,
  changeChat,
  changeMessage,
  deleteChat,
  deleteMessage,
  findChatOwner,
  hasMessage,
  isKnownAsEnded,
  lacksMessages,
  replaceChat,
  SOMEBODY_ELSE,
  saveChat,
  saveForeignChat,
  saveMessage,
} from './chat-store.ts';
import type { ChatResource, HubApi, MessageResource } from './hub-api.ts';
import { inTransaction } from './store.ts';
import { findSession } from './visitor-store.ts';
import type { Webhook } from './webhook.ts';
import { isHandled, lastSeq, recordHandled, recordSeq } from './webhook-journal.ts';

/**
 * `applied`: stored. `caught up`: webhooks were missing, so the hub was read. The others change nothing that a page
 * shows.
 */
export type Outcome = 'applied' | 'caught up' | 'repeated' | 'outdated' | 'not ours';

export type Handled = { outcome: Outcome; visitorId: string | null };

type Copy = { takenAfter: number | null; chats: { chat: ChatResource; messages: MessageResource[] }[] };

/**
 * Applies a webhook to the store, once: the hub repeats it under the same id when it got no answer. Throws when the hub
 * must be read and cannot be. Then nothing is written, and the hub tries again.
 */
export async function handleWebhook(
  { database, hub, roomId }: { database: DatabaseSync; hub: HubApi; roomId: string },
  webhook: Webhook,
): Promise<Handled> {
  if (isHandled(database, webhook.id)) return { outcome: 'repeated', visitorId: null };
  const isElsewhere = webhook.roomId !== null && webhook.roomId !== roomId;
  const owner = isElsewhere ? SOMEBODY_ELSE : await ownerOf(database, hub, webhook.chatId);
  if (owner === SOMEBODY_ELSE) {
    return inTransaction(database, () => {
      if (isHandled(database, webhook.id)) return { outcome: 'repeated', visitorId: null };
      if (!isElsewhere) saveForeignChat(database, webhook.chatId);
      recordHandled(database, webhook.id, Date.now());
      return { outcome: 'not ours', visitorId: null };
    });
  }

  let copy: Copy | null = null;
  for (;;) {
    const outcome = inTransaction(database, () => settle(database, webhook, owner, copy));
    if (outcome !== 'incomplete') return { outcome, visitorId: owner.visitorId };
    copy = await readCopy(database, hub, owner.visitorId, webhook);
  }
}

/**
 * The owner of a chat. If the chat is not stored, the hub is asked for its visitor. Visitors are stored when they
 * authenticate.
 */
async function ownerOf(database: DatabaseSync, hub: HubApi, chatId: string): Promise<ChatOwner | typeof SOMEBODY_ELSE> {
  const known = findChatOwner(database, chatId);
  if (known !== null) return known;
  const visitor = await hub.visitorOfChat(chatId);
  const isOurs = visitor !== null && findSession(database, visitor.id) !== null;
  return isOurs ? { visitorId: visitor.id, name: visitor.name } : SOMEBODY_ELSE;
}

/**
 * Decides about a webhook and writes. `incomplete`: the hub must be read first, or again because the store has changed
 * since.
 */
function settle(
  database: DatabaseSync,
  webhook: Webhook,
  owner: ChatOwner,
  copy: Copy | null,
): Exclude<Outcome, 'not ours'> | 'incomplete' {
  if (isHandled(database, webhook.id)) return 'repeated';
  const last = lastSeq(database, owner.visitorId);
  if (last !== null && webhook.seq < last) {
    recordHandled(database, webhook.id, Date.now());
    return 'outdated';
  }
  if (copy === null) {
    if (isSomethingMissing(database, webhook, last)) return 'incomplete';
  } else {
    if (copy.takenAfter !== last) return 'incomplete';
    for (const { chat, messages } of copy.chats) replaceChat(database, owner, chat, messages);
  }
  // The copy includes the change of the webhook, unless something was deleted since.
  if (copy === null || webhook.action === 'removed') apply(database, webhook, owner);
  recordHandled(database, webhook.id, Date.now());
  recordSeq(database, owner.visitorId, webhook.seq);
  return copy === null ? 'applied' : 'caught up';
}

/**
 * Whether an earlier webhook of the thread is missing: this one does not follow the last one, or it changes something
 * that is not stored. The webhooks of one event share their numbers. If one of those is missing, the number of messages
 * shows it at the next event.
 */
function isSomethingMissing(database: DatabaseSync, webhook: Webhook, last: number | null): boolean {
  if (webhook.seq !== last && (webhook.prevSeq !== last || lacksMessages(database, webhook.chatId))) return true;
  if (webhook.action === 'removed') return false;
  const isNewChat = webhook.about === 'chat' && webhook.action === 'added';
  if (!isNewChat && findChatOwner(database, webhook.chatId) === null) return true;
  return webhook.about === 'message' && webhook.action === 'changed' && !hasMessage(database, webhook.resource.id);
}

function apply(database: DatabaseSync, webhook: Webhook, owner: ChatOwner): void {
  if (webhook.about === 'chat') {
    if (webhook.action === 'added') saveChat(database, owner, webhook.resource);
    else if (webhook.action === 'changed') changeChat(database, webhook.resource);
    else deleteChat(database, webhook.resource.id);
    return;
  }
  if (webhook.action === 'added') saveMessage(database, webhook.chatId, webhook.resource);
  else if (webhook.action === 'changed') changeMessage(database, webhook.resource);
  else deleteMessage(database, webhook.resource.id);
}

/**
 * The chats of a visitor from the hub, without chats that the store knows as ended. Throws when the hub's list does not
 * have the webhook's chat yet.
 */
async function readCopy(database: DatabaseSync, hub: HubApi, visitorId: string, webhook: Webhook): Promise<Copy> {
  const takenAfter = lastSeq(database, visitorId);
  const chats = await hub.chatsOfVisitor(visitorId);
  const isListed = chats.some(({ id }) => id === webhook.chatId);
  if (!isListed && webhook.action !== 'removed') throw new Error(`the hub does not list chat ${webhook.chatId} yet`);
  const wanted = chats.filter(({ id }) => id === webhook.chatId || !isKnownAsEnded(database, id));
  const messages = await Promise.all(wanted.map(({ id }) => hub.messagesOfChat(id)));
  return { takenAfter, chats: wanted.map((chat, place) => ({ chat, messages: messages[place] ?? [] })) };
}
