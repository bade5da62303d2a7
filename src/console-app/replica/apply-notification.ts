import type { LiveNotification } from '../../resources/live-frames.ts';
import {
  type Unclear,
  withChange,
  withDraft,
  withMember,
  withMessageOf,
  withOwnMembership,
  withTag,
} from './inbox-row.ts';
import {
  type Chat,
  type Draft,
  findMessage,
  type InboxRow,
  type Invitation,
  type Known,
  type Membership,
  type Mention,
  type Message,
  type Note,
  type Participant,
  placeOf,
  type Thread,
  type Viewer,
  withMessage,
} from './known.ts';

/** What there is below a chat. */
const PARTS = ['messages', 'memberships', 'tags', 'reply_suggestions', 'notes', 'viewers', 'purges'];

/**
 * The channels from which the copy is fed. What is in two of them arrives twice, which changes nothing. Typing comes
 * with the memberships.
 */
export const CHANNELS: readonly string[] = [
  ...['routed_chats', 'chats'].flatMap((chats) =>
    ['', ...PARTS.map((part) => `/*/${part}`)].map((part) => `/api/v5/users/{user_id}/${chats}${part}`),
  ),
  '/api/v5/users/{user_id}/chats/*/outgoing_chat_invitations',
  '/api/v5/users/{user_id}/chat_memberships',
  '/api/v5/users/{user_id}/incoming_chat_invitations',
  '/api/v5/users/{user_id}/drafts',
  '/api/v5/users/{user_id}/mentions',
];

/**
 * The copy after some notifications, in their order. They carry absolute values, so the same ones may be applied again:
 * to what was read by REST meanwhile, or after a resume. `userId`: whose copy it is.
 */
export function applyNotifications(known: Known, notifications: readonly LiveNotification[], userId: string): Known {
  if (notifications.length === 0) return known;
  const next = new NextCopy(known, userId);
  for (const notification of notifications) apply(next, notification);
  return next.result();
}

/** The chat that a notification is about; empty for an invitation. */
export function chatOf({ channel, resource_id }: LiveNotification): string {
  const [, collection, chatId = resource_id] = CHANNEL.exec(channel) ?? [];
  return collection === 'incoming_chat_invitations' ? '' : chatId;
}

/** Whether a notification is about something that a socket is not told again after a break. */
export function isToldOnce({ channel }: LiveNotification): boolean {
  return /\/(drafts|mentions|notes|viewers)$/.test(channel);
}

/** Whose membership in which chat a notification is about. */
export function memberOf(notification: LiveNotification, userId: string): string {
  const isOwn = notification.channel.endsWith('/chat_memberships');
  return `${chatOf(notification)}/${isOwn ? userId : notification.resource_id}`;
}

/** Whether the numbers of the views may be others after a notification. */
export function changesCounts({ channel, action, resource }: LiveNotification): boolean {
  const [, collection, , part] = CHANNEL.exec(channel) ?? [];
  if (collection === 'mentions') return true;
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
class NextCopy {
  readonly userId: string;
  readonly #before: Known;
  readonly #members = new Map<string, Participant>();
  #rows: Map<string, InboxRow> | null = null;
  #threads: Map<string, Thread> | null = null;
  #routed: Set<string> | null = null;
  #stale: { rows: Set<string>; threads: Set<string> } | null = null;
  invitations: ReadonlyMap<string, Invitation>;
  notes: Known['notes'];
  drafts: Known['drafts'];
  viewers: Known['viewers'];
  typing: Known['typing'];

  constructor(before: Known, userId: string) {
    this.#before = before;
    this.userId = userId;
    this.invitations = before.invitations;
    this.notes = before.notes;
    this.drafts = before.drafts;
    this.viewers = before.viewers;
    this.typing = before.typing;
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
      drafts: this.drafts,
      notes: this.notes,
      viewers: this.viewers,
      typing: this.typing,
      staleRows: this.#stale?.rows ?? staleRows,
      staleThreads: this.#stale?.threads ?? staleThreads,
    };
  }
}

/** The chat and the part of it in a channel; the part is empty for the chats themselves. */
const CHANNEL = /^\/api\/v5\/users\/[^/]+\/([a-z_]+)(?:\/([^/]+)\/([a-z_]+))?$/;

function apply(next: NextCopy, notification: LiveNotification): void {
  const [, collection = '', chatId = notification.resource_id, part = ''] = CHANNEL.exec(notification.channel) ?? [];
  if (collection === 'incoming_chat_invitations') applyInvitation(next, notification);
  else if (collection === 'drafts') applyDraft(next, notification);
  else if (collection === 'mentions') applyMention(next, notification);
  // One's own membership has the id of its chat.
  else if (collection === 'chat_memberships') applyMembership(next, chatId, next.userId, notification);
  else if (collection === 'chats' || collection === 'routed_chats') {
    if (collection === 'routed_chats') next.isRouted(chatId);
    applyPart(next, part, chatId, notification);
  }
}

function applyPart(next: NextCopy, part: string, chatId: string, notification: LiveNotification): void {
  switch (part) {
    case '':
      applyChat(next, notification);
      break;
    case 'messages':
      applyMessage(next, chatId, notification);
      break;
    case 'memberships':
      applyMembership(next, chatId, notification.resource_id, notification);
      break;
    case 'tags':
      applyTag(next, chatId, notification);
      break;
    case 'reply_suggestions':
      applySuggestion(next, chatId, notification);
      break;
    case 'outgoing_chat_invitations':
      applyOutgoing(next, chatId, notification);
      break;
    case 'notes':
      applyNote(next, chatId, notification);
      break;
    case 'viewers':
      applyViewer(next, chatId, notification);
      break;
    case 'purges':
      // A purge is not told resource by resource. It has deleted all notes.
      next.isStale(chatId, true);
      if (next.notes.has(chatId)) next.notes = new Map(next.notes).set(chatId, new Map());
  }
}

