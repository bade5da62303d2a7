import type { channelLedgerResource } from '../../../resources/delivery.ts';
import { useRecord } from '../../records/read.ts';

type Ledger = ReturnType<typeof channelLedgerResource>;

/** How long (ms) until it is read again. */
const EVERY = 10_000;
const NUMBER = new Intl.NumberFormat();

/** How the webhooks of the channel have ended, over its whole life. */
export function LedgerLine({ path }: { path: string }) {
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
