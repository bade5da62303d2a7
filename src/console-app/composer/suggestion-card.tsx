import { useState } from 'react';
import { Icon } from '../desk/icons.tsx';
import type { Suggestion } from '../replica/known.ts';

type Props = {
  /** The best one first. At least one. */
  suggestions: readonly Suggestion[];
  canInsertByKey: boolean;
  onInsert: (suggestion: Suggestion) => void;
  onSend: (suggestion: Suggestion) => void;
  onDismiss: (suggestion: Suggestion) => void;
};

/** An answer that somebody has suggested to the newest message of the visitor. */
export function SuggestionCard({ suggestions, canInsertByKey, onInsert, onSend, onDismiss }: Props) {
  const [place, setPlace] = useState(0);
  const index = Math.min(place, suggestions.length - 1);
  const suggestion = suggestions[index];
  if (suggestion === undefined) return null;
  const { created_by_user, relevancy_score } = suggestion;
  return (
    <section className="suggestion" aria-label="Suggested answer">
      <header>
        <Icon name="sparkle" size={15} />
        <span>{created_by_user.full_name}</span>
        {relevancy_score === null ? null : <span className="muted">{Math.round(relevancy_score * 100)} % sure</span>}
        {suggestions.length === 1 ? null : (
          <button
            type="button"
            className="button quiet small suggestion-next"
            onClick={() => setPlace((index + 1) % suggestions.length)}
          >
            {index + 1} of {suggestions.length}, next
          </button>
        )}
      </header>
      <p className="bubble-text suggestion-text">{suggestion.suggestion}</p>
      <footer>
        <button type="button" className="button small" onClick={() => onInsert(suggestion)}>
          Insert {canInsertByKey ? <kbd>Tab</kbd> : null}
        </button>
        <button type="button" className="button small" onClick={() => onSend(suggestion)}>
          Send as it is
        </button>
        <button type="button" className="button quiet small" onClick={() => onDismiss(suggestion)}>
          Dismiss
        </button>
      </footer>
    </section>
  );
}
