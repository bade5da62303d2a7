import { useState } from 'react';
import { useClosing } from '../desk/chat-ends.ts';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { channelIcon, Icon } from '../desk/icons.tsx';
import { leaveChat, type Outcome } from '../hub/chat-actions.ts';
import type { InboxRow } from '../replica/known.ts';
import { nameOf, viewersOf } from '../words/names.ts';

type Props = {
  row: InboxRow;
  onOutcome: (outcome: Outcome) => void;
  onBack: () => void;
  isPanelOpen: boolean;
  onPanel: (isOpen: boolean) => void;
};

/** Whose chat it is, and what one can do with it. */
export function ChatHeader({ row, onOutcome, onBack, isPanelOpen, onPanel }: Props) {
  const { userId, replica } = useDesk();
  const [isBusy, setBusy] = useState(false);
  const close = useClosing();
  const { chat, channel, own } = row;
  const viewers = useReplica(({ known }) => viewersOf(known.viewers.get(chat.id), userId));

  async function act(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    await work();
    setBusy(false);
  }

  return (
    <header className="chat-header">
      <button type="button" className="button quiet small only-narrow" onClick={onBack} aria-label="Back to the list">
        <Icon name="back" />
      </button>
      <div className="chat-title">
        <h2>{nameOf(row)}</h2>
        {viewers === '' ? (
          <p className="muted">
            <Icon name={channelIcon(channel?.messaging_channel ?? null)} size={14} />
            {[channel?.name, chat.room_name].filter((part) => part != null).join(' · ')}
          </p>
        ) : (
          <p className="chat-viewers">
            <Icon name="eye" size={15} /> <bdi>{viewers}</bdi> {viewers.includes(', ') ? 'are' : 'is'} looking
          </p>
        )}
      </div>
      {chat.is_ended ? (
        <span className="chip">Ended</span>
      ) : own.is_participating ? (
        <>
          <button
            type="button"
            className="button"
            disabled={isBusy}
            onClick={() => act(async () => onOutcome(await leaveChat(replica, userId, chat.id)))}
          >
            Leave
          </button>
          <button type="button" className="button" disabled={isBusy} onClick={() => act(() => close(row))}>
            Close <kbd>e</kbd>
          </button>
        </>
      ) : null}
      <button
        type="button"
        className="button quiet small"
        aria-pressed={isPanelOpen}
        aria-label="About the visitor"
        title="About the visitor"
        onClick={() => onPanel(!isPanelOpen)}
      >
        <Icon name="panel" />
      </button>
    </header>
  );
}
