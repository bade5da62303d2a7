import { Menu } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { userAccountResource } from '../../resources/user-account.ts';
import { useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import { handOver, type Outcome } from '../hub/chat-actions.ts';
import { readAll } from '../records/read.ts';

type Colleague = ReturnType<typeof userAccountResource>;

/** Gives the chat to a colleague, who answers it instead. */
export default function HandOver({ chatId, onOutcome }: { chatId: string; onOutcome: (outcome: Outcome) => void }) {
  const { session, userId, replica } = useDesk();
  const [isOpen, setOpen] = useState(false);
  const path = `/api/v5/orgs/${session.organization_id}/users`;
  const colleagues = useQuery({
    queryKey: ['colleagues', path],
    queryFn: () => readAll<Colleague>(path),
    enabled: isOpen,
    staleTime: 10_000,
  });
  const others = (colleagues.data ?? [])
    .filter(({ id }) => id !== userId)
    .sort(
      (one, other) => Number(other.is_present) - Number(one.is_present) || (one.full_name < other.full_name ? -1 : 1),
    );

  return (
    <Menu.Root open={isOpen} onOpenChange={setOpen}>
      <Menu.Trigger className="button small" data-command="hand over">
        Hand over
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-place" sideOffset={6} align="start">
          <Menu.Popup className="menu menu-people">
            {others.map(({ id, full_name, is_bot, is_present }) => (
              <Menu.Item
                key={id}
                className="menu-item"
                onClick={async () =>
                  onOutcome(await handOver(replica, { userId, organizationId: session.organization_id }, chatId, id))
                }
              >
                <span className="menu-person">
                  <Icon name={is_bot ? 'bot' : 'person'} size={16} /> {full_name}
                </span>
                <span className="muted">{is_present ? 'present' : 'away'}</span>
              </Menu.Item>
            ))}
            {colleagues.isError ? <p className="menu-note muted">The colleagues could not be read.</p> : null}
            {colleagues.isSuccess && others.length === 0 ? (
              <p className="menu-note muted">There is nobody else.</p>
            ) : null}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
