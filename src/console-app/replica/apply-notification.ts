import type { LiveNotification } from '../../resources/live-frames.ts';
import { type Unclear, withChange, withMember, withMessageOf, withTag } from './inbox-row.ts';
import {
  type Chat,
  type InboxRow,
  type Invitation,
  type Known,
  type Message,
  placeOf,
  type Thread,
  withMessage,
} from './known.ts';

/**
 * The channels from which the copy is fed. What is in two of them arrives twice, which changes nothing. Typing comes
 * with the memberships.
 */
export const CHANNELS: readonly string[] = [
  ...['routed_chats', 'chats'].flatMap((chats) =>
    ['', '/*/messages', '/*/memberships', '/*/tags', '/*/reply_suggestions', '/*/purges'].map(
      (part) => `/api/v5/users/{user_id}/${chats}${part}`,
    ),
  ),
  '/api/v5/users/{user_id}/chat_memberships',
  '/api/v5/users/{user_id}/incoming_chat_invitations',
];

/**
 * The copy after some notifications, in their order. They carry absolute values, so the same ones may be applied again:
 * to what was read by REST meanwhile, or after a resume. `userId`: whose copy it is.
 */
export function applyNotifications(known: Known, notifications: readonly LiveNotification[], userId: string): Known {
  if (notifications.length === 0) return known;
  const draft: Draft = {
    userId,
    rows: new Map(known.rows),
    routed: new Set(known.routed),
    threads: new Map(known.threads),
    invitations: known.invitations,
    staleRows: new Set(known.staleRows),
    staleThreads: new Set(known.staleThreads),
  };
  for (const notification of notifications) apply(draft, notification);
  const { userId: _, ...next } = draft;
  return next;
}

/** The chat that a notification is about; empty for an invitation. */
export function chatOf({ channel, resource_id }: LiveNotification): string {
  const [, collection, chatId = resource_id] = CHANNEL.exec(channel) ?? [];
  return collection === 'incoming_chat_invitations' ? '' : chatId;
}

/** Whose membership in which chat a notification is about. */
export function memberOf(notification: LiveNotification, userId: string): string {
  const isOwn = notification.channel.endsWith('/chat_memberships');
  return `${chatOf(notification)}/${isOwn ? userId : notification.resource_id}`;
}

/** Whether the numbers of the views may be others after a notification. */
export function changesCounts({ channel, action, resource }: LiveNotification): boolean {
  const [, , , part] = CHANNEL.exec(channel) ?? [];
  if (part !== undefined && part !== 'memberships') return false;
  return action !== 'changed' || COUNTED.some((name) => name in resource);
}

const COUNTED = ['is_ended', 'is_pending', 'is_participating'];

type Draft = {
  userId: string;
  rows: Map<string, InboxRow>;
  routed: Set<string>;
  threads: Map<string, Thread>;
  invitations: ReadonlyMap<string, Invitation>;
  staleRows: Set<string>;
  staleThreads: Set<string>;
};

/** The chat and the part of it in a channel; the part is empty for the chats themselves. */
const CHANNEL = /^\/api\/v5\/users\/[^/]+\/([a-z_]+)(?:\/([^/]+)\/([a-z_]+))?$/;

function apply(draft: Draft, notification: LiveNotification): void {
  const [, collection = '', chatId = notification.resource_id, part = ''] = CHANNEL.exec(notification.channel) ?? [];
  if (collection === 'incoming_chat_invitations') applyInvitation(draft, notification);
  // One's own membership has the id of its chat.
  else if (collection === 'chat_memberships') applyMembership(draft, chatId, draft.userId, notification);
  else if (collection === 'chats' || collection === 'routed_chats') {
    if (collection === 'routed_chats') draft.routed.add(chatId);
    applyPart(draft, part, chatId, notification);
  }
}

