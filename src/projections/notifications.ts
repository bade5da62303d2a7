import type { Receiver } from '../delivery/lane.ts';
import { messageResource } from '../resources/message.ts';
import { replySuggestionResource } from '../resources/reply-suggestion.ts';
import type { ThreadEvent } from '../thread/events.ts';

/**
 * What an event tells the world: facts, from which `match` finds who is told. The only place that turns events into
 * notifications (ENGINE 6).
 */
export type Notification = {
  event_type: 'message_created' | 'reply_suggestion_created';
  chat_id: string;
  room_id: string | null;
  seq: number;
  /** The receiver through which it came, or null. */
  origin: Receiver | null;
  /** Nobody is to be told (imports, `skip_webhooks`). */
  is_silent: boolean;
  /** The resource as REST shows it, under the key that the webhook gives it. */
  resource: { message: object } | { reply_suggestion: object };
};

/** The notifications of an event in a chat of the given room; most events have none. */
export function notificationsOf(event: ThreadEvent, roomId: string | null): Notification[] {
  const chat = { id: event.chat_id, room_id: roomId };
  const base = { chat_id: event.chat_id, room_id: roomId, seq: event.seq };
  switch (event.type) {
    case 'message_added': {
      if (event.message.type !== 'msg' || event.message.sender_type !== 'user') return [];
      const { origin, is_silent } = event;
      const resource = { message: messageResource(event.message, chat) };
      return [{ ...base, event_type: 'message_created', origin, is_silent, resource }];
    }
    case 'reply_suggestion_added': {
      const resource = { reply_suggestion: replySuggestionResource(event.suggestion, chat) };
      return [{ ...base, event_type: 'reply_suggestion_created', origin: null, is_silent: false, resource }];
    }
    default:
      return [];
  }
}
