import { z } from '@hono/zod-openapi';
import {
  findInstallationOfApp,
  type InstallationOfAppRow,
  listInstallationsOfApp,
} from '../../directory/app-receivers.ts';
import { findApp } from '../../directory/apps.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { installationReceiver } from '../../resources/receiver.ts';
import { defineRoute } from '../define-route.ts';
import {
  DELIVERY_NOT_FOUND,
  findLogged,
  pageOfDeliveries,
  type ReceiverLog,
  readKept,
  replayMany,
  replayOne,
  sumsOf,
} from '../delivery-log/receiver-log.ts';
import { replayedSchema, replayRequest, replaySchema } from '../delivery-log/schemas.ts';
import {
  appAttemptResource,
  appDeliveriesQuery,
  appDeliveryDetailSchema,
  appDeliveryResource,
  appDeliverySchema,
  appLedgerResource,
  appLedgerSchema,
  installationOfAppResource,
  installationOfAppSchema,
} from './delivery-schemas.ts';
import {
  APP_NOT_FOUND,
  appDeliveryPath,
  appInstallationPath,
  appPath,
  type Door,
  INSTALLATION_NOT_FOUND,
} from './door.ts';

/** What an app's owner sees of its installations: which there are, and what became of the webhooks of each. */
export function appDeliveryRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tag, access: door.writers };
  const all = `${door.organization}/apps/{app_id}/installations`;
  const one = `${all}/{installation_id}`;
  const routes = createRouter();

  const getInstallations = defineRoute({
    operationId: door.nameOf('listInstallationsOfApp'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List where an app is installed, newest first',
    request: { params: appPath, query: z.object(collectionQuery) },
    answers: {
      200: jsonOf(collectionSchema(installationOfAppSchema), 'A page'),
    },
  });
  routes.openapi(getInstallations, async (c) => {
    const { organization_id, app_id } = c.req.valid('param');
    const asked = readPage(c.req.valid('query'), '-id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const identity = identityDatabase(c);
    if ((await findApp(identity, organization_id, app_id)) === null) return refuse(c, APP_NOT_FOUND);
    const rows = await listInstallationsOfApp(identity, organization_id, app_id, asked.page.keyset);
    const keyOf = (row: InstallationOfAppRow) => [row.id];
    const resource = installationOfAppResource;
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource }), 200);
  });

  const getDeliveries = defineRoute({
    operationId: door.nameOf('listAppDeliveries'),
    ...common,
    method: 'get',
    path: `${one}/deliveries`,
    summary: 'List the webhooks of an installation, newest first',
    description: 'The log stays readable when the app is uninstalled or deleted.',
    request: { params: appInstallationPath, query: appDeliveriesQuery },
    answers: {
      200: jsonOf(collectionSchema(appDeliverySchema), 'A page'),
    },
  });
  routes.openapi(getDeliveries, async (c) => {
    const { status, ...query } = c.req.valid('query');
    const asked = readPage(query, '-id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const log = await findLog(c, c.req.valid('param'));
    if (log === null) return refuse(c, INSTALLATION_NOT_FOUND);
    return c.json(await pageOfDeliveries(c, log, asked.page, { status }, appDeliveryResource), 200);
  });

  const getDelivery = defineRoute({
    operationId: door.nameOf('getAppDelivery'),
    ...common,
    method: 'get',
    path: `${one}/deliveries/{delivery_id}`,
    summary: 'Get a webhook of an installation with its body and its attempts',
    request: { params: appDeliveryPath },
    answers: { 200: jsonOf(appDeliveryDetailSchema, 'The webhook') },
  });
  routes.openapi(getDelivery, async (c) => {
    const ids = c.req.valid('param');
    const log = await findLog(c, ids);
    if (log === null) return refuse(c, INSTALLATION_NOT_FOUND);
    const row = await findLogged(c, log, ids.delivery_id);
    if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
    const kept = await readKept(c, row);
    // Who has uninstalled an app shows it nothing more, also not what could not be delivered before.
    const body = log.is_installed ? kept.body : null;
    return c.json({ ...appDeliveryResource(row), attempts: kept.attempts.map(appAttemptResource), body }, 200);
  });

  const replayDelivery = defineRoute({
    operationId: door.nameOf('replayAppDelivery'),
    ...common,
    method: 'post',
    path: `${one}/deliveries/{delivery_id}/replay`,
    summary: 'Send a webhook of an installation again',
    description:
      'Outside the order of its thread, with the same `webhook-id`. One that is still pending stays as it is.',
    request: { params: appDeliveryPath },
    answers: { 202: jsonOf(replayedSchema, 'Accepted') },
  });
  routes.openapi(replayDelivery, async (c) => {
    const ids = c.req.valid('param');
    const log = await findLog(c, ids);
    if (log === null || !log.is_installed) return refuse(c, INSTALLATION_NOT_FOUND);
    const row = await findLogged(c, log, ids.delivery_id);
    if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
    return c.json({ replayed: await replayOne(c, log, row) }, 202);
  });

  const replayDeliveries = defineRoute({
    operationId: door.nameOf('replayAppDeliveries'),
    ...common,
    method: 'post',
    path: `${one}/replay`,
    summary: 'Send finished webhooks of an installation again',
    description: 'Those of a status, of a time range, or both. A bare time range means every finished webhook in it.',
    request: { params: appInstallationPath, body: bodyOf(replayRequest) },
    answers: { 202: jsonOf(replaySchema, 'Accepted') },
  });
  routes.openapi(replayDeliveries, async (c) => {
    const log = await findLog(c, c.req.valid('param'));
    if (log === null || !log.is_installed) return refuse(c, INSTALLATION_NOT_FOUND);
    return c.json(await replayMany(c, log, c.req.valid('json')), 202);
  });

  const getLedger = defineRoute({
    operationId: door.nameOf('getAppLedger'),
    ...common,
    method: 'get',
    path: `${one}/ledger`,
    summary: 'Count what became of the webhooks of an installation',
    description: 'accepted = delivered + pending + exhausted + skipped; replays are not counted again.',
    request: { params: appInstallationPath },
    answers: { 200: jsonOf(appLedgerSchema, 'The sums') },
  });
  routes.openapi(getLedger, async (c) => {
    const log = await findLog(c, c.req.valid('param'));
    if (log === null) return refuse(c, INSTALLATION_NOT_FOUND);
    return c.json(appLedgerResource(await sumsOf(c, log)), 200);
  });

  return routes;
}

/** The log of an installation; null when the app never was installed so. */
async function findLog(
  c: AppContext,
  { organization_id, app_id, installation_id }: z.infer<typeof appInstallationPath>,
): Promise<(ReceiverLog & { is_installed: boolean }) | null> {
  const found = await findInstallationOfApp(identityDatabase(c), organization_id, app_id, installation_id);
  if (found === null) return null;
  return {
    receiver: installationReceiver(found.id),
    organization_id: found.organization_id,
    is_installed: found.is_installed,
  };
}
