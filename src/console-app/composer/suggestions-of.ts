import type { Suggestion, Thread } from '../replica/known.ts';

/** The suggestions to the newest message of the visitor, the best first. None once it was answered. */
export function suggestionsOf({ messages, suggestions }: Thread): Suggestion[] {
  const last = messages.findLast(({ type }) => type === 'msg');
  if (last?.sender_type !== 'visitor') return [];
  return [...suggestions.values()]
    .filter(({ message_id }) => message_id === last.id)
    .sort((one, other) => (other.relevancy_score ?? 0) - (one.relevancy_score ?? 0) || (one.id < other.id ? 1 : -1));
}
