import { memo } from 'react';
import { Icon } from '../desk/icons.tsx';
import type { Note } from '../replica/known.ts';
import { partsOf } from '../words/mentions.ts';
import { timeOf, wholeTimeOf } from '../words/times.ts';
import './note-line.css';

type Props = { note: Note; userId: string; onDelete: (note: Note) => void };

/** What a colleague has noted about the chat. The visitor never gets it. */
export const NoteLine = memo(function NoteLine({ note, userId, onDelete }: Props) {
  const isOwn = note.user_id === userId;
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
      <p className="bubble-text">
        {partsOf(note.message, note.mentioned_users).map(({ text, user_ids }, place) =>
          user_ids.length === 0 ? (
            text
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a note never change
            <span key={place} className={user_ids.includes(userId) ? 'mention is-you' : 'mention'}>
              {text}
            </span>
          ),
        )}
      </p>
      {isOwn ? (
        <button type="button" className="button quiet small" onClick={() => onDelete(note)}>
          Delete note
        </button>
      ) : null}
    </section>
  );
});
