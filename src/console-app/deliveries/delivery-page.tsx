import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMinute } from '../desk/ticks.ts';
import { CopiedText } from '../records/copied-text.tsx';
import { useRecord } from '../records/read.ts';
import { RecordPage, RecordPart, WithRecord } from '../records/record-page.tsx';
import { exactTime } from '../words/times.ts';
import { CodeBlock, ScrolledText } from './code-block.tsx';
import type { DeliveryFilter } from './filter.ts';
import type { Receiver } from './receivers.ts';
import { ReplayButton } from './replay-button.tsx';
import { type Attempt, answerOf, type DeliveryDetail, eventCodeOf, eventOf } from './rows.ts';
import { curlSnippet, nodeSnippet, type Signed, timestampOf } from './snippets.ts';
import { Result, StatusMark } from './status-mark.tsx';

/** How often (ms) it is read again: while it is pending, and else. */
const WHILE_PENDING = 5_000;
const ELSE = 10_000;

/** One webhook: its attempts, what was sent, and how to check that. `filter`: of the list that one comes from. */
export function DeliveryPage({ receiver, id, filter }: { receiver: Receiver; id: string; filter: DeliveryFilter }) {
  const [every, setEvery] = useState(WHILE_PENDING);
  const read = useRecord<DeliveryDetail>(`${receiver.log}/deliveries/${id}`, { every });
  const wanted = read.resource === null || read.resource.status === 'pending' ? WHILE_PENDING : ELSE;
  if (wanted !== every) setEvery(wanted);
  const { resource } = read;
  return (
    <RecordPage
      title={resource === null ? 'Delivery' : eventOf(resource)}
      back={
        <Link to="/deliveries" search={filter}>
          Deliveries
        </Link>
      }
      actions={
        resource === null || resource.is_purged === true ? null : (
          <ReplayButton receiver={receiver} delivery={resource} />
        )
      }
    >
      <WithRecord read={read} missing="There is no such delivery. They are kept for 30 days.">
        {(delivery) => (
          <>
            <Facts receiver={receiver} delivery={delivery} />
            <RecordPart title="Attempts">
              <Attempts attempts={delivery.attempts} />
            </RecordPart>
            <Request receiver={receiver} delivery={delivery} />
          </>
        )}
      </WithRecord>
    </RecordPage>
  );
}

function Facts({ receiver, delivery }: { receiver: Receiver; delivery: DeliveryDetail }) {
  const now = useMinute();
  const { skip_reason, is_purged, created_at, thread_id, chat_id, channel } = delivery;
  return (
    <>
      <p className="delivery-state">
        <StatusMark delivery={delivery} most={receiver.attempts} />
        {' · '}
        <Result delivery={delivery} />
      </p>
      {is_purged === true && skip_reason !== 'purged' ? (
        <p>Its message was deleted since, or what it tells was purged: it is not sent again.</p>
      ) : null}
      <dl className="facts">
        <dt>Event</dt>
        <dd>
          <code>{eventCodeOf(delivery)}</code>
        </dd>
        <dt>Receiver</dt>
        <dd>
          <Link to="/deliveries" search={{ receiver: receiver.id }}>
            {receiver.name}
          </Link>
        </dd>
        {receiver.url === null ? null : (
          <>
            <dt>Its address</dt>
            <dd>{receiver.url}</dd>
          </>
        )}
        <dt>Accepted</dt>
        <dd>
          <time dateTime={created_at}>{exactTime(created_at, now)}</time>
        </dd>
        {thread_id == null ? null : (
          <>
            <dt>Thread</dt>
            <dd>{thread_id}</dd>
          </>
        )}
        {channel == null ? null : (
          <>
            <dt>Collection</dt>
            <dd>
              <code>{channel}</code>
            </dd>
          </>
        )}
        <dt>Chat</dt>
        <dd>
          <Link to="/inbox/$view/$chatId" params={{ view: 'open', chatId: chat_id }} search={{}}>
            Open the chat
          </Link>
        </dd>
      </dl>
    </>
  );
}

