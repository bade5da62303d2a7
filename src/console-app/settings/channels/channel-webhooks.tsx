import type { channelLedgerResource } from '../../../resources/delivery.ts';
import { useRecord } from '../../records/read.ts';
import { RecordPart } from '../../records/record-page.tsx';
import { SendTest } from '../../records/send-test.tsx';
import { ChannelSecret } from './channel-secret.tsx';

type Ledger = ReturnType<typeof channelLedgerResource>;

/** What goes out: how it went so far, the secret that signs it, and a test. */
export function ChannelWebhooks({ path }: { path: string }) {
  return (
    <RecordPart
      title="Webhooks"
      about="What agents and bots answer goes to the webhook URL. Your program checks the signature with the secret, and answers 2xx within five seconds."
    >
      <LedgerLine path={path} />
      <ChannelSecret path={path} />
      <SendTest path={`${path}/test`} />
    </RecordPart>
  );
}

const EVERY = 10_000;
const NUMBER = new Intl.NumberFormat();

/** How the webhooks of the channel have ended, over its whole life. */
function LedgerLine({ path }: { path: string }) {
  const { resource } = useRecord<Ledger>(`${path}/ledger`, { every: EVERY });
  if (resource === null) return null;
  if (resource.accepted === 0) return <p className="muted">No webhook has gone out yet.</p>;
  const { delivered, pending, exhausted, skipped } = resource;
  const skips = Object.values(skipped).reduce((sum, each) => sum + each, 0);
  return (
    <p className="figures">
      <span>{NUMBER.format(delivered)} delivered</span>
      <span>{NUMBER.format(pending)} waiting</span>
      <span className={exhausted > 0 ? 'state is-bad' : undefined}>{NUMBER.format(exhausted)} failed</span>
      <span>{NUMBER.format(skips)} skipped</span>
    </p>
  );
}
