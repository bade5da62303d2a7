import type { ThreadEvent } from '../../domain/events.ts';
import { BoundedTail } from '../../platform/bounded-tail.ts';

/** Rows in D1, and characters of long texts: well inside the limits of a batch. */
const LIMITS = { places: 100, characters: 600_000 };

/** The most recent events of a log in memory until D1 has them, so that a batch of them reads nothing. */
export class RecentEvents extends BoundedTail<ThreadEvent> {
  constructor() {
    super(LIMITS, (event) => ({ places: rowsOf(event), characters: charactersOf(event) }));
  }

  /** Adds committed events, which follow each other. */
  commit(events: readonly ThreadEvent[]): void {
    const [first] = events;
    const last = events.at(-1);
    if (first !== undefined && last !== undefined) this.add(first.seq - 1, events, last.seq);
  }
}

function rowsOf(event: ThreadEvent): number {
  return event.type === 'variables_set' ? Object.keys(event.variables).length : 1;
}

function charactersOf(event: ThreadEvent): number {
  switch (event.type) {
    case 'message_added': {
      const { message, selected_reply_suggestion, attachments, response_to } = event.message;
      const extras =
        attachments.length === 0 && response_to === null ? 0 : JSON.stringify([attachments, response_to]).length;
      return (message?.length ?? 0) + (selected_reply_suggestion?.suggestion.length ?? 0) + extras;
    }
    case 'message_edited':
      return event.message?.length ?? 0;
    case 'variables_set':
      return Object.values(event.variables).reduce((sum, value) => sum + (value?.length ?? 0), 0);
    case 'reply_suggestion_added':
    case 'reply_suggestion_changed':
      return event.suggestion.suggestion.length;
    default:
      return 0;
  }
}
