/**
 * What readers and commands see of a chat while a purge goes through its rows: what the purge will leave. That takes seconds, and
 * nobody may read or be told on the way what is gone already.
 */

import type { ThreadEvent } from '../../domain/events.ts';
import { isCovered, type PurgedEvent, redactEvent, redactMessage } from '../../domain/redaction.ts';
import type { MessageFacts } from '../../resources/message.ts';
import type { ReplySuggestionFacts } from '../../resources/reply-suggestion.ts';
import { newestPurge, nextOrder } from './purges.ts';

/** The purge that goes through the rows of a chat; null for nearly all chats. An object works on one at a time. */
export function readRunningPurge(sql: SqlStorage, chatId: string): PurgedEvent | null {
  const running = nextOrder(sql)?.chat;
  if (running == null || running.id !== chatId) return null;
  if (running.purged !== null) return running.purged;
  // Between the command and the note of it.
  const newest = newestPurge(sql, chatId);
  return newest?.command_id === running.command_id ? newest : null;
}

/** An event as the purge of its chat leaves it. Its type stays. */
export function afterPurge<Event extends ThreadEvent>(event: Event, purge: PurgedEvent | null): Event {
  return purge === null ? event : (redactEvent(event, purge) as Event);
}

/** A message, added by the event at `seq`, as it is now and as the purge of its chat leaves it. */
export function messageAfterPurge(message: MessageFacts, seq: number, purge: PurgedEvent | null): MessageFacts {
  const isGone = purge !== null && seq < purge.seq && isCovered(message.created_at, purge);
  return isGone ? redactMessage(message, purge) : message;
}

/** A suggestion, made or changed by the event at `seq`, as the purge of its chat leaves it. */
export function suggestionAfterPurge(
  suggestion: ReplySuggestionFacts,
  seq: number,
  purge: PurgedEvent | null,
): ReplySuggestionFacts {
  const isGone = purge !== null && seq < purge.seq && isCovered(suggestion.updated_at, purge);
  return isGone ? { ...suggestion, suggestion: '' } : suggestion;
}
