/**
 * Turns events into notifications: the only place that does. A notification describes a change of one resource; `match`
 * decides who gets it.
 */

import { resourceIdAt, threadNameOfChat } from '../domain/address.ts';
import type { ThreadEvent } from '../domain/events.ts';
import { isMessageChange } from '../domain/message-changes.ts';
import type { PurgedEvent } from '../domain/redaction.ts';
import { type ChatState, membersIn, type Transition } from '../domain/state.ts';
import {
  chatForVisitor,
  HIDDEN_FROM_VISITORS,
  membershipForVisitor,
  messageForVisitor,
} from '../resources/as-visitors-see.ts';
import { type ChatFacts, chatResource, isPending } from '../resources/chat.ts';
import type { Belonging } from '../resources/chat-grant.ts';
import { invitationResource } from '../resources/invitation.ts';
import { type ComposingStatus, type MemberFacts, membershipResource } from '../resources/membership.ts';
import { messageResource } from '../resources/message.ts';
import { partsOf } from '../resources/message-parts.ts';
import { type Note, noteResource } from '../resources/note.ts';
import { purgeNotice } from '../resources/purge.ts';
import type { Receiver } from '../resources/receiver.ts';
import { replySuggestionResource } from '../resources/reply-suggestion.ts';
import { tagResource } from '../resources/tag.ts';
import { type Viewer, viewerResource } from '../resources/viewer.ts';

/** The kind of resource that a notification is about. */
export type Kind =
  | 'chat'
  | 'message'
  | 'membership'
  | 'tag'
  | 'reply_suggestion'
  | 'invitation'
  | 'purge'
  | 'draft'
  | 'viewer'
  | 'note'
  | 'mention';
/** The kinds that events of threads tell of. */
export const KINDS: ReadonlySet<Kind> = new Set([
  'chat',
  'message',
  'membership',
  'tag',
  'reply_suggestion',
  'invitation',
  'purge',
]);

/** How resources are shown: to an organization's people and apps, or to the chat's visitor. */
export type View = 'organization' | 'visitor';

/** A change of one resource, with what `match` and the receivers need. */
export type Notification = {
  kind: Kind;
  action: 'added' | 'changed' | 'removed';
  /** The last segment of the resource's path in its collection. */
  resource_id: string;
  /** The whole resource as REST shows it. Of a removed one only its id. */
  resource: object;
  /** For `changed`: the changed attributes. */
  changes: object | null;
  /** For a suggestion: the message that it belongs to. */
  message_id: string | null;
  /** For a membership: the member. For an invitation: the invitee, and the inviter. For a draft or a mention: its user. */
  member_id: string | null;
  inviter_id: string | null;
  /** For a membership: its user has now seen the newest message, which they had not seen before. */
  seen?: true;
  /** For a message that was deleted: of how many parts it was (message-parts.ts). Missing for one. */
  parts_before?: number;
};

/**
 * The facts about a chat that decide who sees it: after a command, and before it where that matters. Stored as part of
 * an update.
 */
export type Visibility = {
  chat_id: string;
  room: { id: string; organization_id: string } | null;
  /** Of the room, or of a chat without one. */
  organization_id: string;
  visitor_id: string | null;
  was_pending: boolean;
  is_pending: boolean;
  users: Belongings;
  organizations: Belongings;
  /** For a change of what was written before: from when on texts may be read. Missing for any other event. */
  texts_since?: TextsSince;
};

/**
 * From when on (ms) a silent member reads the texts of a chat whose history is closed to them, and an organization of which
 * somebody takes part (domain/grants.ts, `textsSince`). Who is missing reads all of them.
 */
export type TextsSince = { users: { [id: string]: number }; organizations: { [id: string]: number } };

/**
 * Which users belong to a chat, or which organizations by them: those who take part and those who do not. `before`:
 * how those belonged whom the command has changed.
 */
export type Belongings = { open: string[]; silent: string[]; before: { [id: string]: Belonging } };

/**
 * What an event publishes: its notifications, and the facts from which `match` finds the subscribers. Hubs and threads
 * store this as JSON.
 */