function applyPart(draft: Draft, part: string, chatId: string, notification: LiveNotification): void {
  switch (part) {
    case '':
      applyChat(draft, notification);
      break;
    case 'messages':
      applyMessage(draft, chatId, notification);
      break;
    case 'memberships':
      applyMembership(draft, chatId, notification.resource_id, notification);
      break;
    case 'tags':
      applyTag(draft, chatId, notification);
      break;
    case 'reply_suggestions':
      applySuggestion(draft, chatId, notification);
      break;
    case 'purges':
      // A purge is not told resource by resource.
      makeStale(draft, chatId);
  }
}

function makeStale(draft: Draft, chatId: string): void {
  draft.staleRows.add(chatId);
  if (draft.threads.has(chatId)) draft.staleThreads.add(chatId);
}

/** Changes the row. A chat without a row, or whose row cannot tell what it is now, becomes stale. */
function changeRow(draft: Draft, chatId: string, change: (row: InboxRow) => InboxRow | Unclear): void {
  const row = draft.rows.get(chatId);
  const next = row === undefined ? 'unclear' : change(row);
  if (next === 'unclear') draft.staleRows.add(chatId);
  else draft.rows.set(chatId, next);
}

function changeThread(draft: Draft, chatId: string, change: (thread: Thread) => Thread): void {
  const thread = draft.threads.get(chatId);
  if (thread !== undefined) draft.threads.set(chatId, change(thread));
}

function applyChat(draft: Draft, { action, resource_id, resource }: LiveNotification): void {
  // A chat that was removed from one collection may be in the other: REST says so.
  if (action === 'removed') makeStale(draft, resource_id);
  else changeRow(draft, resource_id, (row) => withChange(row, resource as Partial<Chat>));
}

function applyMessage(draft: Draft, chatId: string, { action, resource_id, resource }: LiveNotification): void {
  changeRow(draft, chatId, (row) =>
    withMessageOf(row, resource_id, action, resource as Partial<Message>, draft.userId),
  );
  changeThread(draft, chatId, (thread) => {
    const known = thread.messages.find(({ id }) => id === resource_id);
    if (known !== undefined) return { ...thread, messages: withMessage(thread.messages, { ...known, ...resource }) };
    const message = resource as Message;
    const [oldest] = thread.messages;
    const isOlder = oldest !== undefined && thread.older !== null && placeOf(message) < placeOf(oldest);
    return action !== 'added' || isOlder ? thread : { ...thread, messages: withMessage(thread.messages, message) };
  });
}

function applyMembership(draft: Draft, chatId: string, memberId: string, notification: LiveNotification): void {
  const member = draft.threads.get(chatId)?.memberships.get(memberId);
  changeRow(draft, chatId, (row) => withMember(row, memberId, notification, member, draft.userId));
  changeThread(draft, chatId, (thread) => ({
    ...thread,
    memberships: withEntry(thread.memberships, memberId, notification),
  }));
}

function applyTag(draft: Draft, chatId: string, { action, resource_id }: LiveNotification): void {
  changeRow(draft, chatId, (row) => withTag(row, resource_id, action !== 'removed'));
}

function applySuggestion(draft: Draft, chatId: string, notification: LiveNotification): void {
  changeThread(draft, chatId, (thread) => ({
    ...thread,
    suggestions: withEntry(thread.suggestions, notification.resource_id, notification),
  }));
}

function applyInvitation(draft: Draft, notification: LiveNotification): void {
  draft.invitations = withEntry(draft.invitations, notification.resource_id, notification);
}

/** The entries after a change. Attributes of an entry that is not there change nothing. */
function withEntry<Entry>(
  entries: ReadonlyMap<string, Entry>,
  id: string,
  { action, resource }: LiveNotification,
): ReadonlyMap<string, Entry> {
  const next = new Map(entries);
  const known = entries.get(id);
  if (action === 'removed') next.delete(id);
  else if (action === 'added') next.set(id, resource as Entry);
  else if (known !== undefined) next.set(id, { ...known, ...resource });
  return next;
}
