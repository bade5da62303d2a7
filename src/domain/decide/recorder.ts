import type { Answer } from '../commands.ts';
import { EVENT_VERSION, type EventBody, type ThreadEvent } from '../events.ts';
import { applyEvent } from '../evolve.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ChatState, ReceivedBefore, ThreadState, Transition } from '../state.ts';

/** What a command leads to: a refusal, or an answer with the events that make it true (none for a repeat). */
export type Decision<A = Answer> =
  | { ok: false; refusal: ThreadRefusal }
  | {
      ok: true;
      answer: A;
      events: ThreadEvent[];
      transitions: Transition[];
      state: ThreadState;
      received: ReceivedBefore[];
    };

export function refuse(refusal: ThreadRefusal): { ok: false; refusal: ThreadRefusal } {
  return { ok: false, refusal };
}

/** Accepts a command: its answer, what was recorded, and what is to be remembered of received messages. */
export function accept<A>(recorder: EventRecorder, answer: A, received: ReceivedBefore[] = []): Decision<A> {
  return {
    ok: true,
    answer,
    events: recorder.events,
    transitions: recorder.transitions,
    state: recorder.state,
    received,
  };
}

/** An answer that changes nothing: what was asked for is so already. */
export function unchanged<A>(state: ThreadState, answer: A): Decision<A> {
  return { ok: true, answer, events: [], transitions: [], state, received: [] };
}

/**
 * What the shell gives `decide` beside the state: the time and new random ids. `now` (ms) is later than the last event's.
 * `newId` makes a UUID version 7 for what has no place in the log of its own: attachments and their actions.
 */
export type Context = {
  command_id: string;
  now: number;
  newMappingId: () => string;
  newVisitorId: () => string;
  newId: () => string;
};

/** Records the events of one command. Each evolves the state at once, so that the next rule sees what the last one did. */
export class EventRecorder {
  state: ThreadState;
  readonly events: ThreadEvent[] = [];
  readonly transitions: Transition[] = [];
  readonly context: Context;

  constructor(state: ThreadState, context: Context) {
    this.state = state;
    this.context = context;
  }

  /** The `seq` that the next event will have. */
  get nextSeq(): number {
    return this.state.last_seq + 1;
  }

  /** A chat as the events so far leave it. Throws when it is not there: rules name only chats that they have looked up. */
  chat(chatId: string): ChatState {
    const chat = this.state.chats.get(chatId);
    if (chat === undefined) throw new Error('the chat of a command is not loaded');
    return chat;
  }

  emit(chatId: string, body: EventBody): ThreadEvent {
    const event: ThreadEvent = {
      ...body,
      v: EVENT_VERSION,
      seq: this.nextSeq,
      at: this.context.now,
      chat_id: chatId,
      command_id: this.context.command_id,
      accepted: [],
    };
    const transition = applyEvent(this.state, event);
    this.state = transition.state;
    this.events.push(event);
    if (transition.transition !== null) this.transitions.push(transition.transition);
    return event;
  }
}
