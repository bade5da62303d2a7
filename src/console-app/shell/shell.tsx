import { Outlet } from '@tanstack/react-router';
import { lazy, memo, Suspense, useCallback, useState } from 'react';
import { Mark } from '../desk/icons.tsx';
import { useKeys } from '../keys/use-keys.ts';
import { Connection } from './connection.tsx';
import { NewVersion } from './new-version.tsx';
import { type Doors, useCommands } from './use-commands.ts';
import { UserSign } from './user-sign.tsx';
import { Views } from './views.tsx';
import { WaitingAlerts } from './waiting-alerts.tsx';
import './shell.css';

// The library for menus and dialogs is large, and nothing of it is needed to see the first chat.
const UserMenu = lazy(() => import('./user-menu.tsx'));
const Palette = lazy(() => import('../keys/palette.tsx'));
const KeyHelp = lazy(() => import('../keys/key-help.tsx'));

type Opened = 'palette' | 'help' | null;

/**
 * The frame of all screens: where one is, whether the hub is heard, and who one is. It is not drawn again when another chat
 * is opened; its parts follow what they show.
 */
export const Shell = memo(function Shell({ onSignOut }: { onSignOut: () => void }) {
  const [opened, setOpened] = useState<Opened>(null);
  const onPalette = useCallback(() => setOpened('palette'), []);
  const onHelp = useCallback(() => setOpened('help'), []);
  const close = useCallback(() => setOpened(null), []);
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
        <Views />
        <NewVersion />
        <Suspense
          fallback={
            <button type="button" className="user" disabled>
              <UserSign />
            </button>
          }
        >
          <UserMenu onPalette={onPalette} onHelp={onHelp} onSignOut={onSignOut} />
        </Suspense>
      </nav>
      <main className="content" id="content">
        <Outlet />
      </main>
      <WaitingAlerts />
      <Keys opened={opened} onClose={close} onPalette={onPalette} onHelp={onHelp} onSignOut={onSignOut} />
    </div>
  );
});

/** What keys do, and the dialogs that show it. */
function Keys({ opened, onClose, ...doors }: { opened: Opened; onClose: () => void } & Doors) {
  const commands = useCommands(doors);
  useKeys(commands);
  return (
    <Suspense fallback={null}>
      {opened === 'palette' ? (
        <Palette commands={commands.filter(({ id }) => id !== 'palette')} onClose={onClose} />
      ) : null}
      {opened === 'help' ? <KeyHelp commands={commands} onClose={onClose} /> : null}
    </Suspense>
  );
}
