import type { SubscriberId } from '../resources/topic.ts';

/** The subprotocol of live sockets (docs/live.md). */
export const PROTOCOL = 'umi.v1';

/** By what a user opened their socket, so that it can be looked up again: a stored token, or an app that acts by an installation. */
export type Credential = { kind: 'token'; digest: string } | { kind: 'app'; app_id: string; installation_id: string };

/** Who opens a socket. `expires_at` is their token's end in ms, null for none. */
export type SocketOwner = { organization_id: string; expires_at: number | null } & (
  | { kind: 'user'; user_id: string; credential: Credential }
  | { kind: 'visitor'; visitor_id: string }
);

/** The id under which an owner's sockets are counted. */
export function ownerId(owner: SocketOwner): string {
  return owner.kind === 'user' ? owner.user_id : owner.visitor_id;
}

/** The owner as the subscriber of topics. */
export function subscriberIdOf(owner: SocketOwner): SubscriberId {
  if (owner.kind === 'visitor') return { visitor_id: owner.visitor_id };
  return { organization_id: owner.organization_id, user_id: owner.user_id };
}

const OWNER_HEADER = 'X-Umi-Socket-Owner';

/**
 * The request by which the Worker opens a socket at a hub. It is made anew, so that nothing a client sent goes with it; only the Worker
 * reaches the hub. `speaks`: the client named the subprotocol and wants it confirmed.
 */
export function openingRequest(owner: SocketOwner, speaks: boolean): Request {
  const headers = new Headers({ Upgrade: 'websocket', [OWNER_HEADER]: JSON.stringify(owner) });
  if (speaks) headers.set('Sec-WebSocket-Protocol', PROTOCOL);
  return new Request('https://live.hub/', { headers });
}

/** What the Worker wrote; null for any other request. */
export function readOpeningRequest(request: Request): { owner: SocketOwner; speaks: boolean } | null {
  const owner = request.headers.get(OWNER_HEADER);
  if (owner === null || request.headers.get('Upgrade') !== 'websocket') return null;
  const speaks = request.headers.get('Sec-WebSocket-Protocol') === PROTOCOL;
  return { owner: JSON.parse(owner) as SocketOwner, speaks };
}
