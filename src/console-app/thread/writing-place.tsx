import { type ReactNode, useEffect, useRef, useState } from 'react';
import { readDraft } from '../composer/drafts.ts';
import { NoteForm } from '../composer/note-form.tsx';
import { useNewChat } from '../desk/chat-ends.ts';
import { useDesk } from '../desk/desk.tsx';
import { mentionablePath, writeNote } from '../hub/notes.ts';
import type { InboxRow } from '../replica/known.ts';
import { nameOf } from '../words/names.ts';
import { JoinBar } from './join-bar.tsx';

type Props = { row: InboxRow; path: string; children: ReactNode };

/** Where one writes: the answer (`children`), or a note. Which of them belongs to the chat. `path`: of the chat. */
export function WritingPlace({ row, path, children }: Props) {
  const { userId, replica } = useDesk();
  const chatId = row.chat.id;
  const place = useRef<HTMLDivElement>(null);
  const [isNote, setNote] = useState(() => readDraft(userId, chatId, 'note') !== '');
  const wasNote = useRef(isNote);

  useEffect(() => {
    if (wasNote.current && !isNote) place.current?.querySelector<HTMLElement>('[data-composer]')?.focus();
    wasNote.current = isNote;
  }, [isNote]);

  // The hub never stores a readable text about an encrypted chat.
  if (row.chat.is_encrypted) return <div className="composer">{children}</div>;
  return (
    <div className="composer" ref={place}>
      {/* biome-ignore lint/a11y/useSemanticElements: two buttons are no set of fields */}
      <div className="writing-mode" role="group" aria-label="What you write">
        <button
          type="button"
          className="button quiet small"
          data-command="answer"
          aria-pressed={!isNote}
          onClick={() => setNote(false)}
        >
          Answer
        </button>
        <button
          type="button"
          className="button quiet small is-note"
          data-command="note"
          aria-pressed={isNote}
          onClick={() => setNote(true)}
        >
          Note <kbd>i</kbd>
        </button>
      </div>
      {isNote ? (
        <NoteForm
          userId={userId}
          chatId={chatId}
          colleagues={mentionablePath(path)}
          onWrite={(note, key) => writeNote(replica, path, chatId, note, key)}
          onBack={() => setNote(false)}
        />
      ) : null}
      <div hidden={isNote}>{children}</div>
    </div>
  );
}

/** What stands in place of the answer for somebody who does not take part, and in a chat that has ended. */
export function NotAnswering({ row }: { row: InboxRow }) {
  if (!row.chat.is_ended) return <JoinBar key={String(row.chat.is_pending)} row={row} />;
  return <Ended row={row} />;
}

function Ended({ row }: { row: InboxRow }) {
  const [isBusy, setBusy] = useState(false);
  const open = useNewChat()(row);
  if (open === null) return <p className="composer-closed muted">This chat has ended.</p>;
  return (
    <div className="composer-closed">
      <p className="muted">This chat has ended. The next message of the visitor begins a new one.</p>
      <button
        type="button"
        className="button"
        disabled={isBusy}
        onClick={() => {
          setBusy(true);
          open().then(() => setBusy(false), reportError);
        }}
      >
        Open a new chat with <bdi>{nameOf(row)}</bdi>
      </button>
    </div>
  );
}
