import { flag } from '../../db/rows.ts';
import {
  type AppChanges,
  type AppColumns,
  appView,
  deleteApp,
  findApp,
  insertApp,
  listApps,
  newAppSecret,
  replaceAppSecret,
  updateApp,
} from '../../directory/apps.ts';
import { placeOfApp, wrapSecret } from '../../directory/stored-secrets.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { auditEntry, nameTarget } from '../../http/audit.ts';
import { collectionResponse, collectionSchema, creationKey, readPage } from '../../http/collection.ts';
import { answerToKeep } from '../../http/kept-answers.ts';
import { type Refusal, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { ownAppResource } from '../../resources/app.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { refusalOfUrl, requestOrigin } from '../webhook-url.ts';
import { type AppFields, appChanges, appSchema, appSecretSchema, createdAppSchema, wholeApp } from './app-schemas.ts';
import { APP_NOT_FOUND, appPath, type Door, newestFirst, organizationPath } from './door.ts';
import { endInstallations } from './end-installations.ts';
import { neededByWebhooks } from './patterns.ts';

type Changed = { ok: true; app: AppColumns } | { ok: false; refusal: Refusal };

/** The apps that an organization owns. */
export function appRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tag, access: door.writers };
  const all = `${door.organization}/apps`;
  const one = `${all}/{app_id}`;
  const routes = createRouter();

  const createApp = defineRoute({
    operationId: door.nameOf('createApp'),
    ...common,
    method: 'post',
    path: all,
    summary: 'Create an app',
    description:
      'Only this answer shows the secret of the app. A new secret can be made later. Each call makes another app. A `trigger_url` that is no public `https` URL is 400. Above the quota of apps it is 409.',
    request: { params: organizationPath, body: bodyOf(wholeApp) },
    refusals: [409],
    answers: { 201: jsonOf(createdAppSchema, 'Created') },
  });
  routes.openapi(createApp, async (c) => {
    const { organization_id } = c.req.valid('param');
    const { icon_url, ...fields } = c.req.valid('json');
    const message = fields.trigger_url === null ? null : refusalOfUrl(c, fields.trigger_url, null);
    if (message !== null) return refuseField(c, 'trigger_url', message);
    const now = Date.now();
    const id = newUuid(now);
    const secret = newAppSecret();
    const app = {
      ...fields,
      ...columnsOf(fields),
      id,
      icon_asset_id: icon_url === null ? null : newUuid(now),
      icon_url,
      secret: await wrapSecret(c.env, placeOfApp(id), secret),
      registered_origin: requestOrigin(c),
      created_at: now,
    };
    nameTarget(c, { type: 'app', id });
    const quota = await quotaOf(c, 'apps');
    if (!(await insertApp(identityDatabase(c), organization_id, app, quota.limit)))
      return refuse(c, quotaReached(quota));
    const row = await findApp(identityDatabase(c), organization_id, app.id);
    return row === null ? refuse(c, APP_NOT_FOUND) : c.json({ ...ownAppResource(appView(row)), secret }, 201);
  });

  const getApps = defineRoute({
    operationId: door.nameOf('listApps'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the apps that the organization owns',
    description:
      'Newest first unless `ordering` says otherwise. Apps of others that it has installed are listed as installations.',
    request: { params: organizationPath, query: newestFirst },
    answers: { 200: jsonOf(collectionSchema(appSchema), 'A page') },
  });
  routes.openapi(getApps, async (c) => {
    const { organization_id } = c.req.valid('param');
    const { ordering, ...query } = c.req.valid('query');
    const asked = readPage(query, ordering, creationKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listApps(identityDatabase(c), organization_id, ordering, asked.page.keyset);
    const keyOf = (row: AppColumns) => [row.app_created_at, row.app_id];
    const resource = (row: AppColumns) => ownAppResource(appView(row));
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource }), 200);
  });

  const getApp = defineRoute({
    operationId: door.nameOf('getApp'),
    ...common,
    method: 'get',
    path: one,
    summary: 'Get an app that the organization owns',
    description: 'The answer never holds the secret. An app of another organization is not found.',
    request: { params: appPath },
    answers: { 200: jsonOf(appSchema, 'The app') },
  });
  routes.openapi(getApp, async (c) => {
    const { organization_id, app_id } = c.req.valid('param');
    const row = await findApp(identityDatabase(c), organization_id, app_id);
    return row === null ? refuse(c, APP_NOT_FOUND) : c.json(ownAppResource(appView(row)), 200);
  });

  const changes = [
    {
      method: 'put',
      summary: 'Replace an app',
      description:
        'Optional fields that are left out are set to their defaults. The secret stays. So do the scopes and bot users of installations.',
      body: wholeApp,
    },
    {
      method: 'patch',
      summary: 'Change an app',
      description:
        'A field that is left out stays. Installations keep the scopes and the bot user that they have. What webhooks of the app still need, a bot user or the scope `reports`, cannot be taken away (400). The call can be repeated.',
      body: appChanges,
    },
  ] as const;
  for (const { method, body, ...texts } of changes) {
    const changeRoute = defineRoute({
      operationId: door.nameOf(`${VERBS[method]}App`),
      ...common,
      ...texts,
      method,
      path: one,
      request: { params: appPath, body: bodyOf(body) },
      answers: { 200: jsonOf(appSchema, 'The changed app') },
    });
    routes.openapi(changeRoute, async (c) => {
      const changed = await changeApp(c, c.req.valid('param'), c.req.valid('json'));
      return changed.ok ? c.json(ownAppResource(appView(changed.app)), 200) : refuse(c, changed.refusal);
    });
  }

  const removeApp = defineRoute({
    operationId: door.nameOf('deleteApp'),
    ...common,
    method: 'delete',
    path: one,
    summary: 'Delete an app',
    description:
      'Uninstalls the app in every organization and deletes its bot users. Pending webhooks end as skipped; the delivery logs stay readable. Repeating the call answers 404.',
    request: { params: appPath },
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(removeApp, async (c) => {
    const { organization_id, app_id } = c.req.valid('param');
    const ended = await deleteApp(identityDatabase(c), organization_id, app_id, Date.now(), auditEntry(c, null));
    if (ended === null) return refuse(c, APP_NOT_FOUND);
    await endInstallations(c, ended);
    return c.body(null, 204);
  });

  const rotateSecret = defineRoute({
    operationId: door.nameOf('rotateAppSecret'),
    ...common,
    method: 'post',
    path: `${one}/secret/rotate`,
    idempotency: 'identity',
    summary: 'Give an app a new secret',
    description:
      'The old secret stops working at once. Only this answer shows the new one. Each call makes another secret, unless it has the `Idempotency-Key` of an earlier one: so repeat a call whose answer was lost.',
    request: { params: appPath },
    answers: { 200: jsonOf(appSecretSchema, 'The new secret') },
  });
  routes.openapi(rotateSecret, async (c) => {
    const { organization_id, app_id } = c.req.valid('param');
    const secret = newAppSecret();
    const stored = await wrapSecret(c.env, placeOfApp(app_id), secret);
    const kept = await answerToKeep(c, { secret });
    const isChanged = await replaceAppSecret(identityDatabase(c), organization_id, app_id, stored, Date.now(), kept);
    if (!isChanged) return refuse(c, APP_NOT_FOUND);
    return c.json({ secret }, 200);
  });

  return routes;
}

/** Changes an app, for PUT and PATCH. An icon with another URL is a new asset. */
async function changeApp(
  c: AppContext,
  { organization_id, app_id }: { organization_id: string; app_id: string },
  fields: AppFields,
): Promise<Changed> {
  const identity = identityDatabase(c);
  const before = await findApp(identity, organization_id, app_id);
  if (before === null) return { ok: false, refusal: APP_NOT_FOUND };
  const { trigger_url, icon_url } = fields;
  const message = trigger_url == null ? null : refusalOfUrl(c, trigger_url, before.app_registered_origin);
  if (message !== null) return { ok: false, refusal: { reason: 'invalid', fields: { trigger_url: [message] } } };
  const needed = await neededByWebhooks(identity, before, fields);
  if (needed !== null) return { ok: false, refusal: { reason: 'invalid', fields: needed } };
  const now = Date.now();
  const isSameIcon = icon_url === undefined || icon_url === before.app_icon_url;
  const icon = isSameIcon ? {} : { icon_url, icon_asset_id: icon_url === null ? null : newUuid(now) };
  const { name, description, terms_url, privacy_url } = fields;
  const columns = { name, description, terms_url, privacy_url, trigger_url, ...columnsOf(fields), ...icon };
  await updateApp(identity, organization_id, app_id, columns, now);
  const app = await findApp(identity, organization_id, app_id);
  return app === null ? { ok: false, refusal: APP_NOT_FOUND } : { ok: true, app };
}

type Wrapped = 'trigger_types' | 'is_app_user_required' | 'required_scopes' | 'is_available_to_anyone';

/** The fields that D1 stores in another form. Undefined stays undefined. */
function columnsOf(
  fields: Required<Pick<AppFields, Wrapped>>,
): Required<{ [Column in Wrapped]: NonNullable<AppChanges[Column]> }>;
function columnsOf(fields: Pick<AppFields, Wrapped>): Pick<AppChanges, Wrapped>;
function columnsOf(fields: Pick<AppFields, Wrapped>): Pick<AppChanges, Wrapped> {
  return {
    trigger_types: fields.trigger_types && JSON.stringify(fields.trigger_types),
    required_scopes: fields.required_scopes && JSON.stringify(fields.required_scopes),
    is_app_user_required: flag(fields.is_app_user_required),
    is_available_to_anyone: flag(fields.is_available_to_anyone),
  };
}
