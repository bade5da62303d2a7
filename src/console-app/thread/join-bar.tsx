import { useEffect, useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { takeChat } from '../hub/chat-actions.ts';
import type { InboxRow } from '../replica/known.ts';

/** So long (ms) the button does nothing after it has come: it may have come under a finger that meant the one before. */
const SETTLING = 400;

/** Offers to answer a chat in which one does not take part. Mounted anew when the chat stops waiting, or waits again. */
export function JoinBar({ row }: { row: InboxRow }) {
  const desk = useDesk();
  const [isSettled, setSettled] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const isWaiting = row.chat.is_pending;

  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), SETTLING);
    return () => clearTimeout(timer);
  }, []);

  async function join(): Promise<void> {
    setBusy(true);
    const problem = await takeChat(desk, row);
    if (problem !== null) desk.complain(problem);
    setBusy(false);
  }

  return (
    <div className="composer-closed">
      <p className="muted">{isWaiting ? 'This visitor waits for an answer.' : 'You only look at this chat.'}</p>
      <button type="button" className="button primary" disabled={isBusy || !(isSettled || isWaiting)} onClick={join}>
        {isWaiting ? 'Take the chat' : 'Join the chat'} <kbd>t</kbd>
      </button>
    </div>
  );
}
