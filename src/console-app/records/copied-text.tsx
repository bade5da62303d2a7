import { useState } from 'react';

type Props = {
  text: string;
  /** What it is: the button says it. */
  what: string;
  /** Of several lines. */
  isLong?: boolean;
};

/** A text that is needed elsewhere, such as a secret or an id, with a button that copies it. */
export function CopiedText({ text, what, isLong }: Props) {
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
    <span className={isLong === true ? 'copied is-long' : 'copied'}>
      {isLong === true ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys
        <code className="code" tabIndex={0}>
          {text}
        </code>
      ) : (
        <code>{text}</code>
      )}
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
