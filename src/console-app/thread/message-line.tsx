import { Link } from '@tanstack/react-router';
import { memo, type ReactNode } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import type { Message } from '../replica/known.ts';
import type { OutboxEntry } from '../replica/outbox.ts';
import { timeOf, wholeTimeOf } from '../words/times.ts';
import { Attachments } from './attachments.tsx';
import { useChanging } from './changing.ts';
import { DeleteMessage, EditMessage } from './message-acts.tsx';

/** Text of somebody else, as text: line breaks are kept, and nothing of it is ever markup. */
type LineProps = { message: Message; isFirst: boolean; isOwn: boolean; onRedeliver: (messageId: string) => void };

export const MessageLine = memo(function MessageLine({ message, isFirst, isOwn, onRedeliver }: LineProps) {
  const { sender_type, sender_name, created_at, deleted_at, is_edited, subject } = message;
  const { open, setOpen } = useChanging();
  // It may have been deleted in another tab meanwhile.
  const isOpen = open?.id === message.id && isChangeable(message);
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
        {isOpen && open.is === 'edit' ? <EditMessage message={message} /> : <Text message={message} />}
        <Attachments message={message} />
        {isOpen && open.is === 'delete' ? <DeleteMessage message={message} /> : null}
      </div>
      <p className="message-foot">
        {is_edited ? <span>edited</span> : null}
        {sender_type === 'user' ? <Delivery message={message} /> : null}
        {isOwn && message.delivery_status === 'failed' && deleted_at === null ? (
          <button type="button" className="button small" onClick={() => onRedeliver(message.id)}>
            Send again
          </button>
        ) : null}
        {isOwn && !isOpen && isChangeable(message) ? (
          <>
            <button
              type="button"
              className="button quiet small message-act"
              aria-label="Edit this message"
              title="Edit"
              onClick={() => setOpen({ id: message.id, is: 'edit', text: message.message ?? '' })}
            >
              <Icon name="edit" size={13} />
            </button>
            <button
              type="button"
              className="button quiet small message-act"
              aria-label="Delete this message"
              title="Delete"
              onClick={() => setOpen({ id: message.id, is: 'delete', text: '' })}
            >
              <Icon name="close" size={13} />
            </button>
          </>
        ) : null}
      </p>
    </div>
  );
});

/** What a message says, or why it says nothing. */
function Text({ message }: { message: Message }) {
  const { deleted_at, sensitive_data_purged_at, is_encrypted, encrypted_message, attachments } = message;
  if (deleted_at !== null) return <Silent>Deleted message</Silent>;
  if (message.message !== null && message.message !== '') return <p className="bubble-text">{message.message}</p>;
  if (sensitive_data_purged_at !== null) {
    return <Silent>The text was purged on {wholeTimeOf(sensitive_data_purged_at)}</Silent>;
  }
  if (is_encrypted && encrypted_message != null) {
    return <Silent>Encrypted: only who has the private key of the organization can read it</Silent>;
  }
  return attachments.length === 0 ? <Silent>Empty message</Silent> : null;
}

function Silent({ children }: { children: ReactNode }) {
  return (
    <p className="muted">
      <em>{children}</em>
    </p>
  );
}

/** A message that still has its text, or only files: what is gone stays gone. */
function isChangeable({ type, deleted_at, sensitive_data_purged_at }: Message): boolean {
  return type === 'msg' && deleted_at === null && sensitive_data_purged_at === null;
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
  /** Null where nobody can write an answer. */
  onEdit: ((key: string) => void) | null;
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
        {content.message === '' ? null : <p className="bubble-text">{content.message}</p>}
        {content.attachments === undefined ? null : (
          <ul className="attachments" aria-label="Attachments">
            {content.attachments.map(({ file_id, title }) => (
              <li key={file_id} className="attachment-file">
                <Icon name="file" size={16} /> {title}
              </li>
            ))}
          </ul>
        )}
      </div>
      {state.is === 'failed' ? (
        <p className="message-foot message-failed" role="alert">
          <Icon name="warning" size={14} /> Not sent: {state.reason}
          <button type="button" className="button small" onClick={() => actions.onRetry(key)}>
            Retry
          </button>
          {actions.onEdit === null ? null : (
            <button type="button" className="button small" onClick={() => actions.onEdit?.(key)}>
              Edit
            </button>
          )}
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
