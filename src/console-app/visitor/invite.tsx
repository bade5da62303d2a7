import { Menu } from '@base-ui/react/menu';
import { useState } from 'react';
import type { teamResource } from '../../resources/team.ts';
import type { userAccountResource } from '../../resources/user-account.ts';
import { useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import { call } from '../hub/call.ts';
import { CUT_WORDS, useChoices, useIsCut } from '../records/read.ts';
import type { Invitation } from '../replica/known.ts';

type Colleague = ReturnType<typeof userAccountResource>;
type Team = ReturnType<typeof teamResource>;
type Invited = { invited_user_id: string } | { invited_team_id: string };

/** Asks a colleague or a team to join the chat. `members`: who answers it already. */
export default function Invite({ chatId, members }: { chatId: string; members: ReadonlySet<string> }) {
  const { session, userId, replica, complain } = useDesk();
  const [isOpen, setOpen] = useState(false);
  const organization = `/api/v5/orgs/${session.organization_id}`;
  const colleagues = useChoices<Colleague>(isOpen ? `${organization}/users` : null);
  const isCut = useIsCut(isOpen ? `${organization}/users` : null);
  const teams = useChoices<Team>(isOpen ? `${organization}/teams` : null);
  const others = colleagues
    .filter(({ id, is_bot }) => !is_bot && !members.has(id))
    .sort(
      (one, other) => Number(other.is_present) - Number(one.is_present) || (one.full_name < other.full_name ? -1 : 1),
    );

  async function invite(body: Invited): Promise<void> {
    const path = `/api/v5/users/${userId}/chats/${chatId}/outgoing_chat_invitations`;
    const answer = await call<Invitation>(path, { method: 'POST', body });
    if (!answer.ok) return complain(`Nobody was invited: ${answer.detail}`);
    replica.tell('outgoing_chat_invitations', chatId, answer.body.id, answer.body);
  }

  return (
    <Menu.Root open={isOpen} onOpenChange={setOpen}>
      <Menu.Trigger className="button small" data-command="invite">
        Invite
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-place" sideOffset={6} align="start">
          <Menu.Popup className="menu menu-people">
            {others.map(({ id, full_name, is_present }) => (
              <Menu.Item key={id} className="menu-item" onClick={() => invite({ invited_user_id: id })}>
                <span className="menu-person">
                  <Icon name="person" size={16} /> {full_name}
                </span>
                <span className="muted">{is_present ? 'present' : 'away'}</span>
              </Menu.Item>
            ))}
            {teams.map(({ id, name }) => (
              <Menu.Item key={id} className="menu-item" onClick={() => invite({ invited_team_id: id })}>
                <span className="menu-person">
                  <Icon name="inbox" size={16} /> {name}
                </span>
                <span className="muted">team</span>
              </Menu.Item>
            ))}
            {isCut ? <p className="menu-note muted">{CUT_WORDS}</p> : null}
            {others.length === 0 && teams.length === 0 ? (
              <p className="menu-note muted">There is nobody to invite.</p>
            ) : null}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
