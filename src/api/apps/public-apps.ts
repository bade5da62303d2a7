import { z } from '@hono/zod-openapi';
import { listShownWebhooks } from '../../directory/app-webhooks.ts';
import { type AppColumns, appView, findAvailableApp, listAvailableApps } from '../../directory/apps.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionResponse, collectionSchema, creationKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { publicAppResource, shownWebhookResource } from '../../resources/app.ts';
import { anyUserWith } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { publicAppDetailSchema, publicAppSchema } from './app-schemas.ts';
import { APP_NOT_FOUND, newestFirst } from './door.ts';

const common = { tag: 'Apps', access: anyUserWith('settings') };

const getPublicApps = defineRoute({
  operationId: 'listPublicApps',
  ...common,
  method: 'get',
  path: '/public_apps',
  summary: 'List the apps that the organization may install',
  description: 'Its own apps, and apps of all organizations that are available to anyone.',
  request: { query: newestFirst },
  answers: { 200: jsonOf(collectionSchema(publicAppSchema), 'A page') },
});

const getPublicApp = defineRoute({
  operationId: 'getPublicApp',
  ...common,
  method: 'get',
  path: '/public_apps/{app_id}',
  summary: 'Get an app that the organization may install',
  description:
    'With the channels and hosts of its webhooks. An app of another organization that is not available to anyone is not found.',
  request: { params: z.object({ app_id: pathId('app_id') }) },
  answers: { 200: jsonOf(publicAppDetailSchema, 'The app') },
});

export const publicAppRoutes = createRouter();

publicAppRoutes.openapi(getPublicApps, async (c) => {
  const { id } = c.var.principal.organization;
  const { ordering, ...query } = c.req.valid('query');
  const asked = readPage(query, ordering, creationKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listAvailableApps(identityDatabase(c), id, ordering, asked.page.keyset);
  const keyOf = (row: AppColumns) => [row.app_created_at, row.app_id];
  const resource = (row: AppColumns) => publicAppResource(appView(row), id);
  return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource }), 200);
});

publicAppRoutes.openapi(getPublicApp, async (c) => {
  const { id } = c.var.principal.organization;
  const { app_id } = c.req.valid('param');
  // The version is read before the webhooks, so that nobody consents to a webhook that they were not shown.
  const row = await findAvailableApp(identityDatabase(c), id, app_id);
  if (row === null) return refuse(c, APP_NOT_FOUND);
  const webhooks = await listShownWebhooks(identityDatabase(c), id, app_id);
  return c.json({ ...publicAppResource(appView(row), id), webhooks: webhooks.map(shownWebhookResource) }, 200);
});
