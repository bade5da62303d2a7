import { attemptDeps, attemptWebhook } from '../../delivery/attempt.ts';
import { CHANNEL_TIMES } from '../../delivery/attempt-times.ts';
import { destinationOfChannel } from '../../delivery/endpoint.ts';
import { findChannel } from '../../directory/channels.ts';
import { openChannel } from '../../directory/stored-secrets.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { newUuid } from '../../resources/uuid.ts';
import { webhookTestResource } from '../../resources/webhook-test.ts';
import { channelManagement } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { testResultSchema } from '../deliveries/delivery.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const testChannel = defineRoute({
  operationId: 'testChannel',
  access: channelManagement,
  tag: 'Channels',
  method: 'post',
  path: `${CHANNEL}/test`,
  summary: 'Send a signed test event to a channel',
  description:
    'One attempt, now, outside the order of the real webhooks and also while these are switched off. The body has the `event_type` `test`. The call can be repeated: nothing of it enters the delivery log or the ledger.',
  request: { params: channelPath },
  answers: {
    200: jsonOf(testResultSchema.openapi('ChannelTestResult'), 'The answer of the receiver'),
  },
});

export const channelTestRoutes = createRouter();

channelTestRoutes.openapi(testChannel, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const channel = await findChannel(organizationDatabase(c), organization_id, config_id);
  if (channel === null) return refuse(c, CHANNEL_NOT_FOUND);
  const now = Date.now();
  const body = JSON.stringify({
    event_type: 'test',
    messaging_channel: channel.messaging_channel,
    channel_config_id: channel.id,
    created_at: isoTime(now),
  });
  const destination = destinationOfChannel(await openChannel(c.env, channel, now), now, c.env.PUBLIC_ORIGIN);
  const webhook = { id: newUuid(now), body };
  const { is_delivered, attempt } = await attemptWebhook(attemptDeps(c.env, CHANNEL_TIMES), destination, webhook);
  return c.json(webhookTestResource(is_delivered, attempt), 200);
});
