import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { useMinute } from '../desk/ticks.ts';
import { useCollection } from '../records/read.ts';
import { RecordPage } from '../records/record-page.tsx';
import { type Column, RecordTable } from '../records/record-table.tsx';
import { exactTime } from '../words/times.ts';
import { type DeliveryFilter, listPath } from './filter.ts';
import { FilterFields } from './filter-fields.tsx';
import { Ledger } from './ledger.tsx';
import { canReplay, type Receiver } from './receivers.ts';
import { ReplayAll } from './replay-all.tsx';
import { ReplayButton } from './replay-button.tsx';
import { type Delivery, eventCodeOf, eventOf } from './rows.ts';
import { Result, StatusMark } from './status-mark.tsx';
import { TestDialog } from './test-dialog.tsx';

/** How often (ms) the list is read again: while something is pending, and else. A long list only when one asks. */
const WHILE_PENDING = 5_000;
const ELSE = 10_000;
const LONG_LIST = 200;

type Props = {
  filter: DeliveryFilter;
  receivers: readonly Receiver[];
  find: (receiverId: string) => Receiver;
};

/** The list, newest first, with what the address chooses of it. */
export function DeliveryList({ filter, receivers, find }: Props) {
  const { session } = useDesk();
  const chosen = filter.receiver === undefined ? null : find(filter.receiver);
  const [every, setEvery] = useState<number | null>(ELSE);
  const path = listPath(session.organization_id, filter, chosen);
  const deliveries = useCollection<Delivery>(path, every === null ? {} : { every });
  const { items } = deliveries;
  useEffect(() => {
    const isPending = items.some(({ status }) => status === 'pending');
    setEvery(items.length > LONG_LIST ? null : isPending ? WHILE_PENDING : ELSE);
  }, [items]);

  return (
    <RecordPage
      title="Deliveries"
      about={`The webhooks of your channels and apps in the last 30 days.${chosen === null ? ' Choose a receiver to send a test, or to replay all that failed.' : ''}`}
      actions={
        chosen !== null && canReplay(chosen) ? (
          <>
            <TestDialog receiver={chosen} />
            <ReplayAll receiver={chosen} filter={filter} />
          </>
        ) : null
      }
    >
      <FilterFields filter={filter} receivers={receivers} chosen={chosen} />
      {chosen === null || chosen.kind === 'app' ? null : <Ledger receiver={chosen} shown={items} />}
      <RecordTable
        caption="Deliveries, newest first"
        collection={deliveries}
        keyOf={({ id }) => id}
        empty={Object.keys(filter).length === 0 ? 'No webhook has gone out yet.' : 'No webhook is like that.'}
        columns={useColumns(filter, chosen, find)}
      />
    </RecordPage>
  );
}

function useColumns(
  filter: DeliveryFilter,
  chosen: Receiver | null,
  find: (receiverId: string) => Receiver,
): readonly Column<Delivery>[] {
  const now = useMinute();
  const receiverOf = ({ receiver }: Delivery) => chosen ?? find(receiver?.id ?? '');
  return [
    {
      name: 'Time',
      cell: (delivery) => (
        <Link
          to="/deliveries/$receiver/$delivery"
          params={{ receiver: receiverOf(delivery).id, delivery: delivery.id }}
          search={filter}
        >
          <time dateTime={delivery.created_at}>{exactTime(delivery.created_at, now)}</time>
        </Link>
      ),
    },
    ...(chosen === null
      ? [{ name: 'Receiver', cell: ({ receiver }: Delivery) => receiver?.name ?? receiver?.id ?? '' }]
      : []),
    {
      name: 'Event',
      cell: (delivery) => (
        <>
          {eventOf(delivery)} <code className="muted">{eventCodeOf(delivery)}</code>
        </>
      ),
    },
    { name: 'Thread', cell: ({ thread_id }) => thread_id ?? '' },
    {
      name: 'State',
      cell: (delivery) => <StatusMark delivery={delivery} most={receiverOf(delivery).attempts} />,
    },
    { name: 'Result', cell: (delivery) => <Result delivery={delivery} /> },
    {
      name: 'Actions',
      cell: (delivery) => <ReplayButton receiver={receiverOf(delivery)} delivery={delivery} />,
    },
  ];
}
