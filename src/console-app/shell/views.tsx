import { Link, useLocation, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useDesk, useReplica } from '../desk/desk.tsx';
import type { ReplicaState } from '../replica/store.ts';
import { openInvitations, rowsOfView, type ViewName } from '../replica/views.ts';
import { VIEW_WORDS, VIEWS } from '../words/views.ts';

/** The ways to the views, the invitations and what else there is, each with its number. */
export function Views() {
  const view = useParams({ strict: false, select: (params) => params.view });
  const place = useLocation({ select: ({ pathname }) => pathname.split('/').slice(1, 3).join('/') });
  const { session } = useDesk();
  const invitations = useReplica(countInvitations);

  const numbered = useReplica(countNumbers);

  // On a phone the views are a line that is longer than the screen, and longer still once it has numbers.
  // biome-ignore lint/correctness/useExhaustiveDependencies: with another number the chosen one stands elsewhere
  useEffect(() => {
    if (place === '') return;
    const chosen = document.querySelector('.nav-views [aria-current="page"]');
    chosen?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }, [place, numbered]);

  return (
    <div className="nav-lists">
      <ul className="nav-views">
        {VIEWS.map((each) => (
          <ViewLink key={each} view={each} isChosen={each === view} />
        ))}
        <li>
          <Link to="/inbox/invitations" aria-current={place === 'inbox/invitations' ? 'page' : undefined}>
            <span>Invitations</span>
            {invitations === 0 ? null : <span className="nav-count is-urgent">{invitations}</span>}
          </Link>
        </li>
      </ul>
      <ul className="nav-views nav-more">
        {session.scopes.includes('settings') ? (
          <li>
            <Link to="/deliveries" search={{}} aria-current={isBelow('deliveries', place)}>
              Deliveries
            </Link>
          </li>
        ) : null}
        <li>
          <Link to="/settings" aria-current={isBelow('settings', place)}>
            Settings
          </Link>
        </li>
      </ul>
    </div>
  );
}

const isBelow = (folder: string, place: string) => (place.split('/')[0] === folder ? 'page' : undefined);

function ViewLink({ view, isChosen }: { view: ViewName; isChosen: boolean }) {
  const count = useReplica((state) => countOf(view, state));
  return (
    <li>
      <Link to="/inbox/$view" params={{ view }} search={{}} aria-current={isChosen ? 'page' : undefined}>
        <span>{VIEW_WORDS[view].name}</span>
        {count === 0 ? null : (
          <span className={URGENT.includes(view) ? 'nav-count is-urgent' : 'nav-count'}>
            {count >= 999 ? '999+' : count}
          </span>
        )}
      </Link>
    </li>
  );
}

/** The views whose chats wait for the user. */
const URGENT: readonly ViewName[] = ['waiting', 'mentioned'];

/** How many chats a view has. A list that is here as a whole is counted, since the hub counts only now and then. */
export function countOf(view: ViewName, { counts, countedRoom, views, known }: ReplicaState): number {
  if (view === 'closed') return 0;
  const whole = [...views.values()].find(
    ({ query, end, load }) =>
      query.view === view && query.room_id === countedRoom && end === null && load.is === 'ready',
  );
  return whole === undefined ? (counts?.[view] ?? 0) : rowsOfView(known, whole).length;
}

/** How many invitations the user may still accept. */
export const countInvitations = ({ known }: ReplicaState): number => openInvitations(known.invitations).length;

/** How many of the views have a number beside them. */
const countNumbers = (state: ReplicaState): number =>
  VIEWS.filter((view) => countOf(view, state) > 0).length + Math.min(1, countInvitations(state));
