import { type AppWebhookRow, flag } from '../../db/rows.ts';
import { makeAppUserAuth, withAppUserAuth, withoutToken } from '../../delivery/app-user-auth.ts';
import { attemptDeps, attemptWebhook } from '../../delivery/attempt.ts';
import { INSTALLATION_TIMES } from '../../delivery/attempt-times.ts';
import { destinationOfWebhook } from '../../delivery/endpoint.ts';
import { findAppUser } from '../../directory/app-endpoints.ts';
import { findAppSecret } from '../../directory/app-user-codes.ts';
import {
  type AppWebhookChanges,
  deleteAppWebhook,
  findAppWebhook,
  insertAppWebhook,
  isPatternTaken,
  listAppWebhooks,
  updateAppWebhook,
} from '../../directory/app-webhooks.ts';
import { type AppColumns, findApp } from '../../directory/apps.ts';
import { cachedHubKeys } from '../../directory/signing-keys.ts';
import { openAppSecret } from '../../directory/stored-secrets.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionResponse, collectionSchema, creationKey, readPage } from '../../http/collection.ts';
import { type Refusal, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { appWebhookResource } from '../../resources/app.ts';
import { problemOfPattern } from '../../resources/topic.ts';
import { newUuid } from '../../resources/uuid.ts';
import { webhookTestResource } from '../../resources/webhook-test.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { testResultSchema } from '../deliveries/delivery.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { refusalOfUrl, requestOrigin } from '../webhook-url.ts';
import { type WebhookFields, webhookChanges, webhookSchema, wholeWebhook } from './app-schemas.ts';
import { APP_NOT_FOUND, appPath, type Door, oldestFirst, WEBHOOK_NOT_FOUND, webhookPath } from './door.ts';
import { drainWebhook } from './end-installations.ts';
import { patternOwnerOf } from './patterns.ts';

const SWITCHED_OFF =
  'Switching it off ends its pending events as skipped; they can be replayed later. A pattern that another webhook of the app has is 400. With another pattern, another host of the endpoint or more kinds of changes it reaches other organizations that have installed the app only after they consent again. The call can be repeated.';

type Changed = { ok: true; webhook: AppWebhookRow } | { ok: false; refusal: Refusal };

/** The webhook subscriptions of an organization's apps. */
export function webhookRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tag, access: door.writers };
  const all = `${door.organization}/apps/{app_id}/webhooks`;
  const one = `${all}/{webhook_id}`;
  const routes = createRouter();

  const createWebhook = defineRoute({
    operationId: door.nameOf('createWebhook'),
    ...common,
    method: 'post',
    path: all,
    summary: 'Subscribe an app to a channel',
    description: `At least one of on_added, on_changed and on_removed is true. Each webhook of an app has its own pattern: the same one again is 400, and so is a repeat of the call. Above the quota of webhooks of an app it is 409. Other organizations that have installed the app get nothing of it until they consent.`,
    request: { params: appPath, body: bodyOf(wholeWebhook) },
    refusals: [409],
    answers: { 201: jsonOf(webhookSchema, 'Created') },
  });
  routes.openapi(createWebhook, async (c) => {
    const { organization_id, app_id } = c.req.valid('param');
    const fields = c.req.valid('json');
    const app = await findApp(identityDatabase(c), organization_id, app_id);
    if (app === null) return refuse(c, APP_NOT_FOUND);
    const problem = problemOf(c, app, null, fields);
    if (problem !== null) return refuseField(c, problem.field, problem.message);
    if (!(fields.on_added || fields.on_changed || fields.on_removed)) return refuse(c, NOTHING_SUBSCRIBED);
    const now = Date.now();
    const id = newUuid(now);
    nameTarget(c, { type: 'webhook', id });
    const webhook = {
      ...fields,
      id,
      app_id,
      on_added: flag(fields.on_added),
      on_changed: flag(fields.on_changed),
      on_removed: flag(fields.on_removed),
      is_enabled: flag(fields.is_enabled),
      registered_origin: requestOrigin(c),
      created_at: now,
    };
    const quota = await quotaOf(c, 'webhooks');
    const added = await insertAppWebhook(identityDatabase(c), organization_id, webhook, quota.limit);
    if (!added.ok) {
      const isTaken = await isPatternTaken(identityDatabase(c), organization_id, app_id, fields.channel_pattern, null);
      if (isTaken) return refuse(c, PATTERN_TAKEN);
      return refuse(c, added.reason === 'quota' ? quotaReached(quota) : APP_NOT_FOUND);
    }
    return c.json(appWebhookResource(added.row), 201);
  });

  const getWebhooks = defineRoute({
    operationId: door.nameOf('listWebhooks'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the webhooks of an app',
    description:
      'Oldest first unless `ordering` says otherwise. They hold for every organization that installs the app.',
    request: { params: appPath, query: oldestFirst },
    answers: { 200: jsonOf(collectionSchema(webhookSchema), 'A page') },
  });
  routes.openapi(getWebhooks, async (c) => {
    const { organization_id, app_id } = c.req.valid('param');
    const { ordering, ...query } = c.req.valid('query');
    const asked = readPage(query, ordering, creationKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const identity = identityDatabase(c);
    if ((await findApp(identity, organization_id, app_id)) === null) return refuse(c, APP_NOT_FOUND);
    const rows = await listAppWebhooks(identity, organization_id, app_id, ordering, asked.page.keyset);
    const keyOf = (row: AppWebhookRow) => [row.created_at, row.id];
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource: appWebhookResource }), 200);
  });

  const getWebhook = defineRoute({
    operationId: door.nameOf('getWebhook'),
    ...common,
    method: 'get',
    path: one,
    summary: 'Get a webhook of an app',
    description: 'What became of its events is in the delivery log of each installation.',
    request: { params: webhookPath },
    answers: { 200: jsonOf(webhookSchema, 'The webhook') },
  });
  routes.openapi(getWebhook, async (c) => {
    const { organization_id, app_id, webhook_id } = c.req.valid('param');
    const webhook = await findAppWebhook(identityDatabase(c), organization_id, app_id, webhook_id);
    return webhook === null ? refuse(c, WEBHOOK_NOT_FOUND) : c.json(appWebhookResource(webhook), 200);
  });

  const changes = [
    {
      method: 'put',
      summary: 'Replace a webhook of an app',
      description: `Optional fields that are left out are set to their defaults. ${SWITCHED_OFF}`,
      body: wholeWebhook,
    },
    {
      method: 'patch',
      summary: 'Change a webhook of an app',
      description: `A field that is left out stays. ${SWITCHED_OFF}`,
      body: webhookChanges,
    },
  ] as const;
  for (const { method, body, ...texts } of changes) {
    const changeRoute = defineRoute({
      operationId: door.nameOf(`${VERBS[method]}Webhook`),
      ...common,
      ...texts,
      method,
      path: one,
      request: { params: webhookPath, body: bodyOf(body) },
      answers: { 200: jsonOf(webhookSchema, 'The changed webhook') },
    });
    routes.openapi(changeRoute, async (c) => {
      const changed = await changeWebhook(c, c.req.valid('param'), c.req.valid('json'));
      return changed.ok ? c.json(appWebhookResource(changed.webhook), 200) : refuse(c, changed.refusal);
    });
  }

  const removeWebhook = defineRoute({
    operationId: door.nameOf('deleteWebhook'),
    ...common,
    method: 'delete',
    path: one,
    summary: 'Delete a webhook of an app',
    description: 'Its pending events end as skipped; the log keeps them. Repeating the call answers 404.',
    request: { params: webhookPath },
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(removeWebhook, async (c) => {
    const { organization_id, app_id, webhook_id } = c.req.valid('param');
    const isDeleted = await deleteAppWebhook(identityDatabase(c), organization_id, app_id, webhook_id, Date.now());
    if (!isDeleted) return refuse(c, WEBHOOK_NOT_FOUND);
    drainWebhook(c, organization_id, app_id, webhook_id);
    return c.body(null, 204);
  });

  const testWebhook = defineRoute({
    operationId: door.nameOf('testWebhook'),
    ...common,
    method: 'post',
    path: `${one}/test`,
    summary: 'Send a signed test event to a webhook of an app',
    description:
      'One attempt, now, outside the order of the real webhooks and also while the webhook is switched off. The event has the action `test`, the pattern as its channel and the webhook as its resource. It carries `app_user_auth` when the organization itself has installed the app and its bot user.',
    request: { params: webhookPath },
    answers: { 200: jsonOf(testResultSchema.openapi('AppWebhookTestResult'), 'The answer of the endpoint') },
  });
  routes.openapi(testWebhook, async (c) => {
    const { organization_id, app_id, webhook_id } = c.req.valid('param');
    const identity = identityDatabase(c);
    const [webhook, app, appUser] = await Promise.all([
      findAppWebhook(identity, organization_id, app_id, webhook_id),
      findAppSecret(identity, app_id),
      findAppUser(identity, organization_id, app_id),
    ]);
    if (webhook === null || app === null) return refuse(c, WEBHOOK_NOT_FOUND);
    const now = Date.now();
    const { id, channel_pattern } = webhook;
    const event = JSON.stringify({ channel: channel_pattern, action: 'test', resource_id: id, resource: { id } });
    const { signing } = await cachedHubKeys(c.env, c.var.cost);
    const auth = appUser === null ? null : await makeAppUserAuth(signing, appUser, now);
    const body = auth === null ? event : withAppUserAuth(event, auth);
    const secret = await openAppSecret(c.env, app);
    const destination = destinationOfWebhook(webhook, secret, c.env.PUBLIC_ORIGIN);
    const dependencies = attemptDeps(c.env, INSTALLATION_TIMES);
    const { is_delivered, attempt } = await attemptWebhook(dependencies, destination, { id: newUuid(now), body });
    return c.json(webhookTestResource(is_delivered, auth === null ? attempt : withoutToken(attempt, auth)), 200);
  });

  return routes;
}

const NOTHING_SUBSCRIBED: Refusal = {
  reason: 'invalid',
  fields: { non_field_errors: ['At least one of on_added, on_changed and on_removed must be true.'] },
};
const PATTERN_TAKEN: Refusal = {
  reason: 'invalid',
  fields: { channel_pattern: ['The app has a webhook with this pattern already.'] },
};

/**
 * Why an endpoint or a pattern is refused; null when both are accepted. `before`: the webhook to change; null for a new
 * one.
 */
function problemOf(
  c: AppContext,
  app: AppColumns,
  before: AppWebhookRow | null,
  { endpoint_url, channel_pattern }: WebhookFields,
): { field: string; message: string } | null {
  const url = endpoint_url === undefined ? null : refusalOfUrl(c, endpoint_url, before?.registered_origin ?? null);
  if (url !== null) return { field: 'endpoint_url', message: url };
  if (channel_pattern === undefined) return null;
  const message = problemOfPattern(channel_pattern, patternOwnerOf(app));
  return message === null ? null : { field: 'channel_pattern', message };
}

/** Changes a webhook, for PUT and PATCH. Switching it off also ends its pending deliveries. */
async function changeWebhook(
  c: AppContext,
  { organization_id, app_id, webhook_id }: { organization_id: string; app_id: string; webhook_id: string },
  fields: WebhookFields,
): Promise<Changed> {
  const identity = identityDatabase(c);
  const [app, before] = await Promise.all([
    findApp(identity, organization_id, app_id),
    findAppWebhook(identity, organization_id, app_id, webhook_id),
  ]);
  if (app === null || before === null) return { ok: false, refusal: WEBHOOK_NOT_FOUND };
  const problem = problemOf(c, app, before, fields);
  if (problem !== null) {
    return { ok: false, refusal: { reason: 'invalid', fields: { [problem.field]: [problem.message] } } };
  }
  const webhook = await updateAppWebhook(identity, organization_id, app_id, webhook_id, columnsOf(fields), Date.now());
  if (webhook !== null) {
    if (before.is_enabled === 1 && webhook.is_enabled === 0) drainWebhook(c, organization_id, app_id, webhook_id);
    return { ok: true, webhook };
  }
  if ((await findAppWebhook(identity, organization_id, app_id, webhook_id)) === null) {
    return { ok: false, refusal: WEBHOOK_NOT_FOUND };
  }
  const pattern = fields.channel_pattern;
  const isTaken =
    pattern !== undefined && (await isPatternTaken(identity, organization_id, app_id, pattern, webhook_id));
  return { ok: false, refusal: isTaken ? PATTERN_TAKEN : NOTHING_SUBSCRIBED };
}

function columnsOf(fields: WebhookFields): AppWebhookChanges {
  return {
    endpoint_url: fields.endpoint_url,
    channel_pattern: fields.channel_pattern,
    on_added: flag(fields.on_added),
    on_changed: flag(fields.on_changed),
    on_removed: flag(fields.on_removed),
    is_enabled: flag(fields.is_enabled),
  };
}
