import { type FormEvent, useId, useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { call } from '../hub/call.ts';
import { useReadAgain } from '../records/read.ts';

/** Keeps what was written as a canned reply of one's own. */
export function SaveReply({ path, message, onDone }: { path: string; message: string; onDone: () => void }) {
  const { say } = useDesk();
  const id = useId();
  const readAgain = useReadAgain();
  const [isOpen, setOpen] = useState(false);
  const [shortcut, setShortcut] = useState('');
  const [problem, setProblem] = useState<string | null>(null);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    event.stopPropagation();
    const answer = await call(path, { method: 'POST', body: { shortcut, message } });
    if (!answer.ok) return setProblem(answer.detail);
    await readAgain(path);
    say({ text: `The reply /${shortcut} is saved, for you alone.`, action: null });
    onDone();
  }

  if (!isOpen) {
    return (
      <button type="button" className="button quiet small" onClick={() => setOpen(true)}>
        Save this text as a reply
      </button>
    );
  }
  return (
    <form className="save-reply" onSubmit={(event) => save(event).catch(reportError)}>
      <label htmlFor={id}>Shortcut, without the slash</label>
      <input
        id={id}
        value={shortcut}
        required
        // biome-ignore lint/a11y/noAutofocus: the field appears because somebody has asked for it
        autoFocus
        onChange={({ target }) => setShortcut(target.value)}
        onKeyDown={({ key }) => key === 'Escape' && onDone()}
      />
      <button type="submit" className="button small">
        Save
      </button>
      {problem === null ? null : (
        <span className="message-failed" role="alert">
          {problem}
        </span>
      )}
    </form>
  );
}