function Attempts({ attempts }: { attempts: readonly Attempt[] }) {
  const now = useMinute();
  if (attempts.length === 0) return <p className="muted">No attempt was made, or none is kept any more.</p>;
  return (
    <ol className="attempts">
      {attempts.map((attempt, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: attempts are only ever added at the end
        <li key={place}>
          <p>
            <strong>{place + 1}</strong> <time dateTime={attempt.at}>{exactTime(attempt.at, now)}</time>{' '}
            <span className={isGood(attempt) ? 'state is-good' : 'state is-bad'}>
              {isGood(attempt) ? '✓' : '✕'} {answerOf({ last_status: attempt.status, last_error: attempt.error })}
            </span>{' '}
            <span className="muted">after {attempt.duration_ms} ms</span>
          </p>
          {'url' in attempt && attempt.url !== null ? <p className="muted attempt-url">{attempt.url}</p> : null}
          {'response' in attempt && attempt.response !== null && attempt.response !== '' ? (
            <details>
              <summary>What it answered</summary>
              <ScrolledText name={`The answer to attempt ${place + 1}`} text={attempt.response} />
            </details>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

const isGood = ({ status, error }: Attempt) => error === null && status !== null && status >= 200 && status < 300;

function Request({ receiver, delivery }: { receiver: Receiver; delivery: DeliveryDetail }) {
  const { id, attempts, body } = delivery;
  const last = attempts.at(-1);
  const timestamp = timestampOf(last?.at ?? new Date().toISOString());
  return (
    <RecordPart title="Request">
      <dl className="facts">
        <dt>webhook-id</dt>
        <dd>
          <CopiedText text={id} what="the webhook-id" />
          <p className="muted">The same at each attempt and each replay.</p>
        </dd>
        <dt>webhook-timestamp</dt>
        <dd>
          {last === undefined ? null : <CopiedText text={String(timestamp)} what="the webhook-timestamp" />}
          <p className="muted">Of {last === undefined ? 'each' : 'the last'} attempt, in seconds since 1970.</p>
        </dd>
        <dt>webhook-signature</dt>
        <dd>
          <p>
            <code>v1,</code> and the HMAC-SHA256 of <code>webhook-id.webhook-timestamp.body</code> in base64, made with
            the secret. After a change of the secret there are two for a while.
          </p>
        </dd>
      </dl>
      {body === null || body === undefined ? (
        <p className="muted">{whyNoBody(receiver, delivery)}</p>
      ) : (
        <>
          <CodeBlock name="Body, as it is signed" text={body} />
          <details>
            <summary>The body in lines</summary>
            <ScrolledText name="The body in lines" text={inLines(body)} />
          </details>
          <Verify signed={{ id, body, secret: receiver.kind === 'channel' ? 'whsec' : 'text' }} timestamp={timestamp} />
        </>
      )}
    </RecordPart>
  );
}

function Verify({ signed, timestamp }: { signed: Signed; timestamp: number }) {
  return (
    <RecordPart
      title="Verify it yourself"
      about={
        signed.secret === 'whsec'
          ? 'With the secret of the channel. URLs of files in a body are made anew at each attempt.'
          : 'With the secret of the app. Where it has a user here, each attempt adds “app_user_auth” to the body, which is kept nowhere: then a received request has another signature than this body.'
      }
    >
      <CodeBlock name="Node: the signature of the last attempt" text={nodeSnippet(signed, timestamp)} />
      <CodeBlock name="Shell: send it to a receiver of your own" text={curlSnippet(signed)} />
    </RecordPart>
  );
}

function whyNoBody({ kind }: Receiver, { is_purged }: DeliveryDetail): string {
  if (kind === 'app') return 'What exactly an app of others was sent is between the hub and its owner.';
  if (is_purged === true) return 'Its message was deleted, or what it tells was purged.';
  return 'The body is not shown: the history of chats is private and you have no right to read it, or it is no longer kept.';
}

function inLines(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
