import { z } from '@hono/zod-openapi';
import { pathId, pathVisitorId } from '../../http/fields.ts';
import { createRouter } from '../../http/router.ts';
import { organizationHub, visitorHub } from '../../rpc/live-hub.ts';
import { ownUser, ownVisitor } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { requireAllowedOrigin, requireUpgrade, takeTokenFromProtocols } from './handshake.ts';
import { openSocket } from './open-socket.ts';

const SWITCHED = { 101: { description: 'The connection is a WebSocket that speaks `umi.v1` (docs/live.md)' } };

const userRoute = defineRoute({
  operationId: 'openUserSocket',
  method: 'get',
  path: '/users/{user_id}/live',
  tag: 'Live',
  summary: 'Open the live socket of a user',
  description:
    'After the handshake it speaks the protocol `umi.v1` (docs/live.md): the client subscribes to channels and gets their changes. After a break it can go on where it was. A browser sends its token as the subprotocol `bearer.<token>`. A request that asks for no WebSocket is 426; more than 20 sockets of one user are 429.',
  access: { ...ownUser, guards: [takeTokenFromProtocols, ...ownUser.guards, requireUpgrade] },
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
    'After the handshake it speaks the protocol `umi.v1` (docs/live.md): the client subscribes to channels and gets their changes. After a break it can go on where it was. A browser sends its token as the subprotocol `bearer.<token>`. A request that asks for no WebSocket is 426; more than 20 sockets of one visitor are 429. A web page of an origin that the deployment does not allow is 403.',
  access: {
    ...ownVisitor,
    guards: [takeTokenFromProtocols, ...ownVisitor.guards, requireUpgrade, requireAllowedOrigin],
  },
  request: { params: z.object({ visitor_id: pathVisitorId() }) },
  refusals: [426, 429],
  answers: SWITCHED,
});

/** Live sockets of users and visitors (docs/live.md), mounted at /api/v5. */
export const liveRoutes = createRouter();

liveRoutes.openapi(userRoute, (c) => {
  const { user, organization, credential, expires_at } = c.var.principal;
  return openSocket(c, organizationHub(organization.id), {
    kind: 'user',
    organization_id: organization.id,
    user_id: user.id,
    credential,
    expires_at,
  });
});

liveRoutes.openapi(visitorRoute, (c) => {
  const { id, organization, expires_at } = c.var.visitor;
  return openSocket(c, visitorHub(id), {
    kind: 'visitor',
    organization_id: organization.id,
    visitor_id: id,
    expires_at,
  });
});
