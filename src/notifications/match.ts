/**
 * Decides which subscriber gets which notification. Apps and sockets use the same rule, and it gives what the path of
 * the topic gives in REST.
 */

import { type Belonging, isInRoomSet, type RoomSet, silenceHolds } from '../resources/chat-grant.ts';
import type { LiveNotification } from '../resources/live-frames.ts';
import { type Topic, type TopicIds, type TopicPart, takesIds, topicPath } from '../resources/topic.ts';
import { timeOfUuid } from '../resources/uuid.ts';
import type { Belongings, Kind, Notification, ThreadUpdate, Visibility } from './notifications.ts';
import { isRoutedHistory, isText, lacksReports, type Subscriber, type UserSubscriber } from './subscriber.ts';

const KIND_OF_PART = {
  chats: 'chat',
  messages: 'message',
  memberships: 'membership',
  own_memberships: 'membership',
  tags: 'tag',
  reply_suggestions: 'reply_suggestion',
  message_reply_suggestions: 'reply_suggestion',
  purges: 'purge',
  outgoing_invitations: 'invitation',
  incoming_invitations: 'invitation',
  drafts: 'draft',
  mentions: 'mention',
  viewers: 'viewer',
  notes: 'note',
} as const satisfies Record<TopicPart, Kind>;

/** What a collection has of its owner alone. */
const OF_MEMBER: readonly TopicPart[] = ['own_memberships', 'drafts', 'mentions'];

/** The kind of resources in a topic's collection. */
export function kindOf(topic: Pick<Topic, 'part'>): Kind {
  return KIND_OF_PART[topic.part];
}

/**
 * The notification that a subscriber of a topic gets; null for none. Rights are not looked up: `subscriber` has them.
 */
export function match(
  update: ThreadUpdate,
  notification: Notification,
  topic: Topic,
  subscriber: Subscriber,
): LiveNotification | null {
  if (kindOf(topic) !== notification.kind || lacksReports(subscriber, topic)) return null;
  const { place: visibility } = update;
  const ids: TopicIds = {
    chat_id: visibility.chat_id,
    room_id: visibility.room?.id ?? null,
    visitor_id: visibility.visitor_id,
    message_id: notification.message_id,
  };
  if (!takesIds(topic, ids)) return null;
  if (isHiddenText(visibility, notification, topic, subscriber)) return null;
  const change = changeInCollection(visibility, notification, topic, subscriber);
  const seen = change === null ? null : asSeen(notification, topic, change, visibility.chat_id);
  return seen === null ? null : { channel: topicPath(topic, ids), ...seen };
}

/** Whether a notification tells of a text from before the subscriber may read the chat's texts. */
function isHiddenText(
  visibility: Visibility,
  { message_id, resource_id }: Notification,
  topic: Topic,
  subscriber: Subscriber,
): boolean {
  const { texts_since } = visibility;
  if (texts_since === undefined || subscriber.kind === 'visitor' || !isText(topic)) return false;
  const { chats, owner_id, part } = topic;
  const isOfUser = chats === 'user_chats';
  if (!isOfUser && chats !== 'involved_chats') return false;
  const since = (isOfUser ? texts_since.users : texts_since.organizations)[owner_id];
  const history = isOfUser ? (subscriber.member_history ?? null) : subscriber.organization_reach;
  if (since === undefined || isWithin(visibility, history)) return false;
  // Ids have the time at which something was written. Who may not read a message does not find its suggestions.
  const text = part === 'message_reply_suggestions' ? (message_id ?? resource_id) : resource_id;
  return timeOfUuid(text) < since;
}

/** How an event changes a chat's membership in a collection. */
type CollectionChange = 'stays' | 'enters' | 'leaves';

function asSeen(
  { kind, action, resource_id, resource, changes }: Notification,
  topic: Topic,
  change: CollectionChange,
  chatId: string,
): Omit<LiveNotification, 'channel'> | null {
  if (topic.part === 'own_memberships') {
    return asInCollection(chatId, { action, resource, changes }, change);
  }
  if (kind !== 'chat') return change === 'leaves' ? null : { action, resource_id, resource: changes ?? resource };
  return asInCollection(resource_id, { action, resource, changes }, change);
}

