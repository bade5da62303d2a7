import { type FormEvent, type KeyboardEvent, lazy, useEffect, useId, useRef, useState } from 'react';
import { Icon } from '../desk/icons.tsx';
import type { Outcome } from '../hub/chat-actions.ts';
import { useReadChoices } from '../records/read.ts';
import { mentionedIn, type Named } from '../words/mentions.ts';
import { readDraft, writeDraft } from './drafts.ts';
import { mentioningAt } from './mention-text.ts';
import { usePicker } from './use-picker.tsx';

const ColleaguePicker = lazy(() => import('./colleague-picker.tsx'));

type Props = {
  userId: string;
  chatId: string;
  /** Where those are whom the note may mention. */
  colleagues: string;
  /** Answers why the note was not saved; null when it was. */
  onWrite: (note: { message: string; mentioned_user_ids: readonly string[] }, key: string) => Promise<Outcome>;
  onBack: () => void;
};

/** In characters (docs/api.md). */
const LONGEST = 10_000;

/** Where one writes a note for the colleagues. It has nothing of the answer: neither its text nor its button. */
export function NoteForm({ userId, chatId, colleagues, onWrite, onBack }: Props) {
  const field = useId();
  const hint = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => readDraft(userId, chatId, 'note'));
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [problem, setProblem] = useState<Outcome>(null);
  const [isBusy, setBusy] = useState(false);
  const isTooLong = Array.from(text).length > LONGEST;
  const cannotSave = text.trim() === '' || isTooLong || isBusy;

  const readColleagues = useReadChoices<Named>();
  const mentions = usePicker({
    area,
    text,
    onText: change,
    choosingAt: mentioningAt,
    draw: (field) => <ColleaguePicker field={field} path={colleagues} />,
  });

  useEffect(() => writeDraft(userId, chatId, text, 'note'), [userId, chatId, text]);
  useEffect(() => area.current?.focus(), []);

  function change(next: string): void {
    setText(next);
    setKey(crypto.randomUUID());
  }

  async function save(): Promise<void> {
    if (cannotSave) return;
    setBusy(true);
    const outcome = await write(text.trim());
    setBusy(false);
    setProblem(outcome);
    if (outcome !== null) return;
    change('');
    area.current?.focus();
  }

  async function write(message: string): Promise<Outcome> {
    const people = message.includes('@') ? await readColleagues(colleagues).catch(() => null) : [];
    if (people === null) return 'The note was not saved: whom it may mention could not be read.';
    return onWrite({ message, mentioned_user_ids: mentionedIn(message, people) }, key);
  }

  function pressed(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    if (!mentions.press(event)) {
      if (event.key === 'Enter' && !event.shiftKey) save().catch(reportError);
      else if (event.key === 'Escape') onBack();
      else return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  function submitted(event: FormEvent): void {
    event.preventDefault();
    save().catch(reportError);
  }

  return (
    <>
      {mentions.list}
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
          aria-autocomplete="list"
          aria-activedescendant={mentions.optionId ?? undefined}
          onChange={({ target }) => {
            change(target.value);
            mentions.look(target.value, target.selectionStart);
          }}
          onSelect={({ currentTarget }) => mentions.look(currentTarget.value, currentTarget.selectionStart)}
          onKeyDown={pressed}
        />
        <div className="composer-foot">
          <p id={hint} className={isTooLong || problem !== null ? 'message-failed' : ''} role="status">
            {isTooLong
              ? `At most ${LONGEST.toLocaleString('en')} characters`
              : (problem ?? 'Only your colleagues see this. @ mentions one')}
          </p>
          <button type="submit" className="button note-save" disabled={cannotSave}>
            <Icon name="note" size={16} /> Save note
          </button>
        </div>
      </form>
    </>
  );
}
