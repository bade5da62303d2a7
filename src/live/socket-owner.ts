import type { SubscriberId } from '../resources/topic.ts';
import type { SocketOwner, TicketName } from '../rpc/live-hub.ts';

export type { SocketOwner } from '../rpc/live-hub.ts';

/** The subprotocol of live sockets (docs/live.md). */
export const PROTOCOL = 'umi.v1';

/** The id by which the sockets of an owner are counted. */
export function ownerId(owner: SocketOwner): string {
  return owner.kind === 'user' ? owner.user_id : owner.visitor_id;
}

/** The owner's id as a subscriber. */
export function subscriberIdOf(owner: SocketOwner): SubscriberId {
  if (owner.kind === 'visitor') return { visitor_id: owner.visitor_id };
  return { organization_id: owner.organization_id, user_id: owner.user_id };
}

/** Who opens a socket: the owner whom the Worker has authenticated, or the bearer of a ticket of the hub. */
export type Opener = { owner: SocketOwner } | { ticket: TicketName };

const OWNER_HEADER = 'X-Umi-Socket-Owner';
const TICKET_HEADER = 'X-Umi-Socket-Ticket';

/**
 * The request by which the Worker opens a socket at a hub. It is new, so nothing that the client sent goes with it;
 * only the Worker can reach a hub. `speaks`: the client named the subprotocol and expects it in the answer.
 */
export function openingRequest(opener: Opener, speaks: boolean): Request {
  const headers = new Headers({ Upgrade: 'websocket' });
  if ('owner' in opener) headers.set(OWNER_HEADER, JSON.stringify(opener.owner));
  else headers.set(TICKET_HEADER, JSON.stringify(opener.ticket));
  if (speaks) headers.set('Sec-WebSocket-Protocol', PROTOCOL);
  return new Request('https://live.hub/', { headers });
}

/** What the Worker put into the request; null for any other request. */
export function readOpeningRequest(request: Request): { opener: Opener; speaks: boolean } | null {
  const owner = request.headers.get(OWNER_HEADER);
  const ticket = request.headers.get(TICKET_HEADER);
  if (request.headers.get('Upgrade') !== 'websocket') return null;
  const speaks = request.headers.get('Sec-WebSocket-Protocol') === PROTOCOL;
  if (owner !== null) return { opener: { owner: JSON.parse(owner) as SocketOwner }, speaks };
  return ticket === null ? null : { opener: { ticket: JSON.parse(ticket) as TicketName }, speaks };
}
