import { useAvailable, useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';

/** Who one is, and whether one takes chats. */
export function UserSign() {
  const { session } = useDesk();
  const isAway = !useAvailable();
  return (
    <>
      <span className={isAway ? 'user-sign is-away' : 'user-sign'}>
        <Icon name="person" size={18} />
      </span>
      <span className="user-words">
        <span className="user-name">{session.user.full_name}</span>
        <span className="muted">{isAway ? 'Away' : 'Available'}</span>
      </span>
    </>
  );
}
