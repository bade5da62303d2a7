import { useState } from 'react';

/** A text that is needed elsewhere, such as a secret or an id, with a button that copies it. */
export function CopiedText({ text, what }: { text: string; what: string }) {
  const [outcome, setOutcome] = useState('');

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome('Copied');
    } catch {
      setOutcome('Select it and copy it yourself: the browser does not allow it.');
    }
  }

  return (
    <span className="copied">
      <code>{text}</code>
      <button
        type="button"
        className="button small"
        aria-label={`Copy ${what}`}
        onClick={() => copy().catch(console.error)}
      >
        Copy
      </button>
      <span className="muted" role="status">
        {outcome}
      </span>
    </span>
  );
}
