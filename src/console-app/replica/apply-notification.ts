import type { LiveNotification } from '../../resources/live-frames.ts';
import { type Unclear, withChange, withMember, withMessageOf, withOwnMembership, withTag } from './inbox-row.ts';
import {
  type Chat,
  findMessage,
  type InboxRow,
  type Invitation,
  type Known,
  type Membership,
  type Message,
  type Participant,
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
  const draft = new Draft(known, userId);
  for (const notification of notifications) apply(draft, notification);
  return draft.result();
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

/** Whether a notification says no more than that the chat must be read again. */
export function asksToRead({ channel, action }: LiveNotification): boolean {
  const [, collection, , part] = CHANNEL.exec(channel) ?? [];
  return part === 'purges' || (part === undefined && action === 'removed' && collection !== 'chat_memberships');
}

const COUNTED = ['is_ended', 'is_pending', 'is_participating'];

/** The next copy. A map is copied when something in it changes, so what is shown from the others need not be drawn. */
class Draft {
  readonly userId: string;
  readonly #before: Known;
  readonly #members = new Map<string, Participant>();
  #rows: Map<string, InboxRow> | null = null;
  #threads: Map<string, Thread> | null = null;
  #routed: Set<string> | null = null;
  #stale: { rows: Set<string>; threads: Set<string> } | null = null;
  invitations: ReadonlyMap<string, Invitation>;

  constructor(before: Known, userId: string) {
    this.#before = before;
    this.userId = userId;
    this.invitations = before.invitations;
  }

  row(chatId: string): InboxRow | undefined {
    return (this.#rows ?? this.#before.rows).get(chatId);
  }

  /** What is known of a member. Who stops to take part is no longer in the row, and may begin again. */
  member(chatId: string, memberId: string): Participant | undefined {
    return (
      this.row(chatId)?.participants.find(({ member_id }) => member_id === memberId) ??
      this.thread(chatId)?.memberships.get(memberId) ??
      this.#members.get(`${chatId}/${memberId}`)
    );
  }

  isMember(chatId: string, member: Participant): void {
    this.#members.set(`${chatId}/${member.member_id}`, member);
  }

  setRow(chatId: string, row: InboxRow): void {
    if (row === this.row(chatId)) return;
    this.#rows ??= new Map(this.#before.rows);
    this.#rows.set(chatId, row);
  }

  thread(chatId: string): Thread | undefined {
    return (this.#threads ?? this.#before.threads).get(chatId);
  }

  setThread(chatId: string, thread: Thread): void {
    if (thread === this.thread(chatId)) return;
    this.#threads ??= new Map(this.#before.threads);
    this.#threads.set(chatId, thread);
  }

  isRouted(chatId: string): void {
    if ((this.#routed ?? this.#before.routed).has(chatId)) return;
    this.#routed ??= new Set(this.#before.routed);
    this.#routed.add(chatId);
  }

  isStale(chatId: string, withThread: boolean): void {
    this.#stale ??= { rows: new Set(this.#before.staleRows), threads: new Set(this.#before.staleThreads) };
    this.#stale.rows.add(chatId);
    if (withThread && this.thread(chatId) !== undefined) this.#stale.threads.add(chatId);
  }

  result(): Known {
    const { rows, threads, routed, staleRows, staleThreads } = this.#before;
    return {
      rows: this.#rows ?? rows,
      threads: this.#threads ?? threads,
      routed: this.#routed ?? routed,
      invitations: this.invitations,
      staleRows: this.#stale?.rows ?? staleRows,
      staleThreads: this.#stale?.threads ?? staleThreads,
    };
  }
}

/** The chat and the part of it in a channel; the part is empty for the chats themselves. */
const CHANNEL = /^\/api\/v5\/users\/[^/]+\/([a-z_]+)(?:\/([^/]+)\/([a-z_]+))?$/;

function apply(draft: Draft, notification: LiveNotification): void {
  const [, collection = '', chatId = notification.resource_id, part = ''] = CHANNEL.exec(notification.channel) ?? [];
  if (collection === 'incoming_chat_invitations') applyInvitation(draft, notification);
  // One's own membership has the id of its chat.
  else if (collection === 'chat_memberships') applyMembership(draft, chatId, draft.userId, notification);
  else if (collection === 'chats' || collection === 'routed_chats') {
    if (collection === 'routed_chats') draft.isRouted(chatId);
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
      draft.isStale(chatId, true);
  }
}

/** Changes the row. A chat without a row, or whose row cannot tell what it is now, becomes stale. */
function changeRow(draft: Draft, chatId: string, change: (row: InboxRow) => InboxRow | Unclear): void {
  const row = draft.row(chatId);
  const next = row === undefined ? 'unclear' : change(row);
  if (next === 'unclear') draft.isStale(chatId, false);
  else draft.setRow(chatId, next);
}

function changeThread(draft: Draft, chatId: string, change: (thread: Thread) => Thread): void {
  const thread = draft.thread(chatId);
  if (thread !== undefined) draft.setThread(chatId, change(thread));
}

function applyChat(draft: Draft, { action, resource_id, resource }: LiveNotification): void {
  // A chat that was removed from one collection may be in the other: REST says so.
  if (action === 'removed') draft.isStale(resource_id, true);
  else changeRow(draft, resource_id, (row) => withChange(row, resource as Partial<Chat>));
}

function applyMessage(draft: Draft, chatId: string, { action, resource_id, resource }: LiveNotification): void {
  changeRow(draft, chatId, (row) => withMessageOf(row, resource_id, action, resource as Partial<Message>));
  changeThread(draft, chatId, (thread) => {
    const known = findMessage(thread.messages, resource_id);
    if (known !== undefined) return { ...thread, messages: withMessage(thread.messages, { ...known, ...resource }) };
    const message = resource as Message;
    const [oldest] = thread.messages;
    const isOlder = oldest !== undefined && thread.older !== null && placeOf(message) < placeOf(oldest);
    return action !== 'added' || isOlder ? thread : { ...thread, messages: withMessage(thread.messages, message) };
  });
}

function applyMembership(draft: Draft, chatId: string, memberId: string, notification: LiveNotification): void {
  const member = draft.member(chatId, memberId);
  if (notification.action === 'added') draft.isMember(chatId, notification.resource as Membership);
  else if (member !== undefined) draft.isMember(chatId, member);
  if (memberId === draft.userId) changeRow(draft, chatId, (row) => withOwnMembership(row, notification));
  changeRow(draft, chatId, (row) => withMember(row, memberId, notification, member));
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
