import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import type { Outcome } from '../hub/chat-actions.ts';
import { acceptInvitation, declineInvitation } from '../hub/invitations.ts';
import type { InboxRow, Invitation } from '../replica/known.ts';
import { nameOf } from '../words/names.ts';
import { shortTime, wholeTimeOf } from '../words/times.ts';

type Props = {
  invitation: Invitation;
  /** Whether the user may read the chat before they accept. */
  isReadable: boolean;
  isOpen: boolean;
  /** In ms, new each minute. */
  minute: number;
  onAccepted: (chatId: string) => void;
};

/** Who asks the user to join which chat, and the answer. */
export function InvitationLine({ invitation, isReadable, isOpen, minute, onAccepted }: Props) {
  const { userId, replica, complain } = useDesk();
  const row = useReplica(({ known }) => known.rows.get(invitation.chat_id));
  const [isBusy, setBusy] = useState(false);
  const { id, chat_id, created_at, invited_by_user, invited_user_id, invitee_name } = invitation;

  async function answer(how: typeof acceptInvitation): Promise<Outcome> {
    setBusy(true);
    const outcome = await how(replica, userId, invitation);
    setBusy(false);
    if (outcome !== null) complain(outcome);
    return outcome;
  }

  const words = (
    <>
      <span className="row-top">
        <span className="row-name">{invited_by_user.full_name}</span>
        <time className="row-time" dateTime={created_at} title={wholeTimeOf(created_at)}>
          {shortTime(created_at, minute)}
        </time>
      </span>
      <span className="invitation-words">
        invites {invited_user_id === userId ? 'you' : <bdi>{invitee_name}</bdi>} to {chatWords(invitation, row)}
      </span>
      {row?.last_message?.message == null ? null : <span className="row-line">{row.last_message.message}</span>}
    </>
  );
  return (
    <li className={isOpen ? 'invitation is-open' : 'invitation'} data-invitation={id}>
      {isReadable ? (
        <Link
          className="list-link invitation-link"
          to="/inbox/invitations/$chatId"
          params={{ chatId: chat_id }}
          data-chat={chat_id}
          aria-current={isOpen ? 'true' : undefined}
        >
          {words}
        </Link>
      ) : (
        <div className="invitation-link">{words}</div>
      )}
      <p className="invitation-answers">
        <button
          type="button"
          className="button small primary"
          disabled={isBusy}
          onClick={async () => {
            if ((await answer(acceptInvitation)) === null) onAccepted(chat_id);
          }}
        >
          Accept
        </button>
        {invited_user_id === userId ? (
          <button type="button" className="button small" disabled={isBusy} onClick={() => answer(declineInvitation)}>
            Decline
          </button>
        ) : (
          <span className="muted invitation-for">
            <Icon name="person" size={14} /> One of <bdi>{invitee_name}</bdi> may accept.
          </span>
        )}
      </p>
    </li>
  );
}

function chatWords({ user_member_count, visitor_member_count }: Invitation, row: InboxRow | undefined): string {
  if (row !== undefined) return `the chat of ${nameOf(row)}`;
  if (visitor_member_count > 0) return 'the chat of a visitor';
  return user_member_count < 2 ? 'a chat' : `a chat of ${user_member_count} people`;
}
