import { z } from '@hono/zod-openapi';
import { findInstallation } from '../../directory/installations.ts';
import { type LastingToken, listLastingTokens, revokeLastingToken } from '../../directory/lasting-tokens.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { installationTokenResource } from '../../resources/app.ts';
import { defineRoute } from '../define-route.ts';
import { type Door, INSTALLATION_NOT_FOUND, installationPath } from './door.ts';

const tokenSchema = z
  .object({
    id: z.string(),
    app_id: z.string(),
    installation_id: z.string(),
    user_id: z.string().openapi({ description: 'The bot user that the token acts as.' }),
    expires_at: isoTimeSchema.nullable(),
    created_at: isoTimeSchema,
  })
  .openapi('InstallationToken');

/** The lasting tokens that an app has of an installation, for the organization that has installed it. */
export function installationTokenRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tag, access: door.writers };
  const all = `${door.organization}/app_installations/{installation_id}/tokens`;
  const routes = createRouter();

  const getTokens = defineRoute({
    operationId: door.nameOf('listInstallationTokens'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the lasting tokens that an app has of an installation',
    description:
      'Those that work now, by id: tokens of the bot user that the app got for a code. One that is not used for 90 days ends. The tokens themselves are shown nowhere.',
    request: { params: installationPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(tokenSchema), 'A page') },
  });
  routes.openapi(getTokens, async (c) => {
    const { organization_id, installation_id } = c.req.valid('param');
    const asked = readIdPage(c.req.valid('query'));
    if (!asked.ok) return refuse(c, asked.refusal);
    const identity = identityDatabase(c);
    const installation = await findInstallation(identity, organization_id, installation_id);
    if (installation === null) return refuse(c, INSTALLATION_NOT_FOUND);
    const { keyset } = asked.page;
    const rows = await listLastingTokens(identity, organization_id, installation_id, keyset, Date.now());
    const resource = (token: LastingToken) => installationTokenResource(installation, token);
    return c.json(idCollection(c, asked.page, rows, resource), 200);
  });

  const removeToken = defineRoute({
    operationId: door.nameOf('deleteInstallationToken'),
    ...common,
    method: 'delete',
    path: `${all}/{token_id}`,
    summary: 'Revoke a lasting token of an installation',
    description:
      'The app stays installed. Repeating it changes nothing. Other isolates may accept the token for AUTH_CACHE_SECONDS longer.',
    request: { params: installationPath.extend({ token_id: pathId('token_id') }) },
    answers: { 204: { description: 'Revoked' } },
  });
  routes.openapi(removeToken, async (c) => {
    const { organization_id, installation_id, token_id } = c.req.valid('param');
    const identity = identityDatabase(c);
    const row = await revokeLastingToken(identity, organization_id, installation_id, token_id, Date.now());
    if (row === null) return refuse(c, { reason: 'not_found', detail: 'Token not found.' });
    return c.body(null, 204);
  });

  return routes;
}
