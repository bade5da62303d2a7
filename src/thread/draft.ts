import { EVENT_VERSION, type EventBody, type ThreadEvent } from './events.ts';
import { fold } from './fold.ts';
import type { ThreadState } from './state.ts';

/** What the shell gives `decide` beside the state: the time and new random ids. `now` (ms) is later than the last event's. */
export type Context = { command_id: string; now: number; newMappingId: () => string; newVisitorId: () => string };

/** Events in the making: each is folded into the state at once, so that the next rule sees what the last one did. */
export class Draft {
  state: ThreadState;
  readonly events: ThreadEvent[] = [];
  readonly #context: Context;

  constructor(state: ThreadState, context: Context) {
    this.state = state;
    this.#context = context;
  }

  /** The `seq` that the next event will have. */
  get nextSeq(): number {
    return this.state.last_seq + 1;
  }

  emit(chatId: string, body: EventBody): ThreadEvent {
    const event: ThreadEvent = {
      ...body,
      v: EVENT_VERSION,
      seq: this.nextSeq,
      at: this.#context.now,
      chat_id: chatId,
      command_id: this.#context.command_id,
      accepted: [],
    };
    this.state = fold(this.state, event);
    this.events.push(event);
    return event;
  }
}
