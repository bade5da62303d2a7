import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import type { appWebhookResource } from '../../resources/app.ts';
import type { testResult } from '../../resources/delivery.ts';
import { call } from '../hub/call.ts';
import { useChoices } from '../records/read.ts';
import { ScrolledText } from './code-block.tsx';
import type { Receiver } from './receivers.ts';
import { resultOf } from './rows.ts';

/** Sends an event to a receiver that it may ignore, and shows how it answers. */
export function SendTest({ receiver }: { receiver: Receiver }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Trigger className="button">Send a test</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">Send a test to “{receiver.name}”</Dialog.Title>
          <p className="muted">
            It is signed like all others and says that it is a test. It is sent once, now, and is in no log.
          </p>
          {receiver.app === null ? <Test path={`${receiver.log}/test`} name="Send" /> : <AppTests app={receiver.app} />}
          <p className="record-form-foot">
            <Dialog.Close className="button">Close</Dialog.Close>
          </p>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** An app has a test for each of its webhooks. */
function AppTests({ app }: { app: string }) {
  const webhooks = useChoices<ReturnType<typeof appWebhookResource>>(`${app}/webhooks`);
  if (webhooks.length === 0) return <p>The app has no webhooks.</p>;
  return (
    <ul className="tests">
      {webhooks.map(({ id, endpoint_url, channel_pattern }) => (
        <li key={id}>
          <p>
            <code>{channel_pattern}</code> to <code>{endpoint_url}</code>
          </p>
          <Test path={`${app}/webhooks/${id}/test`} name={`Send to ${new URL(endpoint_url).host}`} />
        </li>
      ))}
    </ul>
  );
}

type Outcome = { problem: string } | { result: ReturnType<typeof testResult> };

function Test({ path, name }: { path: string; name: string }) {
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);

  async function send(): Promise<void> {
    setBusy(true);
    setOutcome(null);
    const answer = await call<ReturnType<typeof testResult>>(path, { method: 'POST', body: {} });
    setBusy(false);
    setOutcome(answer.ok ? { result: answer.body } : { problem: answer.detail });
  }

  return (
    <>
      <p>
        <button type="button" className="button" disabled={isBusy} onClick={() => send().catch(console.error)}>
          {name}
        </button>
      </p>
      <div role="status">
        {isBusy ? <p className="muted">Sending…</p> : null}
        {outcome === null ? null : 'problem' in outcome ? (
          <p className="problem">{outcome.problem}</p>
        ) : (
          <TestResult result={outcome.result} />
        )}
      </div>
    </>
  );
}

function TestResult({ result }: { result: ReturnType<typeof testResult> }) {
  const { success, status, error, duration_ms, response } = result;
  return (
    <>
      <p className={success ? 'state is-good' : 'state is-bad'}>
        {success ? '✓ It arrived.' : '✕ It did not arrive.'} {resultOf({ last_status: status, last_error: error })},
        after {duration_ms} ms.
      </p>
      {response === null || response === '' ? null : <ScrolledText name="The answer" text={response} />}
    </>
  );
}