export type ThreadUpdate = {
  seq: number;
  /** ms. */
  at: number;
  /** The receiver through which a message, or a change of one, came; null for any other event. */
  origin: Receiver | null;
  /** The event makes no webhooks (imports, `skip_webhooks`). */
  is_silent: boolean;
  place: Visibility;
  notifications: Notification[];
};

/**
 * The notifications of an event, for every collection that it changes. The first event of a command tells what the whole
 * command has changed of the chat and its members, so nobody is told of a state that REST never showed. `wanted`: kinds
 * that anybody has subscribed to.
 */
export function notificationsOf(transition: Transition, view: View, wanted: ReadonlySet<Kind>): ThreadUpdate {
  const { event, before, after, is_first } = transition;
  const notifications: Notification[] = [];
  const add = (kind: Kind, make: () => Notification[]) => {
    if (wanted.has(kind)) notifications.push(...make());
  };
  if (is_first) {
    add('chat', () => changedChat(before, after, view));
    add('membership', () => changedMembers(before, after, view));
  }
  add('message', () => changedMessage(transition, view));
  if (view === 'organization') {
    add('tag', () => changedTags(transition));
    add('reply_suggestion', () => changedSuggestions(transition));
    add('invitation', () => changedInvitations(transition));
    if (event.type === 'purged') add('purge', () => purged(event, after.facts));
  }
  return {
    seq: event.seq,
    at: event.at,
    origin: 'origin' in event ? (event.origin ?? null) : null,
    is_silent: event.type === 'message_added' && event.is_silent,
    place: { ...visibilityOf(before, after), ...(isOfEarlierText(event) ? textsSince(after) : {}) },
    notifications,
  };
}

/** Whether an event tells of what may have been written long before it. A suggestion belongs to an earlier message. */
function isOfEarlierText(event: ThreadEvent): boolean {
  return isMessageChange(event) || event.type === 'reply_suggestion_added' || event.type === 'reply_suggestion_changed';
}

function textsSince(chat: ChatState): { texts_since?: TextsSince } {
  const { room, organization_id } = chat.facts;
  if (room === null) return {};
  const found: TextsSince = { users: {}, organizations: {} };
  for (const { member_id, organization_id: own, is_participating, created_at } of usersOf(chat)) {
    if (!is_participating) found.users[member_id] = created_at;
    else if (own !== null && own !== organization_id) {
      found.organizations[own] = Math.min(found.organizations[own] ?? created_at, created_at);
    }
  }
  const isEmpty = Object.keys(found.users).length + Object.keys(found.organizations).length === 0;
  return isEmpty ? {} : { texts_since: found };
}

/** The notification that a member has begun or stopped typing. It is never logged. */
export function composingNotification(
  member: MemberFacts,
  chat: ChatFacts,
  status: ComposingStatus,
  view: View,
): Notification {
  const resource = membership(member, chat, view, status);
  return {
    ...notification('membership', member.member_id, resource, { composing_status: status }),
    member_id: member.member_id,
  };
}

/** The notification that a user looks at a chat, or (null) no longer. It is never logged. */
export function viewerNotification(userId: string, viewer: Viewer | null): Notification {
  if (viewer !== null) return notification('viewer', userId, viewerResource(viewer), viewerResource(viewer));
  return { ...notification('viewer', userId, { id: userId }, null), action: 'removed' };
}

/** The notification that a note about a chat was written, or (null) deleted. No log of a thread has it. */
export function noteNotification(id: string, note: Note | null): Notification {
  if (note !== null) return notification('note', id, noteResource(note), null);
  return { ...notification('note', id, { id }, null), action: 'removed' };
}

/**
 * The visibility of a chat around a command. `before` is null when the chat starts with it, and equal to `after` when
 * nothing is logged.
 */
