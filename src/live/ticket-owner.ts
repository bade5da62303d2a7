import { errorText, writeLog } from '../platform/log.ts';
import { withinTime } from '../platform/timeout.ts';
import type { TicketName } from '../rpc/live-hub.ts';
import { closeReasonOf, factsKey, LOOK_UP_TIMEOUT } from './access.ts';
import { CLOSE_REASONS } from './limits.ts';
import { accessInDatabase } from './load-access.ts';
import type { SocketOwner } from './socket-owner.ts';
import { findTicket } from './tickets.ts';

/**
 * Whose socket a ticket opens, with the rights that its owner has now: what was revoked since it was made counts. A
 * refusal is the answer to the handshake.
 */
export async function ownerOfTicket(env: Env, sql: SqlStorage, ticket: TicketName): Promise<SocketOwner | Response> {
  const owner = findTicket(sql, ticket, Date.now());
  if (owner === null) return new Response(null, { status: 401 });
  try {
    const found = await withinTime(accessInDatabase(env).factsOf([owner]), LOOK_UP_TIMEOUT);
    if (found === null) throw new Error('D1 did not answer in time');
    const reason = closeReasonOf(owner, found.get(factsKey(owner)) ?? null);
    if (reason === null) return owner;
    return new Response(null, { status: reason === CLOSE_REASONS.subscription ? 403 : 401 });
  } catch (error) {
    writeLog('error', 'live_rights_unavailable', { error: errorText(error) });
    return new Response(null, { status: 503 });
  }
}
