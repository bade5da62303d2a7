import type { ReactNode } from 'react';
import { withoutDirectionMarks } from '../words/names.ts';
import type { RecordRead } from './read.ts';
import './records.css';

type Props = {
  title: string;
  /** What it is for, in a sentence. */
  about?: ReactNode;
  /** Where one comes from. */
  back?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
};

/** A page of records: its heading, what can be done, and the records. */
export function RecordPage({ title, about, back, actions, children }: Props) {
  return (
    <div className="record-page">
      <header className="record-head">
        {back === undefined ? null : <p className="record-back">{back}</p>}
        <div className="record-title">
          <h1>{withoutDirectionMarks(title)}</h1>
          {actions === undefined ? null : <div className="record-actions">{actions}</div>}
        </div>
        {about === undefined ? null : (
          <p className="muted">{typeof about === 'string' ? withoutDirectionMarks(about) : about}</p>
        )}
      </header>
      {children}
    </div>
  );
}

/** A part of a page, with its own heading. */
export function RecordPart({ title, about, actions, children }: Omit<Props, 'back'>) {
  return (
    <section className="record-part" aria-label={title}>
      <div className="record-title">
        <h2>{title}</h2>
        {actions === undefined ? null : <div className="record-actions">{actions}</div>}
      </div>
      {about === undefined ? null : (
        <p className="muted">{typeof about === 'string' ? withoutDirectionMarks(about) : about}</p>
      )}
      {children}
    </section>
  );
}

/** One resource once it is read; until then that it is being read, or why not. */
export function WithRecord<Resource>({
  read,
  missing,
  children,
}: {
  read: RecordRead<Resource>;
  /** What is said when there is no such resource. */
  missing: string;
  children: (resource: Resource) => ReactNode;
}) {
  const { resource, problem, isMissing, again } = read;
  if (resource !== null && !isMissing) return children(resource);
  if (isMissing) return <p className="records-none muted">{missing}</p>;
  if (problem === null) {
    return (
      <p className="records-none muted" role="status">
        <span className="is-late">Loading…</span>
      </p>
    );
  }
  return (
    <p className="problem" role="alert">
      {problem}{' '}
      <button type="button" className="button small" onClick={again}>
        Retry
      </button>
    </p>
  );
}
