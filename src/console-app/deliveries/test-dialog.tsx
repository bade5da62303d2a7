import { Dialog } from '@base-ui/react/dialog';
import type { appWebhookResource } from '../../resources/app.ts';
import { useChoices } from '../records/read.ts';
import { SendTest } from '../records/send-test.tsx';
import type { Receiver } from './receivers.ts';

/** Sends an event to a receiver that it may ignore, and shows how it answers. */
export function TestDialog({ receiver }: { receiver: Receiver }) {
  return (
    <Dialog.Root>
      <Dialog.Trigger className="button">Send a test</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">Send a test to “{receiver.name}”</Dialog.Title>
          <p className="muted">
            It is signed like all others and says that it is a test. It is sent once, now, and is in no log.
          </p>
          {receiver.app === null ? (
            <SendTest path={`${receiver.log}/test`} label="Send" />
          ) : (
            <AppTests app={receiver.app} />
          )}
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
          <SendTest path={`${app}/webhooks/${id}/test`} label={`Send to ${new URL(endpoint_url).host}`} />
        </li>
      ))}
    </ul>
  );
}