export function visibilityOf(before: ChatState | null, after: ChatState): Visibility {
  const { facts } = after;
  const users = usersOf(after);
  const usersBefore = before === null ? [] : before === after ? users : usersOf(before);
  return {
    chat_id: facts.id,
    room: facts.room === null ? null : { id: facts.room.id, organization_id: facts.room.organization_id },
    organization_id: facts.organization_id,
    visitor_id: facts.visitor_id,
    was_pending: before !== null && isPending(before.facts),
    is_pending: isPending(facts),
    users: belongings(users, usersBefore, ({ member_id }) => member_id),
    organizations: belongings(users, usersBefore, ({ organization_id }) => organization_id),
  };
}

function usersOf(chat: ChatState): MemberFacts[] {
  return membersIn(chat).filter(({ member_type }) => member_type === 'user');
}

function belongings(
  users: readonly MemberFacts[],
  usersBefore: readonly MemberFacts[],
  idOf: (user: MemberFacts) => string | null,
): Belongings {
  const now = belongingById(users, idOf);
  const then = users === usersBefore ? now : belongingById(usersBefore, idOf);
  const ids = [...now.keys()];
  const changed = [...new Set([...ids, ...then.keys()])].filter((id) => now.get(id) !== then.get(id));
  return {
    open: ids.filter((id) => now.get(id) === 'open'),
    silent: ids.filter((id) => now.get(id) === 'silent'),
    before: Object.fromEntries(changed.map((id) => [id, then.get(id) ?? null])),
  };
}

function belongingById(
  users: readonly MemberFacts[],
  idOf: (user: MemberFacts) => string | null,
): ReadonlyMap<string, Belonging> {
  const known = new Map<string, Belonging>();
  for (const user of users) {
    const id = idOf(user);
    if (id !== null && known.get(id) !== 'open') known.set(id, user.is_participating ? 'open' : 'silent');
  }
  return known;
}

/** A notification that a resource was added (`changes` null) or changed. */
function notification(kind: Kind, resource_id: string, resource: object, changes: object | null): Notification {
  const action = changes === null ? 'added' : 'changed';
  return { kind, action, resource_id, resource, changes, message_id: null, member_id: null, inviter_id: null };
}

/** The notification of a resource that may have existed before; none when none of its attributes has changed. */
function compared(kind: Kind, resource_id: string, before: object | null, after: object): Notification[] {
  if (before === null) return [notification(kind, resource_id, after, null)];
  const changes = changesBetween(before, after);
  return changes === null ? [] : [notification(kind, resource_id, after, changes)];
}

function changedChat(before: ChatState | null, after: ChatState, view: View): Notification[] {
  const show = view === 'visitor' ? chatForVisitor : chatResource;
  return compared('chat', after.facts.id, before === null ? null : show(before.facts), show(after.facts));
}

/**
 * A membership also shows whether its chat is open and how many messages the member has sent. Both change without an
 * event of the member.
 */
function changedMembers(before: ChatState | null, after: ChatState, view: View): Notification[] {
  return [...after.members].flatMap(([id, touched]) => {
    const old = before?.members.get(id);
    if (before !== null && old === touched && isShownAlike(id, before.facts, after.facts)) return [];
    const wasThere = old !== undefined && old.facts.is_removed !== true;
    if (touched.facts.is_removed === true) {
      const removed = { ...notification('membership', id, { id }, null), action: 'removed' as const, member_id: id };
      return wasThere ? [removed] : [];
    }
    const shown = before === null || !wasThere ? null : membership(old.facts, before.facts, view);
    const found = compared('membership', id, shown, membership(touched.facts, after.facts, view));
    const seen = hasSeen(old?.facts, touched.facts, after.facts) ? { seen: true as const } : {};
    return found.map((each) => ({ ...each, member_id: id, ...seen }));
  });
}

/** Whether a user's `last_seen_at` passes the newest message. */
function hasSeen(before: MemberFacts | undefined, after: MemberFacts, { newest_message_at }: ChatFacts): boolean {
  if (before === undefined || after.member_type !== 'user' || newest_message_at === null) return false;
  return (before.last_seen_at ?? 0) < newest_message_at && (after.last_seen_at ?? 0) >= newest_message_at;
}

