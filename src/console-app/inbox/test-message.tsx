import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { readDemo, sendTestMessage } from '../hub/session.ts';

/** In a demo: lets a visitor write, so that the first inbox is not empty. */
export function TestMessage() {
  const { complain } = useDesk();
  const [isBusy, setBusy] = useState(false);
  const demo = useQuery({ queryKey: ['demo'], queryFn: readDemo, staleTime: Number.POSITIVE_INFINITY });
  if (demo.data === undefined || demo.data.users.length === 0) return null;

  async function send(): Promise<void> {
    setBusy(true);
    const answer = await sendTestMessage();
    setBusy(false);
    if (!answer.ok) complain(`The test message was not sent: ${answer.detail}`);
  }

  return (
    <footer className="inbox-foot">
      <button type="button" className="button" disabled={isBusy} onClick={send}>
        Send a test message
      </button>
      <p className="muted">A visitor of the demo writes.</p>
    </footer>
  );
}
