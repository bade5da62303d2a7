import type { Missed } from '../replica/catch-up.ts';
import type { Message } from '../replica/known.ts';
import type { OutboxEntry } from '../replica/outbox.ts';
import { dayOf } from '../words/times.ts';

/** What a thread shows, from top to bottom. */
export type Line =
  | { readonly is: 'day'; readonly key: string; readonly text: string }
  /** Above the first message that came while the connection was lost. */
  | { readonly is: 'catch_up'; readonly key: string; readonly count: number }
  | { readonly is: 'message'; readonly key: string; readonly message: Message; readonly isFirst: boolean }
  | { readonly is: 'note'; readonly key: string; readonly message: Message; readonly text: string }
  | { readonly is: 'sending'; readonly key: string; readonly entry: OutboxEntry };

/** Messages of one sender within this time (ms) stand together under one name. */
const TOGETHER = 5 * 60_000;

/**
 * The lines of a thread. `messages`: in order, without those that `entries` show. `catchUp`: the first message that came
 * during a break; null for none. `now` in ms.
 */
export function linesOf(
  messages: readonly Message[],
  entries: readonly OutboxEntry[],
  catchUp: Missed | null,
  now: number,
): Line[] {
  const lines: Line[] = [];
  let day = '';
  let before: Message | null = null;
  for (const message of messages) {
    const itsDay = dayOf(message.created_at, now);
    if (itsDay !== day) {
      lines.push({ is: 'day', key: `day ${message.id}`, text: itsDay });
      day = itsDay;
      before = null;
    }
    if (message.id === catchUp?.first_id) {
      lines.push({ is: 'catch_up', key: 'catch up', count: catchUp.count });
      before = null;
    }
    const text = noteOf(message);
    if (text === null) {
      lines.push({ is: 'message', key: message.id, message, isFirst: before === null || !isTogether(before, message) });
      before = message;
    } else {
      lines.push({ is: 'note', key: message.id, message, text });
      before = null;
    }
  }
  for (const entry of entries) lines.push({ is: 'sending', key: entry.key, entry });
  return lines;
}

function isTogether(one: Message, other: Message): boolean {
  return one.sender_id === other.sender_id && Date.parse(other.created_at) - Date.parse(one.created_at) < TOGETHER;
}

/** What a message says that nobody has written; null for one that somebody has. */
export function noteOf({
  type,
  sender_name,
  sender_type,
  message,
  response_text,
  response_to_action,
}: Message): string | null {
  const who = sender_name ?? (sender_type === 'visitor' ? 'The visitor' : 'Somebody');
  switch (type) {
    case 'msg':
    case 'autosuggest':
      return null;
    case 'join':
      return `${who} joined`;
    case 'leave':
      return `${who} left`;
    case 'tag_created':
      return `${who} added the tag ${message ?? ''}`.trim();
    case 'action':
      return `${who} chose ${response_to_action?.text ?? response_text ?? 'an answer'}`;
    case 'call_request':
      return `${who} asked for a call`;
    case 'call_ended':
      return 'The call ended';
    case 'shoppingcart_locked':
      return 'The shopping cart was locked';
    case 'interaction_submit':
      return `${who} submitted a form`;
    case 'system':
      return message ?? '';
  }
}
