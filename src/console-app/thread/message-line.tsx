import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import type { Message } from '../replica/known.ts';
import type { OutboxEntry } from '../replica/outbox.ts';
import { timeOf, wholeTimeOf } from '../words/times.ts';

/** Text of somebody else, as text: line breaks are kept, and nothing of it is ever markup. */
type LineProps = { message: Message; isFirst: boolean; isOwn: boolean; onRedeliver: (messageId: string) => void };

export const MessageLine = memo(function MessageLine({ message, isFirst, isOwn, onRedeliver }: LineProps) {
  const { sender_type, sender_name, created_at, deleted_at, is_edited, subject } = message;
  const side = sender_type === 'visitor' ? 'from-visitor' : isOwn ? 'from-us is-own' : 'from-us';
  return (
    <div className={`message ${side}`}>
      {isFirst ? (
        <p className="message-head">
          <span className="message-name">{isOwn ? 'You' : (sender_name ?? 'Visitor')}</span>{' '}
          <time dateTime={created_at} title={wholeTimeOf(created_at)}>
            {timeOf(created_at)}
          </time>
        </p>
      ) : null}
      <div className="bubble">
        {subject === undefined ? null : <p className="bubble-subject">{subject}</p>}
        {deleted_at === null ? (
          message.message === null || message.message === '' ? null : (
            <p className="bubble-text">{message.message}</p>
          )
        ) : (
          <p className="muted">
            <em>Deleted message</em>
          </p>
        )}
        <Attachments message={message} />
      </div>
      <p className="message-foot">
        {is_edited ? <span>edited</span> : null}
        {sender_type === 'user' ? <Delivery message={message} /> : null}
        {isOwn && message.delivery_status === 'failed' && deleted_at === null ? (
          <button type="button" className="button small" onClick={() => onRedeliver(message.id)}>
            Send again
          </button>
        ) : null}
      </p>
    </div>
  );
});

function Attachments({ message }: { message: Message }) {
  if (message.attachments.length === 0) return null;
  return (
    <ul className="attachments" aria-label="Attachments">
      {message.attachments.map(({ id, title, text, attachment_url, file, actions }) => (
        <li key={id} className="attachment">
          <AttachmentName title={title ?? file?.name ?? 'Attachment'} url={attachment_url} />
          {text === null ? null : <p className="muted">{text}</p>}
          {actions.map((action) => (
            <span key={action.id} className="chip">
              {action.text}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

/** Only addresses of the web become links: `javascript:` and the like stay text. */
function AttachmentName({ title, url }: { title: string; url: string | null }) {
  if (url === null || !/^(https?:\/\/|\/files\/)/.test(url)) return <span>{title}</span>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {title}
    </a>
  );
}

function Delivery({
  message: { chat_id, delivery_status, failure_reason, read_at, delivered_at },
}: {
  message: Message;
}) {
  switch (delivery_status) {
    case 'stored':
      return <span title="Stored">✓</span>;
    case 'delivered':
      return (
        <span title={delivered_at === null ? 'Delivered' : `Delivered ${wholeTimeOf(delivered_at)}`}>✓✓ delivered</span>
      );
    case 'read':
      return <span title={read_at === null ? 'Read' : `Read ${wholeTimeOf(read_at)}`}>✓✓ read</span>;
    case 'failed':
      return (
        <span className="message-failed">
          <Icon name="warning" size={14} /> Not delivered{failure_reason === null ? '' : `: ${failure_reason}`}
          <WhyNot chatId={chat_id} />
        </span>
      );
  }
}

/** For those who may read them: what was tried to deliver the messages of the chat. */
function WhyNot({ chatId }: { chatId: string }) {
  const { session } = useDesk();
  if (!session.scopes.includes('settings')) return null;
  return (
    <>
      {' '}
      <Link to="/deliveries" search={{ chat: chatId }}>
        Find out why
      </Link>
    </>
  );
}

export type SendingActions = {
  onRetry: (key: string) => void;
  onEdit: (key: string) => void;
  onDiscard: (key: string) => void;
};

/** A message of one's own that the hub has not stored yet. */
export function SendingLine({
  entry,
  isOffline,
  ...actions
}: { entry: OutboxEntry; isOffline: boolean } & SendingActions) {
  const { key, state, content } = entry;
  return (
    <div className={`message from-us is-own ${state.is === 'failed' ? 'has-failed' : 'is-sending'}`}>
      <div className="bubble">
        <p className="bubble-text">{content.message}</p>
      </div>
      {state.is === 'failed' ? (
        <p className="message-foot message-failed" role="alert">
          <Icon name="warning" size={14} /> Not sent: {state.reason}
          <button type="button" className="button small" onClick={() => actions.onRetry(key)}>
            Retry
          </button>
          <button type="button" className="button small" onClick={() => actions.onEdit(key)}>
            Edit
          </button>
          <button type="button" className="button small" onClick={() => actions.onDiscard(key)}>
            Discard
          </button>
        </p>
      ) : (
        <p className="message-foot">{isOffline ? 'Will be sent when the connection is back' : 'Sending…'}</p>
      )}
    </div>
  );
}
