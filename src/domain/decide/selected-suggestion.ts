import type { SelectedReplySuggestion } from '../../resources/message.ts';
import type { ThreadState } from '../state.ts';

/** The suggestion as a message shows it nested; null when none was selected. */
export function selectedSuggestion(state: ThreadState, id: string | null): SelectedReplySuggestion | null {
  const facts = id === null ? undefined : state.suggestions.get(id)?.facts;
  return facts === undefined
    ? null
    : { id: facts.id, suggestion: facts.suggestion, relevancy_score: facts.relevancy_score };
}
