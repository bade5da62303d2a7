import type { ThreadEvent } from './events.ts';
import { fold } from './evolve.ts';
import type { Step, ThreadState } from './state.ts';

/** The state after an event, and the step in its chat; null for an event before the thread's first chat. */
export function takeStep(before: ThreadState, event: ThreadEvent): { state: ThreadState; step: Step | null } {
  const state = fold(before, event);
  const after = state.chats.get(event.chat_id);
  if (after === undefined) return { state, step: null };
  const suggestion =
    event.type === 'reply_suggestion_changed' ? before.suggestions.get(event.suggestion.id)?.facts : undefined;
  const chat = before.chats.get(event.chat_id);
  return { state, step: { event, before: chat ?? null, after, suggestion_before: suggestion ?? null } };
}

/** The steps of events that follow a state, which must hold the chats and suggestions that they change. */
export function stepsOf(before: ThreadState, events: readonly ThreadEvent[]): Step[] {
  let state = before;
  return events.flatMap((event) => {
    const taken = takeStep(state, event);
    state = taken.state;
    return taken.step ?? [];
  });
}
