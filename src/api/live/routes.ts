import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { pathId, pathVisitorId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { organizationHub, type SocketOwner, TICKET_LIFETIME, visitorHub } from '../../rpc/live-hub.ts';
import { ownUser, ownVisitor } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { requireAllowedOrigin, requireUpgrade, takeTokenFromProtocols } from './handshake.ts';
import { openSocket } from './open-socket.ts';
import { issueTicket, readTicket, ticketSchema, unlessTicket } from './tickets.ts';

const SWITCHED = { 101: { description: 'The connection is a WebSocket that speaks `umi.v1` (docs/live.md)' } };

const ON_BROWSERS =
  'A browser offers the subprotocols `umi.v1` and `ticket.<ticket>`, with a ticket from `live/tickets`';

const TICKET_MADE = { 201: jsonOf(ticketSchema, 'Made') };

const userTicketRoute = defineRoute({
  operationId: 'createUserTicket',
  method: 'post',
  path: '/users/{user_id}/live/tickets',
  tag: 'Live',
  summary: 'Make a ticket for a live socket of a user',
  description:
    'For browsers, which cannot set headers on a handshake: a ticket opens one socket within 30 seconds, and is worth nothing afterwards. Its socket has the rights and the end of the token that asked for it. More than 20 tickets that were not used are 429.',
  access: ownUser,
  request: { params: z.object({ user_id: pathId('user_id') }) },
  refusals: [429],
  answers: TICKET_MADE,
});

const visitorTicketRoute = defineRoute({
  operationId: 'createVisitorTicket',
  method: 'post',
  path: '/public/visitors/{visitor_id}/live/tickets',
  tag: 'Live',
  summary: 'Make a ticket for a live socket of a visitor',
  description:
    'For browsers, which cannot set headers on a handshake: a ticket opens one socket within 30 seconds, and is worth nothing afterwards. More than 20 tickets that were not used are 429.',
  access: ownVisitor,
  request: { params: z.object({ visitor_id: pathVisitorId() }) },
  refusals: [429],
  answers: TICKET_MADE,
});

const userRoute = defineRoute({
  operationId: 'openUserSocket',
  method: 'get',
  path: '/users/{user_id}/live',
  tag: 'Live',
  summary: 'Open the live socket of a user',
  description:
    'After the handshake it speaks the protocol `umi.v1` (docs/live.md): the client subscribes to channels and gets their changes. After a break it can go on where it was. ' +
    `${ON_BROWSERS}. A request that asks for no WebSocket is 426; more than 20 sockets of one user are 429.`,
  access: { ...ownUser, guards: [...ownUser.guards.map(unlessTicket), requireUpgrade] },
  request: { params: z.object({ user_id: pathId('user_id') }) },
  refusals: [426, 429],
  answers: SWITCHED,
});

const visitorRoute = defineRoute({
  operationId: 'openVisitorSocket',
  method: 'get',
  path: '/public/visitors/{visitor_id}/live',
  tag: 'Live',
  summary: 'Open the live socket of a visitor',
  description:
    'After the handshake it speaks the protocol `umi.v1` (docs/live.md): the client subscribes to channels and gets their changes. After a break it can go on where it was. ' +
    `${ON_BROWSERS}, or its token as \`bearer.<token>\`. A request that asks for no WebSocket is 426; more than 20 sockets of one visitor are 429. A web page of an origin that the deployment does not allow is 403.`,
  access: {
    ...ownVisitor,
    guards: [takeTokenFromProtocols, ...ownVisitor.guards.map(unlessTicket), requireUpgrade, requireAllowedOrigin],
  },
  request: { params: z.object({ visitor_id: pathVisitorId() }) },
  refusals: [426, 429],
  answers: SWITCHED,
});

/** Live sockets of users and visitors (docs/live.md), mounted at /api/v5. */
export const liveRoutes = createRouter();

liveRoutes.openapi(userTicketRoute, async (c) => {
  const ticket = await issueTicket(c, organizationHub(c.var.principal.organization.id), userOf(c));
  return ticket === null ? refuse(c, TOO_MANY_TICKETS) : c.json(ticket, 201);
});

liveRoutes.openapi(visitorTicketRoute, async (c) => {
  const ticket = await issueTicket(c, visitorHub(c.var.visitor.id), visitorOf(c));
  return ticket === null ? refuse(c, TOO_MANY_TICKETS) : c.json(ticket, 201);
});

liveRoutes.openapi(userRoute, (c) => {
  const ticket = readTicket(c, c.req.valid('param').user_id);
  if (ticket === 'malformed') return refuse(c, { reason: 'ticket_invalid' });
  if (ticket !== null) return openSocket(c, organizationHub(ticket.organization_id), ticket);
  return openSocket(c, organizationHub(c.var.principal.organization.id), { owner: userOf(c) });
});

liveRoutes.openapi(visitorRoute, (c) => {
  const { visitor_id } = c.req.valid('param');
  const ticket = readTicket(c, visitor_id);
  if (ticket === 'malformed') return refuse(c, { reason: 'ticket_invalid' });
  return openSocket(c, visitorHub(visitor_id), ticket ?? { owner: visitorOf(c) });
});

/** An unused ticket expires after 30 seconds. */
const TOO_MANY_TICKETS = { reason: 'rate_limited', seconds: TICKET_LIFETIME / 1000 } as const;

function userOf(c: AppContext): SocketOwner {
  const { user, organization, credential, expires_at } = c.var.principal;
  return { kind: 'user', organization_id: organization.id, user_id: user.id, credential, expires_at };
}

function visitorOf(c: AppContext): SocketOwner {
  const { id, organization, expires_at } = c.var.visitor;
  return { kind: 'visitor', organization_id: organization.id, visitor_id: id, expires_at };
}
