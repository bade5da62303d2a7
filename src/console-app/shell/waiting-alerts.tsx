import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import type { Alerted } from '../desk/alert-words.ts';
import { useAlerts } from '../desk/alerts.ts';
import { usePreferences, usePresence, useReplica } from '../desk/desk.tsx';
import type { InboxRow } from '../replica/known.ts';
import { countInvitations, countOf } from './views.tsx';

/** Tells of what waits for the user, by the title of the page and by alerts. */
export function WaitingAlerts() {
  const waiting = useReplica((state) => countOf('waiting', state));
  const mentioned = useReplica((state) => countOf('mentioned', state));
  const invitations = useReplica(countInvitations);
  const navigate = useNavigate();
  const isAway = usePresence() === 'away';
  const alerted = useAlerted(waiting, mentioned, invitations);
  useAlerts(alerted, !isAway, (kind) => navigate({ to: `/inbox/${kind}`, search: {} }));
  useEffect(() => {
    const all = waiting + mentioned + invitations;
    document.title = all === 0 ? 'UMI' : `(${all}) UMI`;
  }, [waiting, mentioned, invitations]);
  return null;
}

/** How much there is of what the user wants to be told of. The chat that is open is seen as it is written. */
function useAlerted(waiting: number, mentioned: number, invitations: number): Alerted {
  const { alerts } = usePreferences();
  const rows = useReplica(({ known }) => known.rows);
  const { chatId } = useParams({ strict: false });
  return useMemo(() => {
    const isNew = ({ chat, own }: InboxRow) =>
      own.is_participating && !chat.is_ended && (own.unread_count ?? 0) > 0 && chat.id !== chatId;
    return {
      waiting: alerts.includes('waiting') ? waiting : 0,
      mine: alerts.includes('mine') ? [...rows.values()].filter(isNew).length : 0,
      mentioned: alerts.includes('mentioned') ? mentioned : 0,
      invitations: alerts.includes('invitations') ? invitations : 0,
    };
  }, [alerts, rows, chatId, waiting, mentioned, invitations]);
}
