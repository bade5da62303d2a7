import { AlertDialog } from '@base-ui/react/alert-dialog';
import { useEffect, useRef, useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { call } from '../hub/call.ts';
import { readAll, useReadAgain } from '../records/read.ts';
import { type DeliveryFilter, listPath } from './filter.ts';
import type { Receiver } from './receivers.ts';
import type { Delivery } from './rows.ts';

type Props = { receiver: Receiver; filter: DeliveryFilter };

/** Sends all webhooks of a receiver again that failed, or were skipped if these are shown. */
export function ReplayAll({ receiver, filter }: Props) {
  const [isOpen, setOpen] = useState(false);
  const status = filter.status === 'skipped' ? 'skipped' : 'exhausted';
  const words = status === 'skipped' ? 'skipped' : 'failed';
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={setOpen}>
      <AlertDialog.Trigger className="button">Replay all {words}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog is-narrow">
          <AlertDialog.Title className="dialog-title">
            Replay all {words} webhooks of “{receiver.name}”?
          </AlertDialog.Title>
          <Run receiver={receiver} filter={filter} status={status} onDone={() => setOpen(false)} />
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

type State =
  | { step: 'asking' }
  | { step: 'running'; replayed: number }
  | { step: 'done'; replayed: number; problem: string | null };

function Run({ receiver, filter, status, onDone }: Props & { status: 'exhausted' | 'skipped'; onDone: () => void }) {
  const { session } = useDesk();
  const readAgain = useReadAgain();
  const [state, setState] = useState<State>({ step: 'asking' });
  const isStopped = useRef(false);
  useEffect(
    () => () => {
      isStopped.current = true;
    },
    [],
  );
  const range = {
    ...(filter.from === undefined ? {} : { created_at_after: filter.from }),
    ...(filter.to === undefined ? {} : { created_at_before: filter.to }),
  };

  async function run(): Promise<void> {
    let replayed = 0;
    let cursor: string | null = null;
    let problem: string | null = null;
    isStopped.current = false;
    do {
      setState({ step: 'running', replayed });
      const body: object = { status, ...range, ...(cursor === null ? {} : { cursor }) };
      const answer = await call<{ replayed: number; cursor: string | null }>(`${receiver.log}/replay`, {
        method: 'POST',
        body,
      });
      if (answer.ok) {
        replayed += answer.body.replayed;
        cursor = answer.body.cursor;
      } else problem = answer.detail;
    } while (cursor !== null && problem === null && !isStopped.current);
    setState({ step: 'done', replayed, problem });
    await readAgain(`/api/v5/orgs/${session.organization_id}/`);
  }

  if (state.step === 'asking') {
    return (
      <>
        <AlertDialog.Description render={<div />}>
          <Extent receiver={receiver} filter={filter} status={status} />
        </AlertDialog.Description>
        <p className="record-form-foot">
          <button type="button" className="button primary" onClick={() => run().catch(console.error)}>
            Replay
          </button>
          <AlertDialog.Close className="button">Cancel</AlertDialog.Close>
        </p>
      </>
    );
  }
  const isRunning = state.step === 'running';
  return (
    <>
      <p role="status">
        {isRunning ? 'Replaying… ' : ''}
        {state.replayed === 1 ? '1 webhook is' : `${state.replayed.toLocaleString()} webhooks are`} sent again.
      </p>
      {state.step === 'done' && state.problem !== null ? (
        <p className="problem" role="alert">
          {state.problem}
        </p>
      ) : null}
      <p className="record-form-foot">
        {isRunning ? (
          <button
            type="button"
            className="button"
            onClick={() => {
              isStopped.current = true;
            }}
          >
            Stop
          </button>
        ) : (
          <button type="button" className="button primary" onClick={onDone}>
            Done
          </button>
        )}
      </p>
    </>
  );
}

/** How many webhooks that are, and of which threads. */
function Extent({ receiver, filter, status }: Props & { status: 'exhausted' | 'skipped' }) {
  const { session } = useDesk();
  const [found, setFound] = useState<readonly Delivery[] | null>(null);
  const { from, to } = filter;
  const path = listPath(
    session.organization_id,
    { status, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
    receiver,
  );
  useEffect(() => {
    let isWanted = true;
    readAll<Delivery>(path).then((all) => isWanted && setFound(all), console.error);
    return () => {
      isWanted = false;
    };
  }, [path]);
  const isInTime = from !== undefined || to !== undefined;
  const threads = new Set(found?.map(({ thread_id, chat_id }) => thread_id ?? chat_id));
  const count = found === null ? '…' : found.length >= 1000 ? '1,000 or more' : String(found.length);
  return (
    <>
      <p>
        {count === '1' ? 'It is 1 webhook' : `They are ${count} webhooks`} of {found === null ? '…' : threads.size}{' '}
        {threads.size === 1 ? 'thread' : 'threads'}
        {isInTime ? ' in the time that is chosen' : ' in the last 30 days'}.
        {filter.thread !== undefined || filter.event !== undefined || filter.chat !== undefined
          ? ' The other filters do not count.'
          : ''}
      </p>
      <p className="muted">
        They go out at once, outside of the order of their threads, with the same IDs as before. Those of deleted
        messages do not.
      </p>
    </>
  );
}
