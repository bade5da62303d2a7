import { Icon } from '../desk/icons.tsx';
import { sizeOf } from '../words/files.ts';
import { withoutDirectionMarks } from '../words/names.ts';
import type { DraftFile, DraftFiles } from './draft-files.ts';

/** The files that go with the next message. */
export function FileList({ files, all }: { files: DraftFiles; all: readonly DraftFile[] }) {
  if (all.length === 0) return null;
  return (
    <ul className="draft-files" aria-label="Files to be sent">
      {all.map(({ key, name, size, state }) => (
        <li key={key} className={state.is === 'failed' ? 'has-failed' : ''}>
          <Icon name={state.is === 'failed' ? 'warning' : 'file'} size={15} />
          <span className="draft-file-name">{withoutDirectionMarks(name)}</span>
          <span className={state.is === 'failed' ? 'message-failed' : 'muted'} role="status">
            {state.is === 'failed' ? `Not uploaded: ${state.reason}` : size === 0 ? '' : sizeOf(size)}
          </span>
          {state.is === 'uploading' ? <progress value={state.share} aria-label={`Uploading ${name}`} /> : null}
          {state.is === 'failed' && state.canRetry ? (
            <button type="button" className="button small" onClick={() => files.retry(key)}>
              Retry
            </button>
          ) : null}
          <button
            type="button"
            className="button quiet small"
            aria-label={`Remove ${name}`}
            onClick={() => files.remove(key)}
          >
            <Icon name="close" size={12} />
          </button>
        </li>
      ))}
    </ul>
  );
}