function isShownAlike(memberId: string, before: ChatFacts, after: ChatFacts): boolean {
  return before.ended_at === after.ended_at && before.message_counts[memberId] === after.message_counts[memberId];
}

function membership(member: MemberFacts, chat: ChatFacts, view: View, composing_status: ComposingStatus = 'idle') {
  const show = view === 'visitor' ? membershipForVisitor : membershipResource;
  return show({ ...member, composing_status }, chat);
}

function changedMessage({ event, after, message }: Transition, view: View): Notification[] {
  const now = event.type === 'message_added' ? event.message : message?.after;
  if (now === undefined || (view === 'visitor' && HIDDEN_FROM_VISITORS.includes(now.type))) return [];
  const place = { id: after.facts.id, room_id: after.facts.room?.id ?? null };
  const show = view === 'visitor' ? messageForVisitor : messageResource;
  const found = compared('message', now.id, message === null ? null : show(message.before, place), show(now, place));
  const parts_before = message !== null && event.type === 'message_deleted' ? partsOf(message.before).length : 1;
  return parts_before === 1 ? found : found.map((each) => ({ ...each, parts_before }));
}

/** In its collection a tag's id is its name. */
function changedTags({ event, after }: Transition): Notification[] {
  if (event.type === 'tag_added') {
    return [notification('tag', event.tag.name, tagResource(event.tag, after.facts.room?.id ?? null), null)];
  }
  if (event.type !== 'tag_removed') return [];
  return [{ ...notification('tag', event.name, { id: event.name }, null), action: 'removed' }];
}

function changedSuggestions({ event, after, suggestion_before }: Transition): Notification[] {
  if (event.type !== 'reply_suggestion_added' && event.type !== 'reply_suggestion_changed') return [];
  const chat = { id: after.facts.id, room_id: after.facts.room?.id ?? null };
  const { suggestion } = event;
  const old = suggestion_before === null ? null : replySuggestionResource(suggestion_before, chat);
  const found = compared('reply_suggestion', suggestion.id, old, replySuggestionResource(suggestion, chat));
  return found.map((each) => ({ ...each, message_id: suggestion.message_id }));
}

/** What receivers delete too. It is never in a list. */
function purged(event: PurgedEvent, chat: ChatFacts): Notification[] {
  const id = resourceIdAt(threadNameOfChat(chat.id) ?? '', event.at, event.seq);
  return [notification('purge', id, purgeNotice({ ...event, id }, chat), null)];
}

/** An invitation shows how many members its chat has, but is not reported as changed when only they change. */
function changedInvitations({ event, before, after }: Transition): Notification[] {
  const id =
    event.type === 'invitation_sent'
      ? event.invitation.id
      : event.type === 'invitation_expired' || event.type === 'invitation_accepted'
        ? event.invitation_id
        : null;
  const facts = id === null ? undefined : after.invitations.get(id)?.facts;
  if (id === null || facts === undefined) return [];
  const { user_member_count, visitor_member_count } = after.facts;
  const chat = { id: after.facts.id, room_id: after.facts.room?.id ?? null, user_member_count, visitor_member_count };
  const old = before?.invitations.get(id)?.facts;
  const shown = old === undefined ? null : invitationResource(old, chat);
  const found = compared('invitation', id, shown, invitationResource(facts, chat));
  return found.map((each) => ({ ...each, member_id: facts.invitee.id, inviter_id: facts.invited_by_user.id }));
}

/**
 * The attributes that have changed, with their new values; null when none has (visitors' API: the payload of a change
 * contains only the changed fields). Both objects have the same keys.
 */
export function changesBetween(before: object, after: object): object | null {
  const old = before as { readonly [key: string]: unknown };
  const changed = Object.entries(after).filter(([key, value]) => !isSame(old[key], value));
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

/** Resources are JSON made by the same function, so equal values have equal text. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  const areObjects = typeof one === 'object' && typeof other === 'object' && one !== null && other !== null;
  return areObjects && JSON.stringify(one) === JSON.stringify(other);
}
