import { createRoute, z } from '@hono/zod-openapi';
import { tokenDigest } from '../../directory/tokens.ts';
import type { Principal } from '../../http/app-environment.ts';
import { authenticate, parseAuthorization } from '../../http/authenticate.ts';
import { authenticateVisitor, requireOwnVisitor, requireVisitorSubscription } from '../../http/authenticate-visitor.ts';
import { pathId } from '../../http/fields.ts';
import { userTokenSecurity, visitorTokenSecurity } from '../../http/openapi.ts';
import { requireOwnUser, requireSubscription } from '../../http/permissions.ts';
import { refusalResponses } from '../../http/refusals.ts';
import { createRouter } from '../../http/router.ts';
import type { Credential } from '../../live/socket-owner.ts';
import { organizationHub, visitorHub } from '../../rpc/live-hub.ts';
import { requireAllowedOrigin, requireUpgrade, takeTokenFromProtocols } from './handshake.ts';
import { openSocket } from './open-socket.ts';

const SWITCHED = { 101: { description: 'The connection is a WebSocket that speaks `umi.v1` (docs/live.md)' } };

const userRoute = createRoute({
  method: 'get',
  path: '/users/{user_id}/live',
  tags: ['Live'],
  summary: 'Open the live socket of a user',
  security: userTokenSecurity,
  middleware: [takeTokenFromProtocols, authenticate(), requireOwnUser(), requireSubscription(), requireUpgrade],
  request: { params: z.object({ user_id: pathId('user_id') }) },
  responses: { ...SWITCHED, ...refusalResponses(401, 403, 404, 426, 429, 503) },
});

const visitorRoute = createRoute({
  method: 'get',
  path: '/public/visitors/{visitor_id}/live',
  tags: ['Live'],
  summary: 'Open the live socket of a visitor',
  security: visitorTokenSecurity,
  middleware: [
    takeTokenFromProtocols,
    authenticateVisitor(),
    requireOwnVisitor(),
    requireVisitorSubscription(),
    requireUpgrade,
    requireAllowedOrigin,
  ],
  request: { params: z.object({ visitor_id: z.string().openapi({ param: { name: 'visitor_id', in: 'path' } }) }) },
  responses: { ...SWITCHED, ...refusalResponses(401, 403, 426, 429, 503) },
});

/** Live sockets of users and visitors (docs/live.md), mounted at /api/v5. */
export const liveRoutes = createRouter();

liveRoutes.openapi(userRoute, (c) => {
  const { user, organization, expires_at } = c.var.principal;
  const credential = credentialOf(c.var.principal, c.req.header('Authorization'));
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

/** By what the hub looks the caller up again. */
function credentialOf({ app_id, token_id }: Principal, authorization: string | undefined): Credential {
  if (app_id !== null) return { kind: 'app', app_id, installation_id: token_id };
  return { kind: 'token', digest: tokenDigest(parseAuthorization(authorization)?.token ?? '') };
}
