import { lazy, type ReactNode, Suspense } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import { call } from '../hub/call.ts';
import type { Invitation, Membership } from '../replica/known.ts';

const Invite = lazy(() => import('./invite.tsx'));

type Props = {
  chatId: string;
  memberships: readonly Membership[];
  /** What the user has sent in this chat. */
  invitations: readonly Invitation[];
  /** Whether the user answers the chat, and it goes on. */
  canInvite: boolean;
  handOver: ReactNode;
};

/** Who answers the chat, and who was asked to. */
export function People({ chatId, memberships, invitations, canInvite, handOver }: Props) {
  const { userId } = useDesk();
  const people = memberships.filter(({ member_type, is_participating }) => member_type === 'user' && is_participating);
  const open = invitations.filter(({ is_accepted, is_expired }) => !is_accepted && !is_expired);
  return (
    <>
      {people.length === 0 ? <p className="muted">Nobody answers this chat.</p> : null}
      <ul className="people">
        {people.map(({ member_id, member_name, is_bot, is_present }) => (
          <li key={member_id}>
            <Icon name={is_bot ? 'bot' : 'person'} size={16} />
            <span>
              <bdi>{member_name ?? 'Somebody'}</bdi>
              {member_id === userId ? ' (you)' : ''}
            </span>
            <span className="muted">{is_present ? 'present' : 'away'}</span>
          </li>
        ))}
        {open.map((invitation) => (
          <Invited key={invitation.id} invitation={invitation} canTakeBack={canInvite} />
        ))}
      </ul>
      {canInvite ? (
        <p className="people-acts">
          {handOver}
          <Suspense
            fallback={
              <button type="button" className="button small" disabled>
                Invite
              </button>
            }
          >
            <Invite chatId={chatId} members={new Set(people.map(({ member_id }) => member_id))} />
          </Suspense>
        </p>
      ) : null}
    </>
  );
}

function Invited({ invitation, canTakeBack }: { invitation: Invitation; canTakeBack: boolean }) {
  const { userId, replica, complain } = useDesk();
  const { id, chat_id, invitee_name } = invitation;

  async function takeBack(): Promise<void> {
    const path = `/api/v5/users/${userId}/chats/${chat_id}/outgoing_chat_invitations/${id}`;
    const answer = await call<Invitation>(path, { method: 'PATCH', body: { is_expired: true } });
    if (!answer.ok) return complain(`The invitation was not taken back: ${answer.detail}`);
    replica.tell('outgoing_chat_invitations', chat_id, id, answer.body);
  }

  return (
    <li>
      <Icon name="clock" size={16} />
      <span>{invitee_name}</span>
      <span className="muted">invited</span>
      {canTakeBack ? (
        <button
          type="button"
          className="button quiet small"
          aria-label={`Take back the invitation of ${invitee_name}`}
          onClick={() => takeBack().catch(reportError)}
        >
          <Icon name="close" size={12} />
        </button>
      ) : null}
    </li>
  );
}
