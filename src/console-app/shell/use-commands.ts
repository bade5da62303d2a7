import { useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { useClosing } from '../desk/chat-ends.ts';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { leaveChat, takeChat } from '../hub/chat-actions.ts';
import type { Command } from '../keys/commands.ts';
import { VIEW_WORDS, VIEWS } from '../words/views.ts';

export type Doors = { onPalette: () => void; onHelp: () => void; onSignOut: () => void };

/** What can be done now. What concerns a chat is there only while one is open. */
export function useCommands({ onPalette, onHelp, onSignOut }: Doors): readonly Command[] {
  const navigate = useNavigate();
  const { chatId } = useParams({ strict: false });
  const desk = useDesk();
  const { replica, userId, session, complain } = desk;
  const seesDeliveries = session.scopes.includes('settings');
  const row = useReplica(({ known }) => (chatId === undefined ? undefined : known.rows.get(chatId)));
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