/** A chat, or one's own membership in it, which enters and leaves the collection with the chat. */
function asInCollection(
  resource_id: string,
  { action, resource, changes }: Pick<Notification, 'action' | 'resource' | 'changes'>,
  change: CollectionChange,
): Omit<LiveNotification, 'channel'> {
  if (change === 'leaves') return { action: 'removed', resource_id, resource: { id: resource_id } };
  if (change === 'enters') return { action: 'added', resource_id, resource };
  return { action, resource_id, resource: changes ?? resource };
}

/**
 * How the event changes the chat's place in the topic's collection, as the subscriber sees it. Null when the chat is
 * not in it.
 */
function changeInCollection(
  visibility: Visibility,
  notification: Notification,
  topic: Topic,
  subscriber: Subscriber,
): CollectionChange | null {
  const { owner_id, part } = topic;
  if (subscriber.kind === 'visitor') {
    const isOwn =
      topic.chats === 'visitor_chats' && owner_id === subscriber.visitor_id && visibility.visitor_id === owner_id;
    return isOwn && (part !== 'own_memberships' || notification.member_id === owner_id) ? 'stays' : null;
  }
  // An invited user is not a member yet and sees only the invitation.
  if (part === 'incoming_invitations') {
    return owner_id === subscriber.user_id && subscriber.stands_for.includes(notification.member_id ?? '')
      ? 'stays'
      : null;
  }
  if (OF_MEMBER.includes(part) && notification.member_id !== owner_id) return null;
  if (part === 'outgoing_invitations' && notification.inviter_id !== owner_id) return null;
  return changeOfChat(visibility, topic, subscriber);
}

function changeOfChat(visibility: Visibility, topic: Topic, subscriber: Subscriber): CollectionChange | null {
  if (subscriber.kind === 'visitor') return null;
  const { chats, owner_id } = topic;
  const isOwned = visibility.room !== null && visibility.room.organization_id === owner_id;
  const isOfUser = owner_id === subscriber.user_id;
  const routed = isRoutedHistory(topic) ? subscriber.history_reach : subscriber.reach;
  switch (chats) {
    case 'owned_chats':
    case 'room_chats':
      return isOwned ? 'stays' : null;
    case 'room_visitor_chats':
      return isOwned && visibility.visitor_id !== null ? 'stays' : null;
    case 'room_pending_chats':
      return isOwned ? changeOfPending(visibility) : null;
    case 'routed_chats':
      return isWithin(visibility, subscriber.organization_reach) ? 'stays' : null;
    case 'involved_chats':
      return among(owner_id, visibility.organizations, subscriber.organization_reach, visibility, subscriber);
    case 'user_chats':
      return isOfUser ? among(owner_id, visibility.users, subscriber.member_reach, visibility, subscriber) : null;
    case 'user_routed_chats':
      return isOfUser && isWithin(visibility, routed) ? 'stays' : null;
    case 'user_pending_chats':
      return isOfUser && isWithin(visibility, routed) ? changeOfPending(visibility) : null;
    case 'visitor_chats':
      return null;
  }
}

function isWithin(visibility: Visibility, rooms: RoomSet | null): boolean {
  return rooms !== null && isInRoomSet(visibility.room, rooms);
}

/** A silent membership counts where it holds now: a command changes how somebody belongs to the chat, not its reach. */
function among(
  id: string,
  { open, silent, before }: Belongings,
  reach: RoomSet | null,
  visibility: Visibility,
  { organization_id }: UserSubscriber,
): CollectionChange | null {
  const counts = (belonging: Belonging) =>
    belonging === 'open' ||
    (belonging === 'silent' &&
      silenceHolds(visibility, organization_id, reach ?? { organization_id: null, room_ids: [] }));
  const now: Belonging = open.includes(id) ? 'open' : silent.includes(id) ? 'silent' : null;
  const then = before[id] === undefined ? now : before[id];
  if (counts(now)) return counts(then) ? 'stays' : 'enters';
  return counts(then) ? 'leaves' : null;
}

/** Chats enter and leave the collection of pending chats. */
function changeOfPending({ was_pending, is_pending }: Visibility): CollectionChange | null {
  if (!was_pending) return is_pending ? 'enters' : null;
  return is_pending ? 'stays' : 'leaves';
}
