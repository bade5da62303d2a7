import { makeAppUserAuth, withAppUserAuth, withoutToken } from '../../delivery/app-user-auth.ts';
import { attemptDeps, attemptWebhook } from '../../delivery/attempt.ts';
import { INSTALLATION_TIMES } from '../../delivery/attempt-times.ts';
import { destinationOfWebhook } from '../../delivery/endpoint.ts';
import { findAppUser } from '../../directory/app-endpoints.ts';
import { findAppSecret } from '../../directory/app-user-codes.ts';
import { findAppWebhook } from '../../directory/app-webhooks.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { signingKey } from '../../http/signing-key.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { testResult, testResultSchema } from '../delivery-log/schemas.ts';
import { type Door, WEBHOOK_NOT_FOUND, webhookPath } from './door.ts';

/** Tests of the webhooks of an organization's apps. */
export function webhookTestRoutesOf(door: Door): AppRouter {
  const testWebhook = defineRoute({
    operationId: door.nameOf('testWebhook'),
    tag: door.tag,
    access: door.writers,
    method: 'post',
    path: `${door.organization}/apps/{app_id}/webhooks/{webhook_id}/test`,
    summary: 'Send a signed test event to a webhook of an app',
    description:
      'One attempt, now, outside the order of the real webhooks and also while the webhook is switched off: the envelope with the action `test`, the pattern as its channel, the webhook as its resource. It carries `app_user_auth` when the organization itself has installed the app and its bot user.',
    request: { params: webhookPath },
    answers: {
      200: jsonOf(testResultSchema.openapi('AppWebhookTestResult'), 'What the receiver answered'),
    },
  });
  return createRouter().openapi(testWebhook, async (c) => {
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
    const auth = appUser === null ? null : await makeAppUserAuth(await signingKey(c), appUser, now);
    const body = auth === null ? event : withAppUserAuth(event, auth);
    const destination = destinationOfWebhook(webhook, app.secret, c.env.PUBLIC_ORIGIN);
    const dependencies = attemptDeps(c.env, INSTALLATION_TIMES);
    const { is_delivered, attempt } = await attemptWebhook(dependencies, destination, { id: newUuid(now), body });
    return c.json(testResult(is_delivered, auth === null ? attempt : withoutToken(attempt, auth)), 200);
  });
}
