/** What concerns single users alone and no thread knows: their own sockets are told, at most once. */

import { type DraftFacts, draftResource } from '../resources/draft.ts';
import { type MentionFacts, mentionResource } from '../resources/mention.ts';
import type { Kind, Notification, ThreadUpdate } from './notifications.ts';

/** An update for the sockets of some users of an organization, about a chat. `at` in ms. It shows the chat to nobody else. */
export function ownUpdate(
  organizationId: string,
  userIds: readonly string[],
  chatId: string,
  notifications: Notification[],
  at: number,
): ThreadUpdate {
  const nobody = { open: [], silent: [], before: {} };
  const place = {
    chat_id: chatId,
    room: null,
    organization_id: organizationId,
    visitor_id: null,
    was_pending: false,
    is_pending: false,
    users: { ...nobody, open: [...userIds] },
    organizations: nobody,
  };
  return { seq: 0, at, origin: null, is_silent: false, place, notifications };
}

/** The user has written on at a draft, or (null) sent or dropped it. In the collection of drafts its id is the chat's. */
export function draftNotification(userId: string, chatId: string, draft: DraftFacts | null): Notification {
  return ofChat('draft', userId, chatId, draft === null ? null : draftResource(draft));
}

/** A note mentions the user in a chat, or (null) no longer: they have opened it. Its id is the chat's, too. */
export function mentionNotification(userId: string, chatId: string, mention: MentionFacts | null): Notification {
  return ofChat('mention', userId, chatId, mention === null ? null : mentionResource(mention));
}

function ofChat(kind: Kind, userId: string, chatId: string, resource: object | null): Notification {
  return {
    kind,
    action: resource === null ? 'removed' : 'changed',
    resource_id: chatId,
    resource: resource ?? { id: chatId },
    changes: null,
    message_id: null,
    member_id: userId,
    inviter_id: null,
  };
}
