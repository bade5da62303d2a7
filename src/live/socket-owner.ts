import type { Credential } from '../directory/socket-owners.ts';
import type { SubscriberId } from '../resources/topic.ts';

/** The subprotocol of live sockets (docs/live.md). */
export const PROTOCOL = 'umi.v1';

/** The owner of a socket. `expires_at`: when their token ends (ms); null for never. */
export type SocketOwner = { organization_id: string; expires_at: number | null } & (
  | { kind: 'user'; user_id: string; credential: Credential }
  | { kind: 'visitor'; visitor_id: string }
);

/** The id by which the sockets of an owner are counted. */
export function ownerId(owner: SocketOwner): string {
  return owner.kind === 'user' ? owner.user_id : owner.visitor_id;
}

/** The owner's id as a subscriber. */
export function subscriberIdOf(owner: SocketOwner): SubscriberId {
  if (owner.kind === 'visitor') return { visitor_id: owner.visitor_id };
  return { organization_id: owner.organization_id, user_id: owner.user_id };
}

const OWNER_HEADER = 'X-Umi-Socket-Owner';

/**
 * The request by which the Worker opens a socket at a hub. It is new, so nothing that the client sent goes with it;
 * only the Worker can reach a hub. `speaks`: the client named the subprotocol and expects it in the answer.
 */
export function openingRequest(owner: SocketOwner, speaks: boolean): Request {
  const headers = new Headers({ Upgrade: 'websocket', [OWNER_HEADER]: JSON.stringify(owner) });
  if (speaks) headers.set('Sec-WebSocket-Protocol', PROTOCOL);
  return new Request('https://live.hub/', { headers });
}

/** What the Worker put into the request; null for any other request. */
export function readOpeningRequest(request: Request): { owner: SocketOwner; speaks: boolean } | null {
  const owner = request.headers.get(OWNER_HEADER);
  if (owner === null || request.headers.get('Upgrade') !== 'websocket') return null;
  const speaks = request.headers.get('Sec-WebSocket-Protocol') === PROTOCOL;
  return { owner: JSON.parse(owner) as SocketOwner, speaks };
}
