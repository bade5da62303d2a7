import { z } from '@hono/zod-openapi';
import { tokenDigest } from '../../directory/tokens.ts';
import type { AppContext, AppMiddleware } from '../../http/app-environment.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { randomSecret } from '../../platform/secrets.ts';
import { isoTime } from '../../resources/clock.ts';
import { isUuid } from '../../resources/uuid.ts';
import { liveHubStub, type SocketOwner, type TicketName } from '../../rpc/live-hub.ts';
import { offeredProtocols } from './handshake.ts';

/** The prefix of the subprotocol that carries a ticket. */
const TICKET_PROTOCOL = 'ticket.';

/** The organization, whose hub knows the ticket, and 256 random bits. */
const TICKET = /^([0-9a-f-]{36})\.([\w-]{43})$/;

export const ticketSchema = z
  .object({
    ticket: z.string().openapi({
      description: 'Opens one socket: the subprotocol `ticket.<ticket>` of the handshake. Only this answer shows it.',
    }),
    expires_at: isoTimeSchema.openapi({ description: 'After 30 seconds.' }),
  })
  .openapi('LiveTicket');

/** Makes a ticket for a socket of `owner` at their hub; null when they have too many that nobody has used. */
export async function issueTicket(
  c: AppContext,
  hub: string,
  owner: SocketOwner,
): Promise<z.infer<typeof ticketSchema> | null> {
  const secret = randomSecret();
  const kept = await liveHubStub(c.env, hub).keepTicket({ v: 1, owner, digest: tokenDigest(secret) });
  return kept.ok ? { ticket: `${owner.organization_id}.${secret}`, expires_at: isoTime(kept.expires_at) } : null;
}

/** The ticket that a handshake offers: its text, which may be no ticket. Null without one, or with a header that authenticates. */
function offeredTicket(c: AppContext): string | null {
  if (c.req.header('Authorization') !== undefined) return null;
  const offered = offeredProtocols(c.req.header('Sec-WebSocket-Protocol'));
  return offered.find((each) => each.startsWith(TICKET_PROTOCOL))?.slice(TICKET_PROTOCOL.length) ?? null;
}

/** A guard that a handshake with a ticket passes: the hub decides about it. */
export function unlessTicket(guard: AppMiddleware): AppMiddleware {
  return (c, next) => (offeredTicket(c) === null ? guard(c, next) : next());
}

/**
 * The ticket of a handshake for a socket of `ownerId`, with the organization that it names; null without one.
 * `malformed`: no ticket that the hub could have made.
 */
export function readTicket(
  c: AppContext,
  ownerId: string,
): { organization_id: string; ticket: TicketName } | 'malformed' | null {
  const text = offeredTicket(c);
  if (text === null) return null;
  const [, organization_id = '', secret = ''] = TICKET.exec(text) ?? [];
  if (!isUuid(organization_id)) return 'malformed';
  return { organization_id, ticket: { owner_id: ownerId, digest: tokenDigest(secret) } };
}
