import { useParams, useSearch } from '@tanstack/react-router';
import { useDesk } from '../desk/desk.tsx';
import { DeliveryList } from './delivery-list.tsx';
import { DeliveryPage } from './delivery-page.tsx';
import { filterOf } from './filter.ts';
import { receiverWith } from './receivers.ts';
import { useReceivers } from './use-receivers.ts';
import './deliveries.css';

/** The webhooks of all channels and apps: what arrived, what did not, and why. */
export default function DeliveriesScreen() {
  const { session } = useDesk();
  const receivers = useReceivers();
  const filter = filterOf(useSearch({ strict: false }));
  const { receiver, delivery } = useParams({ strict: false });
  if (!session.scopes.includes('settings')) {
    return (
      <p className="records-none muted deliveries-none">
        There is nothing here for you. Somebody who looks after users can give you the right to change settings.
      </p>
    );
  }
  if (receivers === null) return null;
  const found = (id: string) => receiverWith(receivers, session.organization_id, id);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys
    <section className="deliveries" aria-label="Deliveries" tabIndex={0}>
      {receiver === undefined || delivery === undefined ? (
        <DeliveryList filter={filter} receivers={receivers} find={found} />
      ) : (
        <DeliveryPage key={delivery} receiver={found(receiver)} id={delivery} filter={filter} />
      )}
    </section>
  );
}
