import { useNavigate } from '@tanstack/react-router';
import { useDesk } from '../desk/desk.tsx';
import type { Room } from '../desk/rooms.ts';
import type { ViewName, ViewOrder } from '../replica/views.ts';
import { ORDER_WORDS, ordersOf, VIEW_WORDS } from '../words/views.ts';

/** What the address has for all rooms, when another one was the last choice. */
export const ALL_ROOMS = 'all';

type Props = { view: ViewName; order: ViewOrder; roomId: string | null; rooms: readonly Room[] };

/** The name of a view, its room and its order. What is chosen is in the address, and the next page begins with it. */
export function ListHead({ view, order, roomId, rooms }: Props) {
  const { preferences } = useDesk();
  const navigate = useNavigate();
  const orders = ordersOf(view);

  function sort(next: ViewOrder): void {
    preferences.change({ orders: { ...preferences.get().orders, [view]: next } });
    navigate({ to: '.', search: (before) => ({ ...before, order: next }) }).catch(reportError);
  }

  function choose(next: string): void {
    preferences.change({ room_id: next === ALL_ROOMS ? null : next });
    navigate({ to: '.', search: (before) => ({ ...before, room: next }) }).catch(reportError);
  }

  return (
    <header className="inbox-head">
      <h1>{VIEW_WORDS[view].name}</h1>
      <span className="inbox-choices">
        {rooms.length < 2 ? null : (
          <select
            className="inbox-order"
            aria-label="Room"
            value={roomId ?? ALL_ROOMS}
            onChange={(event) => choose(event.target.value)}
          >
            <option value={ALL_ROOMS}>All rooms</option>
            {rooms.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
        {orders.length === 1 ? null : (
          <select
            className="inbox-order"
            aria-label="Order"
            value={order}
            onChange={(event) => sort(event.target.value as ViewOrder)}
          >
            {orders.map((each) => (
              <option key={each} value={each}>
                {ORDER_WORDS[each]}
              </option>
            ))}
          </select>
        )}
      </span>
    </header>
  );
}
