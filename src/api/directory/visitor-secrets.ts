import { MAX_REVOCATIONS, revokeVisitor } from '../../directory/revoked-visitors.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { pathVisitorId } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath, VISITOR_NOT_FOUND } from '../shared/paths.ts';
import type { Door } from './door.ts';

/** The id of a visitor of the public API. Those who come through a channel have no secret. */
const VISITOR_ID = /^[0-9a-f]{32}$/;

/** The secrets with which visitors come back. */
export function visitorSecretRoutesOf(door: Door): AppRouter {
  const routes = createRouter();

  const revoke = defineRoute({
    operationId: door.nameOf('revokeVisitorSecret'),
    tag: door.tagOf('Visitors'),
    access: door.writer('settings'),
    method: 'delete',
    path: `${door.organization}/visitor_secrets/{visitor_id}`,
    summary: 'Revoke the secret of a visitor',
    description: `The secret opens nothing any more, and the visitor's tokens and sockets end within AUTH_CACHE_SECONDS. Who has them can only become a new visitor. Chats stay. It cannot be undone, and repeating it changes nothing. An id that no visitor has is accepted too. More than ${MAX_REVOCATIONS.toLocaleString('en')} in half an hour are 409.`,
    request: { params: organizationPath.extend({ visitor_id: pathVisitorId() }) },
    refusals: [409],
    answers: { 204: { description: 'Revoked' } },
  });
  routes.openapi(revoke, async (c) => {
    const { visitor_id } = c.req.valid('param');
    if (!VISITOR_ID.test(visitor_id)) return refuse(c, VISITOR_NOT_FOUND);
    const { id } = c.var.organization;
    const isRevoked = await revokeVisitor(identityDatabase(c), id, visitor_id, Date.now());
    if (!isRevoked) return refuse(c, TOO_MANY_REVOCATIONS);
    return c.body(null, 204);
  });

  return routes;
}

/** The list of revocations comes with each request of a visitor, so it is bounded. */
export const TOO_MANY_REVOCATIONS: Refusal = {
  reason: 'conflict',
  detail: `An organization can revoke at most ${MAX_REVOCATIONS.toLocaleString('en')} secrets in half an hour.`,
};
