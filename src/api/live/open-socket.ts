import type { AppContext } from '../../http/app-environment.ts';
import { guesses, TOO_MANY_FAILURES } from '../../http/rate-limits.ts';
import { type Refused, refuse } from '../../http/refusals.ts';
import { type Opener, openingRequest, PROTOCOL } from '../../live/socket-owner.ts';
import { liveHubStub } from '../../rpc/live-hub.ts';
import { offeredProtocols } from './handshake.ts';

/**
 * Opens a socket at a live hub, for a caller who is authenticated and permitted already, or who has a ticket. A refusal
 * of the hub becomes the response.
 */
export async function openSocket(c: AppContext, hub: string, opener: Opener): Promise<Refused> {
  // Each unknown ticket costs a call of an object, and a client can make up as many as it likes.
  if ('ticket' in opener && guesses.isExceeded(c)) return refuse(c, TOO_MANY_FAILURES);
  const speaks = offeredProtocols(c.req.header('Sec-WebSocket-Protocol')).includes(PROTOCOL);
  const answer = await liveHubStub(c.env, hub).fetch(openingRequest(opener, speaks));
  switch (answer.status) {
    // OpenAPI has no response with status 101, so the handshake fits no response type of a route.
    case 101:
      return answer as Refused;
    case 401:
      await guesses.count(c);
      return refuse(c, { reason: 'ticket_invalid' });
    case 403:
      return refuse(c, { reason: 'subscription_inactive' });
    case 429:
      return refuse(c, { reason: 'too_many_sockets' });
    default:
      return refuse(c, { reason: 'unavailable' });
  }
}
