import { useState } from 'react';

/** A longer text that is needed elsewhere, with a button that copies it. */
export function CodeBlock({ name, text }: { name: string; text: string }) {
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
    <div className="code-block">
      <p>
        <span>{name}</span>
        <span className="muted" role="status">
          {outcome}
        </span>
        <button
          type="button"
          className="button small"
          aria-label={`Copy: ${name}`}
          onClick={() => copy().catch(console.error)}
        >
          Copy
        </button>
      </p>
      <ScrolledText name={name} text={text} />
    </div>
  );
}

/** A text of a program as it is. It scrolls, so it can be reached by keys. */
export function ScrolledText({ name, text }: { name: string; text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a text that scrolls must be reachable by keys
    <section className="code" tabIndex={0} aria-label={name}>
      <code>{text}</code>
    </section>
  );
}
