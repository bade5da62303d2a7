import { z } from '@hono/zod-openapi';
import type { ChannelRow } from '../../db/rows.ts';
import { newSecret } from '../../delivery/signature.ts';
import { findChannel, rotateChannelSecret } from '../../directory/channels.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { integerField, isoTimeSchema } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { channelSettings } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeChannel } from './channel-cache.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const common = { access: channelSettings, tag: 'Channels' };

const DAY_SECONDS = 86_400;

const secretSchema = z
  .object({
    secret: z.string(),
    previous_secret_expires_at: isoTimeSchema.nullable().openapi({
      description: 'Until when the previous secret signs too; null when only this one does.',
    }),
  })
  .openapi('ChannelSecret');

const rotation = z
  .object({
    grace_seconds: integerField({ min: 0, max: 7 * DAY_SECONDS })
      .default(DAY_SECONDS)
      .openapi({
        description: 'Seconds during which webhooks are signed with the old secret too. 0: the old one stops at once.',
        example: 3600,
      }),
  })
  .openapi('RotateChannelSecret');

const getSecret = defineRoute({
  operationId: 'getChannelSecret',
  ...common,
  method: 'get',
  path: `${CHANNEL}/secret`,
  summary: 'Get the secret that signs the webhooks of a channel',
  description:
    'Receivers verify the header `webhook-signature` with it (Standard Webhooks). During a rotation webhooks carry a signature of the previous secret too.',
  request: { params: channelPath },
  answers: { 200: jsonOf(secretSchema, 'The secret') },
});

const rotateSecret = defineRoute({
  operationId: 'rotateChannelSecret',
  ...common,
  method: 'post',
  path: `${CHANNEL}/secret/rotate`,
  summary: 'Give a channel a new secret',
  description:
    'Webhooks are signed with both secrets for `grace_seconds`, so that the receiver can change over. Each call makes another secret: a second rotation within that time drops the oldest. Read the secret before you repeat a call whose answer was lost.',
  request: { params: channelPath, body: bodyOf(rotation) },
  answers: { 200: jsonOf(secretSchema, 'The new secret') },
});

export const channelSecretRoutes = createRouter();

channelSecretRoutes.openapi(getSecret, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const channel = await findChannel(organizationDatabase(c), organization_id, config_id);
  return channel === null ? refuse(c, CHANNEL_NOT_FOUND) : c.json(secretResource(channel, Date.now()), 200);
});

channelSecretRoutes.openapi(rotateSecret, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const { grace_seconds } = c.req.valid('json');
  const now = Date.now();
  const channel = await rotateChannelSecret(organizationDatabase(c), organization_id, config_id, {
    secret: newSecret(),
    previous_secret_expires_at: grace_seconds === 0 ? null : now + grace_seconds * 1000,
    now,
  });
  if (channel === null) return refuse(c, CHANNEL_NOT_FOUND);
  purgeChannel(organization_id, config_id);
  return c.json(secretResource(channel, now), 200);
});

function secretResource(channel: ChannelRow, now: number): z.infer<typeof secretSchema> {
  const until = channel.previous_secret_expires_at;
  return {
    secret: channel.secret,
    previous_secret_expires_at: until === null || until <= now ? null : isoTime(until),
  };
}
