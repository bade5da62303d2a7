import type { Answer } from '../commands.ts';
import type { Draft } from './recorder.ts';
import type { ThreadEvent } from '../events.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ReceivedBefore, Step, ThreadState } from '../state.ts';

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
