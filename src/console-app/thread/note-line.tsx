import { memo } from 'react';
import { Icon } from '../desk/icons.tsx';
import type { Note } from '../replica/known.ts';
import { timeOf, wholeTimeOf } from '../words/times.ts';
import './note-line.css';

type Props = { note: Note; isOwn: boolean; onDelete: (note: Note) => void };

/** What a colleague has noted about the chat. The visitor never gets it. */
export const NoteLine = memo(function NoteLine({ note, isOwn, onDelete }: Props) {
  return (
    <section className="note" aria-label="Note">
      <p className="note-head">
        <Icon name="note" size={14} />
        <span className="message-name">{isOwn ? 'You' : note.user_name}</span>
        <time dateTime={note.created_at} title={wholeTimeOf(note.created_at)}>
          {timeOf(note.created_at)}
        </time>
        <span>Only your colleagues see this</span>
      </p>
      <p className="bubble-text">{note.message}</p>
      {isOwn ? (
        <button type="button" className="button quiet small" onClick={() => onDelete(note)}>
          Delete note
        </button>
      ) : null}
    </section>
  );
});
