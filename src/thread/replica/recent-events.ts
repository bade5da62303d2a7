import type { ThreadEvent } from '../../domain/events.ts';

/** Bounds of what is kept, well inside those of a batch: rows of D1 that come of it, and characters of long texts. */
const ROWS = 100;
const CHARACTERS = 600_000;

type Weight = { rows: number; characters: number };

/** The newest events of a log, in memory until D1 has them, so that handing them over reads nothing. */
export class RecentEvents {
  #events: ThreadEvent[] = [];
  #weight: Weight = weigh([]);

  /** Adds what was committed. A tail that grows too large is dropped: the log on disk has it. */
  add(events: readonly ThreadEvent[]): void {
    this.#events.push(...events);
    const added = weigh(events);
    this.#weight = {
      rows: this.#weight.rows + added.rows,
      characters: this.#weight.characters + added.characters,
    };
    if (this.#weight.rows > ROWS || this.#weight.characters > CHARACTERS) this.forget(Number.POSITIVE_INFINITY);
  }

  /** Forgets events up to `seq`. */
  forget(seq: number): void {
    this.#events = this.#events.filter((event) => event.seq > seq);
    this.#weight = weigh(this.#events);
  }

  /** The events above `seq`; null when the tail does not reach back that far. */
  after(seq: number): ThreadEvent[] | null {
    const first = this.#events[0];
    return first === undefined || first.seq > seq + 1 ? null : this.#events.filter((event) => event.seq > seq);
  }
}

function weigh(events: readonly ThreadEvent[]): Weight {
  let rows = 0;
  let characters = 0;
  for (const event of events) {
    rows += event.type === 'variables_set' ? Object.keys(event.variables).length : 1;
    characters += charactersOf(event);
  }
  return { rows, characters };
}

function charactersOf(event: ThreadEvent): number {
  switch (event.type) {
    case 'message_added': {
      const { message, selected_reply_suggestion, attachments, response_to } = event.message;
      const extras =
        attachments.length === 0 && response_to === null ? 0 : JSON.stringify([attachments, response_to]).length;
      return (message?.length ?? 0) + (selected_reply_suggestion?.suggestion.length ?? 0) + extras;
    }
    case 'variables_set':
      return Object.values(event.variables).reduce((sum, value) => sum + (value?.length ?? 0), 0);
    case 'reply_suggestion_added':
    case 'reply_suggestion_changed':
      return event.suggestion.suggestion.length;
    default:
      return 0;
  }
}
