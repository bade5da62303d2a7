import type { AppContext } from '../../http/app-environment.ts';
import { type Refused, refuse } from '../../http/refusals.ts';
import { openingRequest, PROTOCOL, type SocketOwner } from '../../live/socket-owner.ts';
import { liveHubStub } from '../../rpc/live-hub.ts';
import { offeredProtocols } from './handshake.ts';

/**
 * Opens a socket at a live hub. The caller is authenticated and permitted already. A refusal of the hub becomes the
 * response.
 */
export async function openSocket(c: AppContext, hub: string, owner: SocketOwner): Promise<Refused> {
  const speaks = offeredProtocols(c.req.header('Sec-WebSocket-Protocol')).includes(PROTOCOL);
  const answer = await liveHubStub(c.env, hub).fetch(openingRequest(owner, speaks));
  // OpenAPI has no response with status 101, so the handshake fits no response type of a route.
  if (answer.status === 101) return answer as Refused;
  return refuse(c, { reason: answer.status === 429 ? 'too_many_sockets' : 'unavailable' });
}
