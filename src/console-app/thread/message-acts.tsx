import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import type { Message } from '../replica/known.ts';
import { useChanging } from './changing.ts';

/** Changes the text of one's own message, where it stands. */
export function EditMessage({ message }: { message: Message }) {
  const { open, setOpen, edit, hasChannel, longest } = useChanging();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const text = open?.text ?? '';
  const { problem, isBusy, run } = useOutcome(() => edit(message.id, text.trim()));
  const cannotSave = isBusy || text.trim() === '' || Array.from(text).length > longest;

  useEffect(() => area.current?.focus(), []);

  function submit(event?: FormEvent): void {
    event?.preventDefault();
    if (!cannotSave) run();
  }

  return (
    <form className="message-edit" onSubmit={submit}>
      <label className="hidden-text" htmlFor={id}>
        New text of the message
      </label>
      <textarea
        id={id}
        ref={area}
        rows={3}
        value={text}
        aria-describedby={`${id}-hint`}
        onChange={({ target }) => setOpen({ id: message.id, is: 'edit', text: target.value })}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
          else if (event.key === 'Escape') setOpen(null);
          else return;
          event.stopPropagation();
        }}
      />
      <p id={`${id}-hint`} className={problem === null ? '' : 'message-failed'} role="status">
        {problem ??
          (hasChannel ? 'Who was sent the message already keeps the old text.' : 'The visitor sees the new text.')}
      </p>
      <p className="message-acts">
        <button type="submit" className="button primary small" disabled={cannotSave}>
          Save
        </button>
        <button type="button" className="button small" onClick={() => setOpen(null)}>
          Cancel
        </button>
      </p>
    </form>
  );
}

/** Asks before one's own message is deleted: that cannot be taken back. */
export function DeleteMessage({ message }: { message: Message }) {
  const { setOpen, remove, hasChannel } = useChanging();
  const { problem, isBusy, run } = useOutcome(() => remove(message.id));
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <section className="message-delete" aria-label="Delete this message?">
      <p className={problem === null ? '' : 'message-failed'} role="status">
        {problem ??
          (hasChannel
            ? 'Delete this message here? Who was sent it already keeps it.'
            : 'Delete this message, for the visitor too?')}
      </p>
      <p className="message-acts">
        <button type="button" className="button danger small" disabled={isBusy} onClick={run}>
          Delete
        </button>
        <button ref={keep} type="button" className="button small" onClick={() => setOpen(null)}>
          Keep
        </button>
      </p>
    </section>
  );
}

function useOutcome(work: () => Promise<string | null>) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = () => {
    setBusy(true);
    work().then((outcome) => {
      setBusy(false);
      setProblem(outcome);
    }, reportError);
  };
  return { problem, isBusy, run };
}
