/** What concerns one user alone and no thread knows: their own sockets are told, at most once. */

import { type DraftFacts, draftResource } from '../resources/draft.ts';
import type { Notification, ThreadUpdate } from './notifications.ts';

/** An update for the sockets of one user, about a chat. `at` in ms. It shows the chat to nobody else. */
export function ownUpdate(
  user: { id: string; organization_id: string },
  chatId: string,
  notifications: Notification[],
  at: number,
): ThreadUpdate {
  const nobody = { open: [], silent: [], before: {} };
  const place = {
    chat_id: chatId,
    room: null,
    organization_id: user.organization_id,
    visitor_id: null,
    was_pending: false,
    is_pending: false,
    users: { ...nobody, open: [user.id] },
    organizations: nobody,
  };
  return { seq: 0, at, origin: null, is_silent: false, place, notifications };
}

/** The user has written on at a draft, or (null) sent or dropped it. In the collection of drafts its id is the chat's. */
export function draftNotification(userId: string, chatId: string, draft: DraftFacts | null): Notification {
  return {
    kind: 'draft',
    action: draft === null ? 'removed' : 'changed',
    resource_id: chatId,
    resource: draft === null ? { id: chatId } : draftResource(draft),
    changes: null,
    message_id: null,
    member_id: userId,
    inviter_id: null,
  };
}
