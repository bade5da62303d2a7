/**
 * What readers see of a chat while a purge may not have come to its rows: what the purge will leave. It goes from row to row for
 * seconds, and nobody may read on the way what is gone already.
 */

import { type ThreadEvent, upcastEvent } from '../../domain/events.ts';
import { isCovered, type PurgedEvent, redactEvent, redactMessage } from '../../domain/redaction.ts';
import type { ChatState } from '../../domain/state.ts';
import type { MessageFacts } from '../../resources/message.ts';

/** The purges of a chat that its marks name, oldest first. None for nearly all chats. */
export function readPurges(sql: SqlStorage, { facts }: ChatState): readonly PurgedEvent[] {
  const { last_purge } = facts;
  if (last_purge === undefined) return [];
  const rows = sql.exec<{ event: string }>(
    `SELECT event FROM events WHERE seq IN (?, ?) AND type = 'purged' ORDER BY seq`,
    last_purge.all_seq ?? last_purge.seq,
    last_purge.seq,
  );
  return Array.from(rows, ({ event }) => upcastEvent(JSON.parse(event) as { v: number }) as PurgedEvent);
}

/** An event as the purges of its chat leave it. */
export function afterPurges<Event extends ThreadEvent>(event: Event, purges: readonly PurgedEvent[]): Event {
  // Its type stays.
  return purges.reduce((left, purge) => redactEvent(left, purge) as Event, event);
}

/** A message, added by the event at `seq`, as it is now and as the purges of its chat leave it. */
export function messageAfterPurges(message: MessageFacts, seq: number, purges: readonly PurgedEvent[]): MessageFacts {
  return purges.reduce(
    (left, purge) => (seq < purge.seq && isCovered(left.created_at, purge) ? redactMessage(left, purge) : left),
    message,
  );
}
