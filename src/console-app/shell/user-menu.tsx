import { Menu } from '@base-ui/react/menu';
import { useNavigate } from '@tanstack/react-router';
import { turnAlerts, useAlertsOn } from '../desk/alerts.ts';
import { useDesk, usePresence } from '../desk/desk.tsx';
import { UserSign } from './user-sign.tsx';

/** Who one is, and what concerns oneself. */
export default function UserMenu(props: { onPalette: () => void; onHelp: () => void; onSignOut: () => void }) {
  const { presence } = useDesk();
  const isAway = usePresence() === 'away';
  const navigate = useNavigate();
  const hasAlerts = useAlertsOn();

  async function change(): Promise<void> {
    await (isAway ? presence.begin() : presence.end());
  }

  return (
    <Menu.Root>
      <Menu.Trigger className="user">
        <UserSign />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-place" sideOffset={6} align="start">
          <Menu.Popup className="menu">
            <Menu.Item className="menu-item" onClick={change}>
              {isAway ? 'Be available' : 'Be away'}
            </Menu.Item>
            <Menu.CheckboxItem className="menu-item" checked={hasAlerts} onCheckedChange={turnAlerts}>
              Alerts <span className="muted">{hasAlerts ? 'on' : 'off'}</span>
            </Menu.CheckboxItem>
            <Menu.Item className="menu-item" onClick={props.onPalette}>
              Commands <kbd>Ctrl+K</kbd>
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={props.onHelp}>
              Keys <kbd>?</kbd>
            </Menu.Item>
            <Menu.Item
              className="menu-item"
              onClick={() => navigate({ to: '/settings/$section', params: { section: 'profile' } })}
            >
              My profile
            </Menu.Item>
            <Menu.Separator className="menu-line" />
            <Menu.Item className="menu-item" onClick={props.onSignOut}>
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
