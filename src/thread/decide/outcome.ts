import type { Decision } from '../decide.ts';
import type { Draft } from '../draft.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ReceivedBefore, ThreadState } from '../state.ts';

export function refuse(refusal: ThreadRefusal): { ok: false; refusal: ThreadRefusal } {
  return { ok: false, refusal };
}

/** The answer of a draft with what it wants remembered of received messages. */
export function accept<A>(draft: Draft, answer: A, received: ReceivedBefore[] = []): Decision<A> {
  return { ok: true, answer, events: draft.events, state: draft.state, received };
}

/** An answer that changes nothing: what was asked for is so already. */
export function unchanged<A>(state: ThreadState, answer: A): Decision<A> {
  return { ok: true, answer, events: [], state, received: [] };
}
