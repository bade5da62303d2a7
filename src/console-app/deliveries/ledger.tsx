import { useEffect } from 'react';
import type { appLedgerResource, channelLedgerResource } from '../../resources/delivery.ts';
import { useRecord } from '../records/read.ts';
import type { Receiver } from './receivers.ts';
import type { Delivery } from './rows.ts';

type Sums = ReturnType<typeof channelLedgerResource | typeof appLedgerResource>;

const NOTHING: readonly Delivery[] = [];

/** What has become of all webhooks of a receiver, by their first end. It is counted again when `shown` is another list. */
export function Ledger({ receiver, shown = NOTHING }: { receiver: Receiver; shown?: readonly Delivery[] }) {
  const { resource, again } = useRecord<Sums>(`${receiver.log}/ledger`, { every: 10_000 });
  useEffect(() => {
    if (shown.length > 0) again();
  }, [again, shown]);
  if (resource === null) return null;
  const skipped = Object.values(resource.skipped).reduce((sum, count) => sum + count, 0);
  const figure = (count: number) => <strong>{count.toLocaleString()}</strong>;
  return (
    <p className="ledger" title="Each webhook counts by its first end; replays change nothing here.">
      {figure(resource.accepted)} accepted = {figure(resource.delivered)} delivered + {figure(resource.pending)} pending
      + {figure(resource.exhausted)} failed + {figure(skipped)} skipped
    </p>
  );
}
