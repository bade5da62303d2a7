import type { RoomSet } from '../resources/chat-grant.ts';
import { isListOfRoom, type Topic } from '../resources/topic.ts';

/**
 * Who is told, with the rights that REST would give them: an app's installation with its bot user (null: it has none), or a user on a
 * socket. A reach that no topic of theirs needs is null.
 */
export type UserSubscriber = {
  kind: 'user';
  organization_id: string;
  user_id: string | null;
  has_reports: boolean;
  /** The organization's setting `private_chat_history`. */
  keeps_private_history: boolean;
  /** The rooms that are routed to the user; the same as history sees them (`isRoutedHistory`); those routed to the organization. */
  reach: RoomSet | null;
  history_reach: RoomSet | null;
  organization_reach: RoomSet | null;
  /** Ids under which the user may be invited: their own, their teams', their organization's. */
  stands_for: readonly string[];
};

export type VisitorSubscriber = { kind: 'visitor'; visitor_id: string };

export type Subscriber = UserSubscriber | VisitorSubscriber;

/** Whether a topic demands the scope `reports`, which the subscriber does not have (Chats API; the guards of the same paths in REST). */
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
 * Whether a topic tells what was written in chats that are routed to a user who need not be a member: private history, their
 * organization's or that of a shared room's owner, closes it (Chats API, List chat messages). REST has the messages under routed chats
 * alone, and tags only where private history closes the whole collection.
 */
export function isRoutedHistory({ chats, part }: Pick<Topic, 'chats' | 'part'>): boolean {
  const isRouted = chats === 'user_routed_chats' || chats === 'user_pending_chats';
  return isRouted && (part === 'messages' || part === 'tags');
}
