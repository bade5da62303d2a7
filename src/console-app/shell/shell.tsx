import { Link, Outlet, useLocation, useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import type { Alerted } from '../desk/alert-words.ts';
import { useAlerts } from '../desk/alerts.ts';
import { useClosing } from '../desk/chat-ends.ts';
import { useDesk, usePreferences, usePresence, useReplica } from '../desk/desk.tsx';
import { Mark } from '../desk/icons.tsx';
import { leaveChat, takeChat } from '../hub/chat-actions.ts';
import type { Command } from '../keys/commands.ts';
import { useKeys } from '../keys/use-keys.ts';
import type { InboxRow } from '../replica/known.ts';
import type { ReplicaState } from '../replica/store.ts';
import { openInvitations, rowsOfView, type ViewName } from '../replica/views.ts';
import { VIEW_WORDS, VIEWS } from '../words/views.ts';
import { Connection } from './connection.tsx';
import { NewVersion } from './new-version.tsx';
import { UserSign } from './user-sign.tsx';
import './shell.css';

// The library for menus and dialogs is large, and nothing of it is needed to see the first chat.
const UserMenu = lazy(() => import('./user-menu.tsx'));
const Palette = lazy(() => import('../keys/palette.tsx'));
const KeyHelp = lazy(() => import('../keys/key-help.tsx'));

/** The frame of all screens: where one is, whether the hub is heard, and who one is. */
export function Shell({ onSignOut }: { onSignOut: () => void }) {
  const { counts, countedRoom, views, known } = useReplica();
  const { view } = useParams({ strict: false });
  const path = useLocation({ select: ({ pathname }) => pathname });
  const isInInvitations = path.startsWith('/inbox/invitations');
  const isInSettings = useLocation({ select: ({ pathname }) => pathname.startsWith('/settings') });
  const isInDeliveries = useLocation({ select: ({ pathname }) => pathname.startsWith('/deliveries') });
  const { session } = useDesk();
  const seesDeliveries = session.scopes.includes('settings');
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const commands = useCommands({ onPalette: () => setPaletteOpen(true), onHelp: () => setHelpOpen(true), onSignOut });
  useKeys(commands);

  const waiting = countOf('waiting', { counts, countedRoom, views, known });
  const mentioned = countOf('mentioned', { counts, countedRoom, views, known });
  const invitations = useMemo(() => openInvitations(known.invitations).length, [known.invitations]);
  const navigate = useNavigate();
  const isAway = usePresence() === 'away';
  const alerted = useAlerted(waiting, mentioned, invitations);
  useAlerts(alerted, !isAway, (kind) => navigate({ to: `/inbox/${kind}`, search: {} }));
  useEffect(() => {
    const all = waiting + mentioned + invitations;
    document.title = all === 0 ? 'UMI' : `(${all}) UMI`;
  }, [waiting, mentioned, invitations]);

  // On a phone the views are a line that is longer than the screen.
  useEffect(() => {
    if (path === '') return;
    const chosen = document.querySelector('.nav-views [aria-current="page"]');
    chosen?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }, [path]);

  return (
    <div className="shell">
      <a className="skip" href="#content">
        To the content
      </a>
      <nav className="nav" aria-label="Views">
        <div className="nav-head">
          <Mark size={26} />
          <span className="nav-name">UMI</span>
          <Connection />
        </div>
        <div className="nav-lists">
          <ul className="nav-views">
            {VIEWS.map((each) => {
              const count = countOf(each, { counts, countedRoom, views, known });
              return (
                <li key={each}>
                  <Link
                    to="/inbox/$view"
                    params={{ view: each }}
                    search={{}}
                    aria-current={each === view ? 'page' : undefined}
                  >
                    <span>{VIEW_WORDS[each].name}</span>
                    {count === 0 ? null : (
                      <span className={URGENT.includes(each) ? 'nav-count is-urgent' : 'nav-count'}>
                        {count >= 999 ? '999+' : count}
                      </span>
                    )}
                  </Link>
                </li>
              );
            })}
            <li>
              <Link to="/inbox/invitations" aria-current={isInInvitations ? 'page' : undefined}>
                <span>Invitations</span>
                {invitations === 0 ? null : <span className="nav-count is-urgent">{invitations}</span>}
              </Link>
            </li>
          </ul>
          <ul className="nav-views nav-more">
            {seesDeliveries ? (
              <li>
                <Link to="/deliveries" search={{}} aria-current={isInDeliveries ? 'page' : undefined}>
                  Deliveries
                </Link>
              </li>
            ) : null}
            <li>
              <Link to="/settings" aria-current={isInSettings ? 'page' : undefined}>
                Settings
              </Link>
            </li>
          </ul>
        </div>
        <NewVersion />
        <Suspense
          fallback={
            <button type="button" className="user" disabled>
              <UserSign />
            </button>
          }
        >
          <UserMenu onPalette={() => setPaletteOpen(true)} onHelp={() => setHelpOpen(true)} onSignOut={onSignOut} />
        </Suspense>
      </nav>
      <main className="content" id="content">
        <Outlet />
      </main>
      <Suspense fallback={null}>
        {isPaletteOpen ? (
          <Palette commands={commands.filter(({ id }) => id !== 'palette')} onClose={() => setPaletteOpen(false)} />
        ) : null}
        {isHelpOpen ? <KeyHelp commands={commands} onClose={() => setHelpOpen(false)} /> : null}
      </Suspense>
    </div>
  );
}

/** The views whose chats wait for the user. */
const URGENT: readonly ViewName[] = ['waiting', 'mentioned'];

/** How many chats a view has. A list that is here as a whole is counted, since the hub counts only now and then. */
function countOf(view: ViewName, { counts, countedRoom, views, known }: Counted): number {
  if (view === 'closed') return 0;
  const whole = [...views.values()].find(
    ({ query, end, load }) =>
      query.view === view && query.room_id === countedRoom && end === null && load.is === 'ready',
  );
  return whole === undefined ? (counts?.[view] ?? 0) : rowsOfView(known, whole).length;
}

type Counted = Pick<ReplicaState, 'counts' | 'countedRoom' | 'views' | 'known'>;

/** How much there is of what the user wants to be told of. The chat that is open is seen as it is written. */
function useAlerted(waiting: number, mentioned: number, invitations: number): Alerted {
  const { alerts } = usePreferences();
  const { rows } = useReplica().known;
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

type Doors = { onPalette: () => void; onHelp: () => void; onSignOut: () => void };

/** What can be done now. What concerns a chat is there only while one is open. */
function useCommands({ onPalette, onHelp, onSignOut }: Doors): readonly Command[] {
  const navigate = useNavigate();
  const { chatId } = useParams({ strict: false });
  const desk = useDesk();
  const { replica, userId, session, complain } = desk;
  const seesDeliveries = session.scopes.includes('settings');
  const { known } = useReplica();
  const row = chatId === undefined ? undefined : known.rows.get(chatId);
  const close = useClosing();
  const say = useCallback((outcome: string | null) => outcome !== null && complain(outcome), [complain]);

  return useMemo(() => {
    const always: Command[] = [
      { id: 'palette', name: 'Find a command', keys: 'Ctrl+K', run: onPalette },
      { id: 'keys', name: 'Show all keys', keys: '?', run: onHelp },
      ...VIEWS.map((view): Command => {
        const { name, key } = VIEW_WORDS[view];
        const run = () => navigate({ to: '/inbox/$view', params: { view }, search: {} });
        return { id: `view ${view}`, name: `Go to “${name}”`, keys: `g ${key}`, run };
      }),
      ...(seesDeliveries
        ? [
            {
              id: 'deliveries',
              name: 'Go to “Deliveries”',
              keys: 'g d',
              run: () => navigate({ to: '/deliveries', search: {} }),
            },
          ]
        : []),
      {
        id: 'invitations',
        name: 'Go to “Invitations”',
        keys: 'g i',
        run: () => navigate({ to: '/inbox/invitations' }),
      },
      { id: 'settings', name: 'Go to “Settings”', keys: 'g s', run: () => navigate({ to: '/settings' }) },
      { id: 'next', name: 'Next chat', keys: 'j', run: () => moveInList(1) },
      { id: 'previous', name: 'Previous chat', keys: 'k', run: () => moveInList(-1) },
      { id: 'sign out', name: 'Sign out', keys: null, run: onSignOut },
    ];
    if (row === undefined) return always;
    // The hub stores no readable text about an encrypted chat.
    const notes: Command[] = row.chat.is_encrypted
      ? []
      : [{ id: 'note', name: 'Write a note', keys: 'i', run: () => pressButton('note') }];
    if (row.chat.is_ended) return [...notes, ...always];
    const reply: Command = { id: 'reply', name: 'Write an answer', keys: 'r', run: writeAnswer };
    const ofChat: Command[] = row.own.is_participating
      ? [
          reply,
          ...notes,
          {
            id: 'close',
            name: 'Close the chat',
            keys: 'e',
            run: () => close(row),
          },
          {
            id: 'leave',
            name: 'Leave the chat',
            keys: null,
            run: () => leaveChat(replica, userId, row.chat.id).then(say),
          },
          { id: 'hand over', name: 'Hand the chat over', keys: 'Shift+T', run: () => pressButton('hand over') },
          { id: 'tag', name: 'Add a tag', keys: 'l', run: () => pressButton('tag') },
        ]
      : [
          {
            id: 'take',
            name: row.chat.is_pending ? 'Take the chat' : 'Join the chat',
            keys: 't',
            run: () => takeChat(desk, row).then(say),
          },
          ...notes,
        ];
    return [...ofChat, ...always];
  }, [navigate, onPalette, onHelp, onSignOut, seesDeliveries, row, desk, replica, userId, say, close]);
}

/** Opens the chat after or before the one that is open, in the order of the list. */
function moveInList(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.list-link')].sort(
    (one, other) => topOf(one) - topOf(other),
  );
  const now = links.findIndex(
    (link) => link === document.activeElement || link.getAttribute('aria-current') === 'true',
  );
  const next = links[now === -1 ? 0 : Math.max(0, Math.min(links.length - 1, now + step))];
  next?.focus();
  next?.click();
}

const topOf = (element: Element) => element.getBoundingClientRect().top;

/** From a note, the button leads back to the answer. */
function writeAnswer(): void {
  pressButton('answer');
  document.querySelector<HTMLTextAreaElement>('[data-composer]')?.focus();
}

function pressButton(command: string): void {
  document.querySelector<HTMLButtonElement>(`[data-command="${command}"]`)?.click();
}
