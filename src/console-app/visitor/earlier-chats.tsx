import { useCollection } from '../records/read.ts';
import type { Chat } from '../replica/known.ts';
import { wholeTimeOf } from '../words/times.ts';

type Props = {
  /** Of the visitor. */
  path: string;
  /** The chat beside which they are shown. */
  chatId: string;
  onOpenChat: (chatId: string) => void;
};

/** The other chats of the visitor in the room, the newest first. */
export function EarlierChats({ path, chatId, onOpenChat }: Props) {
  const { items, problem, hasMore, more, again } = useCollection<Chat>(`${path}/chats`);
  const others = items.filter(({ id }) => id !== chatId);
  if (problem !== null) {
    return (
      <p className="muted">
        The other chats could not be read: {problem}{' '}
        <button type="button" className="button small" onClick={again}>
          Retry
        </button>
      </p>
    );
  }
  if (others.length === 0 && !hasMore) return <p className="muted">There are no other chats.</p>;
  return (
    <>
      <ul className="earlier">
        {others.map(({ id, created_at, is_ended, message_count }) => (
          <li key={id}>
            <button type="button" onClick={() => onOpenChat(id)}>
              <span>{wholeTimeOf(created_at)}</span>
              <span className="muted">
                {message_count} {message_count === 1 ? 'message' : 'messages'}
                {is_ended ? '' : ', open'}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {hasMore ? (
        <button type="button" className="button quiet small" onClick={more}>
          Older chats
        </button>
      ) : null}
    </>
  );
}
