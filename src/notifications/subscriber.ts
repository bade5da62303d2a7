import type { RoomSet } from '../resources/chat-grant.ts';
import { isListOfRoom, type Topic, type TopicPart } from '../resources/topic.ts';

/**
 * A subscriber with the rights that REST gives them: an app's installation with its bot user (`user_id` null: none), or
 * a user on a socket. A set of rooms that none of their topics needs is null. Stored in a thread's audience.
 */
export type UserSubscriber = {
  kind: 'user';
  organization_id: string;
  user_id: string | null;
  has_reports: boolean;
  /** The organization's setting `private_chat_history`. */
  keeps_private_history: boolean;
  /**
   * The rooms that are routed to the user; the same for private history (`isRoutedHistory`); the rooms in which silent
   * memberships of the user hold, and of these the ones with earlier texts; the rooms that are routed to the organization.
   * Audiences of an earlier version have no `member_history`.
   */
  reach: RoomSet | null;
  member_reach: RoomSet | null;
  member_history?: RoomSet | null;
  history_reach: RoomSet | null;
  organization_reach: RoomSet | null;
  /** Ids under which the user may be invited: their own, those of their teams and that of their organization. */
  stands_for: readonly string[];
};

export type VisitorSubscriber = { kind: 'visitor'; visitor_id: string };

export type Subscriber = UserSubscriber | VisitorSubscriber;

/**
 * Whether a topic requires the scope `reports` and the subscriber lacks it (Chats API; the same rule as for the paths
 * in REST).
 */
export function lacksReports(subscriber: Subscriber, { chats, part }: Pick<Topic, 'chats' | 'part'>): boolean {
  if (subscriber.kind === 'visitor' || subscriber.has_reports) return false;
  if (isListOfRoom(chats)) return true;
  switch (chats) {
    case 'owned_chats':
    case 'routed_chats':
    case 'involved_chats':
    case 'room_visitor_chats':
      return subscriber.keeps_private_history;
    case 'user_routed_chats':
    case 'user_pending_chats':
      return subscriber.keeps_private_history && isRoutedHistory({ chats, part });
    case 'user_chats':
    case 'visitor_chats':
      return false;
  }
}

/**
 * Whether a topic shows texts of chats that are routed to a user who need not be a member. Private history closes such
 * topics, whether of their organization or of the owner of a shared room (Chats API, List chat messages). Suggestions
 * follow the messages that they answer and may quote. REST has the same under routed chats, and closes tags only where
 * private history closes the whole collection.
 */
export function isRoutedHistory({ chats, part }: Pick<Topic, 'chats' | 'part'>): boolean {
  const isRouted = chats === 'user_routed_chats' || chats === 'user_pending_chats';
  return isRouted && HISTORY.includes(part);
}

const HISTORY: readonly TopicPart[] = ['messages', 'notes', 'tags', 'reply_suggestions', 'message_reply_suggestions'];

/** Whether a topic shows what somebody wrote in a chat. */
export function isText({ part }: Pick<Topic, 'part'>): boolean {
  return TEXTS.includes(part);
}

const TEXTS: readonly TopicPart[] = ['messages', 'reply_suggestions', 'message_reply_suggestions'];
