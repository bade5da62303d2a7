import { Icon } from '../desk/icons.tsx';
import type { Message } from '../replica/known.ts';
import { durationOf, timeOf, wholeTimeOf } from '../words/times.ts';

/** A call of a telephone system, as it was told to the hub. */
export function CallRecord({ message, call }: { message: Message; call: NonNullable<Message['call']> }) {
  const { direction, caller, called, duration, subject, summary, transcription } = call;
  return (
    <section className="call" aria-label="Call">
      <p className="call-head">
        <Icon name="call" size={16} />
        {direction === 'inbound' ? 'Call from' : 'Call by'} {caller} to {called}
        <span className="muted">
          {duration === null ? '' : `${durationOf(duration)} · `}
          <time dateTime={message.created_at} title={wholeTimeOf(message.created_at)}>
            {timeOf(message.created_at)}
          </time>
        </span>
      </p>
      {subject === null ? null : <p className="bubble-subject">{subject}</p>}
      {summary === null ? null : <p className="bubble-text">{summary}</p>}
      {transcription === null ? null : (
        <p>
          What was said:{' '}
          {/^https?:\/\//.test(transcription) ? (
            <a href={transcription} target="_blank" rel="noopener noreferrer">
              {transcription}
            </a>
          ) : (
            transcription
          )}
        </p>
      )}
    </section>
  );
}
