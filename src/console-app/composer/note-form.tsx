import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { Icon } from '../desk/icons.tsx';
import type { Outcome } from '../hub/chat-actions.ts';
import { readDraft, writeDraft } from './drafts.ts';

type Props = {
  userId: string;
  chatId: string;
  /** Answers why the note was not saved; null when it was. */
  onWrite: (text: string, key: string) => Promise<Outcome>;
  onBack: () => void;
};

/** In characters (docs/api.md). */
const LONGEST = 10_000;

/** Where one writes a note for the colleagues. It has nothing of the answer: neither its text nor its button. */
export function NoteForm({ userId, chatId, onWrite, onBack }: Props) {
  const field = useId();
  const hint = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => readDraft(userId, chatId, 'note'));
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [problem, setProblem] = useState<Outcome>(null);
  const [isBusy, setBusy] = useState(false);
  const isTooLong = Array.from(text).length > LONGEST;
  const cannotSave = text.trim() === '' || isTooLong || isBusy;

  useEffect(() => writeDraft(userId, chatId, text, 'note'), [userId, chatId, text]);
  useEffect(() => area.current?.focus(), []);

  function change(next: string): void {
    setText(next);
    setKey(crypto.randomUUID());
  }

  async function save(): Promise<void> {
    if (cannotSave) return;
    setBusy(true);
    const outcome = await onWrite(text.trim(), key);
    setBusy(false);
    setProblem(outcome);
    if (outcome !== null) return;
    change('');
    area.current?.focus();
  }

  function pressed(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) save().catch(reportError);
    else if (event.key === 'Escape') onBack();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function submitted(event: FormEvent): void {
    event.preventDefault();
    save().catch(reportError);
  }

  return (
    <form className="composer-form note-form" onSubmit={submitted}>
      <label className="hidden-text" htmlFor={field}>
        Note for your colleagues
      </label>
      <textarea
        id={field}
        ref={area}
        rows={2}
        value={text}
        readOnly={isBusy}
        placeholder="Write a note about this chat"
        aria-describedby={hint}
        onChange={(event) => change(event.target.value)}
        onKeyDown={pressed}
      />
      <div className="composer-foot">
        <p id={hint} className={isTooLong || problem !== null ? 'message-failed' : ''} role="status">
          {isTooLong
            ? `At most ${LONGEST.toLocaleString('en')} characters`
            : (problem ?? 'Only your colleagues see this')}
        </p>
        <button type="submit" className="button note-save" disabled={cannotSave}>
          <Icon name="note" size={16} /> Save note
        </button>
      </div>
    </form>
  );
}
