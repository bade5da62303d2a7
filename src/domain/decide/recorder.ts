import type { Answer } from '../commands.ts';
import { EVENT_VERSION, type EventBody, type ThreadEvent } from '../events.ts';
import { takeStep } from '../evolve.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ChatState, ReceivedBefore, Step, ThreadState } from '../state.ts';

/** What a command leads to: a refusal, or an answer with the events that make it true (none for a repeat). */
export type Decision<A = Answer> =
  | { ok: false; refusal: ThreadRefusal }
  | { ok: true; answer: A; events: ThreadEvent[]; steps: Step[]; state: ThreadState; received: ReceivedBefore[] };

export function refuse(refusal: ThreadRefusal): { ok: false; refusal: ThreadRefusal } {
  return { ok: false, refusal };
}

/** The answer of a draft with what it wants remembered of received messages. */
export function accept<A>(draft: Draft, answer: A, received: ReceivedBefore[] = []): Decision<A> {
  return { ok: true, answer, events: draft.events, steps: draft.steps, state: draft.state, received };
}

/** An answer that changes nothing: what was asked for is so already. */
export function unchanged<A>(state: ThreadState, answer: A): Decision<A> {
  return { ok: true, answer, events: [], steps: [], state, received: [] };
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

/** Events in the making: each is folded into the state at once, so that the next rule sees what the last one did. */
export class Draft {
  state: ThreadState;
  readonly events: ThreadEvent[] = [];
  readonly steps: Step[] = [];
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
    if (chat === undefined) throw new Error('the chat of a draft is not loaded');
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
    const step = takeStep(this.state, event);
    this.state = step.state;
    this.events.push(event);
    if (step.step !== null) this.steps.push(step.step);
    return event;
  }
}
