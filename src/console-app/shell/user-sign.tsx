import { useDesk, usePresence } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';

const UNHEARD = 'The hub does not hear you: you may be away';
const WORDS = { available: 'Available', unheard: 'Not heard: perhaps away', away: 'Away' } as const;

/** Who one is, and whether one takes chats. */
export function UserSign() {
  const { session } = useDesk();
  const presence = usePresence();
  return (
    <>
      <span className={presence === 'available' ? 'user-sign' : 'user-sign is-away'}>
        <Icon name="person" size={18} />
      </span>
      <span className="user-words">
        <span className="user-name">{session.user.full_name}</span>
        <span className="muted" title={presence === 'unheard' ? UNHEARD : undefined}>
          {WORDS[presence]}
        </span>
      </span>
    </>
  );
}
