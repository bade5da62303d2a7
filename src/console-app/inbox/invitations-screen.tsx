import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import { useRooms } from '../desk/rooms.ts';
import { useMinute } from '../desk/ticks.ts';
import type { InboxRow } from '../replica/known.ts';
import { openInvitations } from '../replica/views.ts';
import { ChatScreen } from '../thread/chat-screen.tsx';
import { useForesight } from './foresight.ts';
import { InvitationLine } from './invitation-line.tsx';
import { usePanel } from './use-panel.ts';
import './invitations.css';

const NO_ROWS: readonly InboxRow[] = [];

/** The chats to which colleagues invite the user. */
export default function InvitationsScreen() {
  const { replica } = useDesk();
  const told = useReplica(({ known }) => known.invitations);
  const rows = useReplica(({ known }) => known.rows);
  const navigate = useNavigate();
  const { chatId = null } = useParams({ strict: false });
  const rooms = useRooms();
  const minute = useMinute();
  const invitations = useMemo(() => openInvitations(told), [told]);
  const [isPanelOpen, setPanelOpen] = usePanel();
  useForesight(replica, NO_ROWS, chatId);

  const isReadable = ({ room_id }: { room_id: string | null }) => rooms.some(({ id }) => id === room_id);
  const unknown = invitations
    .filter((each) => isReadable(each) && !rows.has(each.chat_id))
    .map(({ chat_id }) => chat_id)
    .join(' ');
  useEffect(() => {
    if (unknown !== '') replica.readRows(unknown.split(' '));
  }, [replica, unknown]);

  return (
    <div className={chatId === null ? 'inbox' : 'inbox has-chat'}>
      <section className="inbox-side" aria-label="Invitations">
        <header className="inbox-head">
          <h1>Invitations</h1>
        </header>
        <div className="list-frame">
          {invitations.length === 0 ? (
            <p className="list-empty">Nobody invites you to a chat. An invitation appears here by itself.</p>
          ) : (
            <ul aria-label="Invitations: chats">
              {invitations.map((invitation) => (
                <InvitationLine
                  key={invitation.id}
                  invitation={invitation}
                  isReadable={isReadable(invitation)}
                  isOpen={invitation.chat_id === chatId}
                  minute={minute}
                  onAccepted={(id) =>
                    navigate({ to: '/inbox/$view/$chatId', params: { view: 'mine', chatId: id }, search: {} })
                  }
                />
              ))}
            </ul>
          )}
        </div>
      </section>
      <div className="inbox-main">
        {chatId === null ? (
          <div className="inbox-none">
            <Icon name="inbox" size={40} />
            <p>Accept an invitation to answer in its chat.</p>
          </div>
        ) : (
          <ChatScreen
            key={chatId}
            chatId={chatId}
            isPanelOpen={isPanelOpen}
            onPanel={setPanelOpen}
            onBack={() => navigate({ to: '/inbox/invitations' })}
          />
        )}
      </div>
    </div>
  );
}
