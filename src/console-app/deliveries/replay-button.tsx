import { useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { call } from '../hub/call.ts';
import { useReadAgain } from '../records/read.ts';
import { canReplay, type Receiver } from './receivers.ts';
import { type Delivery, eventOf } from './rows.ts';

/** Sends one webhook again, where that is possible. */
export function ReplayButton({ receiver, delivery }: { receiver: Receiver; delivery: Delivery }) {
  const { session, complain } = useDesk();
  const readAgain = useReadAgain();
  const [isBusy, setBusy] = useState(false);
  if (delivery.status === 'pending' || !canReplay(receiver)) return null;

  async function replay(): Promise<void> {
    setBusy(true);
    const answer = await call<{ replayed: number }>(`${receiver.log}/deliveries/${delivery.id}/replay`, {
      method: 'POST',
      body: {},
    });
    if (!answer.ok) complain(answer.detail);
    else if (answer.body.replayed === 0)
      complain('It is not sent again: it is on its way already, or its message was deleted.');
    await readAgain(`/api/v5/orgs/${session.organization_id}/`);
    setBusy(false);
  }

  return (
    <button
      type="button"
      className="button small"
      disabled={isBusy}
      aria-label={`Replay ${eventOf(delivery)}${delivery.thread_id == null ? '' : ` of ${delivery.thread_id}`}`}
      onClick={() => replay().catch(console.error)}
    >
      Replay
    </button>
  );
}
