import { memo } from 'react';
import { readDraft } from '../composer/drafts.ts';
import { channelIcon, Icon } from '../desk/icons.tsx';
import { useNow } from '../desk/ticks.ts';
import type { InboxRow, LastMessage } from '../replica/known.ts';
import { nameOf, withoutDirectionMarks } from '../words/names.ts';
import { shortTime, waitOf } from '../words/times.ts';

type Props = {
  row: InboxRow;
  userId: string;
  isOpen: boolean;
  /** It has left the view, and is still shown because somebody may be about to click it. */
  hasLeft: boolean;
  hasDraft: boolean;
  /** Who else looks at it, by name; empty for nobody. */
  viewers: string;
  /** Who else writes in it, in the same way. */
  writers: string;
  /** How many of its messages could not be sent. */
  failed: number;
  minute: number;
};

/** A line of the inbox. */
export const RowLine = memo(function RowLine({
  row,
  userId,
  isOpen,
  hasLeft,
  hasDraft,
  viewers,
  writers,
  failed,
  minute,
}: Props) {
  const { chat, channel, own, last_message, participants, tags, mention } = row;
  const unread = own.unread_count ?? 0;
  const others = participants.filter(({ member_id }) => member_id !== userId);
  const state = [isOpen ? 'is-open' : '', hasLeft ? 'has-left' : '', unread > 0 ? 'is-unread' : ''].join(' ');
  return (
    <div className={`row ${state}`}>
      <div className="row-top">
        <span className="row-name">{nameOf(row)}</span>
        {chat.is_pending && chat.waiting_started_at !== null ? (
          <Waiting since={chat.waiting_started_at} />
        ) : (
          <time className="row-time" dateTime={last_message?.created_at ?? chat.created_at}>
            {shortTime(last_message?.created_at ?? chat.created_at, minute)}
          </time>
        )}
      </div>
      <div className="row-text">
        <span className="row-line">
          {writers !== '' ? (
            <em className="row-writers">{withoutDirectionMarks(writers)} writing…</em>
          ) : hasDraft && !isOpen ? (
            <>
              <span className="row-draft">Draft</span> {readDraft(userId, chat.id)}
            </>
          ) : last_message === null ? (
            <em>No messages</em>
          ) : (
            textOf(last_message, userId)
          )}
        </span>
        {failed === 0 ? null : (
          <span className="row-failed" title="A message could not be sent">
            <Icon name="warning" size={16} />
            <span className="hidden-text">A message could not be sent</span>
          </span>
        )}
        {unread === 0 ? null : (
          <span className="badge">
            {unread > 99 ? '99+' : unread}
            <span className="hidden-text"> unread</span>
          </span>
        )}
      </div>
      <div className="row-foot">
        <Icon name={channelIcon(channel?.messaging_channel ?? null)} size={14} />
        <span className="row-place">{channel?.name ?? chat.room_name ?? ''}</span>
        {viewers === '' ? null : (
          <span className="chip row-viewers" title={`${viewers} looking`}>
            <Icon name="eye" size={13} />
            <span className="row-viewer">{viewers}</span>
            <span className="hidden-text"> looking</span>
          </span>
        )}
        {mention === null ? null : <span className="chip is-mention">@ You are mentioned</span>}
        {own.is_participating ? <span className="chip is-own">You</span> : null}
        {others.slice(0, 2).map(({ member_id, member_name, is_bot }) => (
          <span key={member_id} className="chip">
            {is_bot ? <Icon name="bot" size={13} /> : null}
            {member_name ?? 'Somebody'}
          </span>
        ))}
        {tags.slice(0, 2).map((tag) => (
          <span key={tag} className="chip is-tag">
            {tag}
          </span>
        ))}
      </div>
    </div>
  );
});

function textOf(message: LastMessage, userId: string): string {
  if (message.deleted_at !== null) return 'Deleted message';
  const text = message.message ?? (message.attachment_count > 0 ? 'Attachment' : '');
  if (message.sender_type === 'visitor') return text;
  return `${message.sender_id === userId ? 'You' : withoutDirectionMarks(message.sender_name ?? 'Colleague')}: ${text}`;
}

function Waiting({ since }: { since: string }) {
  const wait = waitOf(since, useNow());
  return (
    <span className="row-wait">
      <Icon name="clock" size={13} />
      <span className="hidden-text">waiting for </span>
      {wait}
    </span>
  );
}