/** Changes the row. A chat without a row, or whose row cannot tell what it is now, becomes stale. */
function changeRow(next: NextCopy, chatId: string, change: (row: InboxRow) => InboxRow | Unclear): void {
  const row = next.row(chatId);
  const changed = row === undefined ? 'unclear' : change(row);
  if (changed === 'unclear') next.isStale(chatId, false);
  else next.setRow(chatId, changed);
}

function changeThread(next: NextCopy, chatId: string, change: (thread: Thread) => Thread): void {
  const thread = next.thread(chatId);
  if (thread !== undefined) next.setThread(chatId, change(thread));
}

function applyChat(next: NextCopy, { action, resource_id, resource }: LiveNotification): void {
  // A chat that was removed from one collection may be in the other: REST says so.
  if (action === 'removed') next.isStale(resource_id, true);
  else changeRow(next, resource_id, (row) => withChange(row, resource as Partial<Chat>));
}

function applyMessage(next: NextCopy, chatId: string, { action, resource_id, resource }: LiveNotification): void {
  changeRow(next, chatId, (row) => withMessageOf(row, resource_id, action, resource as Partial<Message>));
  changeThread(next, chatId, (thread) => {
    const known = findMessage(thread.messages, resource_id);
    if (known !== undefined) return { ...thread, messages: withMessage(thread.messages, { ...known, ...resource }) };
    const message = resource as Message;
    const [oldest] = thread.messages;
    const isOlder = oldest !== undefined && thread.older !== null && placeOf(message) < placeOf(oldest);
    return action !== 'added' || isOlder ? thread : { ...thread, messages: withMessage(thread.messages, message) };
  });
}

function applyMembership(next: NextCopy, chatId: string, memberId: string, notification: LiveNotification): void {
  const member = next.member(chatId, memberId);
  if (notification.action === 'added') next.isMember(chatId, notification.resource as Membership);
  else if (member !== undefined) next.isMember(chatId, member);
  if (memberId === next.userId) changeRow(next, chatId, (row) => withOwnMembership(row, notification));
  changeRow(next, chatId, (row) => withMember(row, memberId, notification, member));
  applyTyping(next, chatId, memberId, notification);
  changeThread(next, chatId, (thread) => ({
    ...thread,
    memberships: withEntry(thread.memberships, memberId, notification),
  }));
}

/** Who leaves writes no longer. */
function applyTyping(next: NextCopy, chatId: string, memberId: string, { action, resource }: LiveNotification): void {
  const { composing_status, is_participating } = resource as Partial<Membership>;
  const isOver = action === 'removed' || is_participating === false;
  if (composing_status === undefined && !isOver) return;
  const isTyping = composing_status === 'typing' && !isOver;
  const before = next.typing.get(chatId);
  if (isTyping === (before?.has(memberId) ?? false)) return;
  const others = [...(before ?? [])].filter((id) => id !== memberId);
  const members = new Set(isTyping ? [...others, memberId] : others);
  const all = new Map(next.typing);
  if (members.size === 0) all.delete(chatId);
  else all.set(chatId, members);
  next.typing = all;
}

function applyTag(next: NextCopy, chatId: string, { action, resource_id }: LiveNotification): void {
  changeRow(next, chatId, (row) => withTag(row, resource_id, action !== 'removed'));
}

function applySuggestion(next: NextCopy, chatId: string, notification: LiveNotification): void {
  changeThread(next, chatId, (thread) => ({
    ...thread,
    suggestions: withEntry(thread.suggestions, notification.resource_id, notification),
  }));
}

function applyOutgoing(next: NextCopy, chatId: string, notification: LiveNotification): void {
  changeThread(next, chatId, (thread) => ({
    ...thread,
    outgoing: withEntry(thread.outgoing, notification.resource_id, notification),
  }));
}

function applyInvitation(next: NextCopy, notification: LiveNotification): void {
  next.invitations = withEntry(next.invitations, notification.resource_id, notification);
}

function applyNote(next: NextCopy, chatId: string, notification: LiveNotification): void {
  const notes = next.notes.get(chatId);
  if (notes === undefined) return;
  next.notes = new Map(next.notes).set(chatId, withEntry<Note>(notes, notification.resource_id, notification));
}

/** A viewer is told whole. */
function applyViewer(next: NextCopy, chatId: string, { action, resource_id, resource }: LiveNotification): void {
  const viewers = new Map(next.viewers.get(chatId));
  if (action === 'removed') viewers.delete(resource_id);
  else viewers.set(resource_id, resource as Viewer);
  const all = new Map(next.viewers);
  if (viewers.size === 0) all.delete(chatId);
  else all.set(chatId, viewers);
  next.viewers = all;
}

/** A draft is told with the id of its chat, whole. A chat without a row gets its draft with the row. */
function applyDraft(next: NextCopy, { action, resource_id, resource }: LiveNotification): void {
  const draft = action === 'removed' ? null : (resource as Draft);
  const drafts = new Map(next.drafts);
  if (draft === null) drafts.delete(resource_id);
  else drafts.set(resource_id, draft);
  next.drafts = drafts;
  const row = next.row(resource_id);
  if (row !== undefined) next.setRow(resource_id, withDraft(row, draft));
}

/** A mention is told with the id of its chat, whole. Who has opened the chat, on any device, is not mentioned any more. */
function applyMention(next: NextCopy, { action, resource_id, resource }: LiveNotification): void {
  const mention = action === 'removed' ? null : (resource as Mention);
  if (mention === null && next.row(resource_id) === undefined) return;
  changeRow(next, resource_id, (row) => ({ ...row, mention }));
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
