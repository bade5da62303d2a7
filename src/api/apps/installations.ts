import type { z } from '@hono/zod-openapi';
import { listShownWebhooks } from '../../directory/app-webhooks.ts';
import { findAvailableApp } from '../../directory/apps.ts';
import {
  consentToWebhooks,
  deleteInstallation,
  findInstallation,
  findUninstallTrigger,
  type InstallationRow,
  insertInstallation,
  installationView,
  listInstallations,
} from '../../directory/installations.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionResponse, collectionSchema, creationKey, readPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { installationResource, shownWebhookResource } from '../../resources/app.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { consent, installationDetailSchema, installationSchema, newInstallation } from './app-schemas.ts';
import {
  APP_NOT_FOUND,
  type Door,
  INSTALLATION_NOT_FOUND,
  installationPath,
  newestFirst,
  organizationPath,
} from './door.ts';
import { endInstallations } from './end-installations.ts';
import { callUninstallTrigger } from './trigger.ts';

const resource = (row: InstallationRow) => installationResource(installationView(row));

/** An installation with the webhooks of its app. */
async function detail(c: AppContext, row: InstallationRow): Promise<z.infer<typeof installationDetailSchema>> {
  const { organization_id, app_id, app_organization_id, consented_version } = row;
  const webhooks = await listShownWebhooks(identityDatabase(c), organization_id, app_id);
  const isOwn = app_organization_id === organization_id;
  const shown = webhooks.map((webhook) => ({
    ...shownWebhookResource(webhook),
    needs_consent: !isOwn && webhook.version > consented_version,
  }));
  return { ...resource(row), webhooks: shown };
}

/** The apps that an organization has installed. */
export function installationRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tag };
  const all = `${door.organization}/app_installations`;
  const one = `${all}/{installation_id}`;
  const routes = createRouter();

  const install = defineRoute({
    operationId: door.nameOf('installApp'),
    ...common,
    method: 'post',
    path: all,
    summary: 'Install an app',
    description:
      'The app belongs to the organization or is available to anyone. It gets the scopes that it requires; the caller must have these scopes. It gets a bot user if it requires one. Installing consents to its webhooks. An app that is installed already, or has another `webhooks_version` than the given one, is 409.',
    access: door.writers,
    request: { params: organizationPath, body: bodyOf(newInstallation) },
    refusals: [409],
    answers: { 201: jsonOf(installationDetailSchema, 'Installed') },
  });
  routes.openapi(install, async (c) => {
    const { organization_id } = c.req.valid('param');
    const { app_id, webhooks_version = null } = c.req.valid('json');
    const identity = identityDatabase(c);
    const app = await findAvailableApp(identity, organization_id, app_id);
    if (app === null) return refuse(c, APP_NOT_FOUND);
    const grantable = door.grantableScopes(c);
    const scopes = JSON.parse(app.app_required_scopes) as string[];
    const missing = scopes.find((scope) => !grantable.has(scope));
    if (missing !== undefined) return refuse(c, { reason: 'scope_missing', scope: missing });
    const now = Date.now();
    const id = newUuid(now);
    nameTarget(c, { type: 'installation', id, details: { app_id, scopes } });
    const isMade = await insertInstallation(identity, organization_id, {
      id,
      app_id,
      app_user_id: newUuid(now),
      scopes,
      webhooks_version,
      created_at: now,
    });
    if (!isMade)
      return refuse(c, { reason: 'conflict', detail: 'This app is installed already, or has just changed.' });
    const row = await findInstallation(identity, organization_id, id);
    return row === null ? refuse(c, INSTALLATION_NOT_FOUND) : c.json(await detail(c, row), 201);
  });

  const getInstallations = defineRoute({
    operationId: door.nameOf('listInstallations'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the apps that the organization has installed',
    description:
      'Newest first unless `ordering` says otherwise. Each with the app, its bot user and the scopes that it was given.',
    access: door.readers,
    request: { params: organizationPath, query: newestFirst },
    answers: {
      200: jsonOf(collectionSchema(installationSchema), 'A page'),
    },
  });
  routes.openapi(getInstallations, async (c) => {
    const { organization_id } = c.req.valid('param');
    const { ordering, ...query } = c.req.valid('query');
    const asked = readPage(query, ordering, creationKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listInstallations(identityDatabase(c), organization_id, ordering, asked.page.keyset);
    const keyOf = (row: InstallationRow) => [row.created_at, row.id];
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource }), 200);
  });

  const getInstallation = defineRoute({
    operationId: door.nameOf('getInstallation'),
    ...common,
    method: 'get',
    path: one,
    summary: 'Get an installation of an app',
    description:
      '`allowed_scopes` are those that the app required when it was installed. One that was uninstalled is not found.',
    access: door.readers,
    request: { params: installationPath },
    answers: { 200: jsonOf(installationDetailSchema, 'The installation') },
  });
  routes.openapi(getInstallation, async (c) => {
    const { organization_id, installation_id } = c.req.valid('param');
    const row = await findInstallation(identityDatabase(c), organization_id, installation_id);
    return row === null ? refuse(c, INSTALLATION_NOT_FOUND) : c.json(await detail(c, row), 200);
  });

  const giveConsent = defineRoute({
    operationId: door.nameOf('consentToWebhooks'),
    ...common,
    method: 'post',
    path: `${one}/consent`,
    summary: 'Consent to the webhooks of an installed app',
    description:
      'Webhooks that the app has added or widened since the last consent reach the organization from then on. A `webhooks_version` that the app has no more is 409: look at the webhooks again. Repeating the call changes nothing. The owner of the app needs no consent.',
    access: door.writers,
    request: { params: installationPath, body: bodyOf(consent) },
    refusals: [409],
    answers: { 200: jsonOf(installationDetailSchema, 'The installation') },
  });
  routes.openapi(giveConsent, async (c) => {
    const { organization_id, installation_id } = c.req.valid('param');
    const { webhooks_version } = c.req.valid('json');
    const identity = identityDatabase(c);
    const isGiven = await consentToWebhooks(identity, organization_id, installation_id, webhooks_version, Date.now());
    const row = await findInstallation(identity, organization_id, installation_id);
    if (row === null) return refuse(c, INSTALLATION_NOT_FOUND);
    if (!isGiven) return refuse(c, { reason: 'conflict', detail: 'The webhooks of this app have just changed.' });
    return c.json(await detail(c, row), 200);
  });

  const uninstall = defineRoute({
    operationId: door.nameOf('uninstallApp'),
    ...common,
    method: 'delete',
    path: one,
    summary: 'Uninstall an app',
    description:
      'Deletes its bot user. All credentials of the installation stop working. The hub informs an app with the trigger `uninstall` by a GET to its trigger URL.',
    access: door.writers,
    request: { params: installationPath },
    answers: { 204: { description: 'Uninstalled' } },
  });
  routes.openapi(uninstall, async (c) => {
    const { organization_id, installation_id } = c.req.valid('param');
    const identity = identityDatabase(c);
    const leaving = await findUninstallTrigger(identity, organization_id, installation_id);
    const gone = await deleteInstallation(identity, organization_id, installation_id, Date.now());
    if (gone === null) return refuse(c, INSTALLATION_NOT_FOUND);
    await endInstallations(c, [{ ...gone, id: installation_id, organization_id }]);
    if (leaving !== null) callUninstallTrigger(c, leaving, door.userId(c));
    return c.body(null, 204);
  });

  return routes;
}
