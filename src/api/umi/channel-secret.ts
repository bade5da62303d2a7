import { z } from '@hono/zod-openapi';
import { newSecret } from '../../delivery/signature.ts';
import { findChannelWithSecret, rotateChannelSecret } from '../../directory/channels.ts';
import { openChannel, wrapSecret } from '../../directory/stored-secrets.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { integerField, isoTimeSchema } from '../../http/fields.ts';
import { answerToKeep } from '../../http/kept-answers.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { channelSecretResource } from '../../resources/channel.ts';
import { channelSecrets } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const common = { access: channelSecrets, tag: 'Channels' };

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
  idempotency: 'organization',
  summary: 'Give a channel a new secret',
  description:
    'Webhooks are signed with both secrets for `grace_seconds`, so that the receiver can change over. Each call makes another secret, and a second rotation within that time drops the oldest. A call whose answer was lost is repeated with the same `Idempotency-Key`: it makes no other secret. Of two calls at once, one is 409.',
  request: { params: channelPath, body: bodyOf(rotation) },
  refusals: [409],
  answers: { 200: jsonOf(secretSchema, 'The new secret') },
});

export const channelSecretRoutes = createRouter();

channelSecretRoutes.openapi(getSecret, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const channel = await findChannelWithSecret(organizationDatabase(c), organization_id, config_id);
  if (channel === null) return refuse(c, CHANNEL_NOT_FOUND);
  const now = Date.now();
  return c.json(channelSecretResource(await openChannel(c.env, channel, now), now), 200);
});

channelSecretRoutes.openapi(rotateSecret, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const { grace_seconds } = c.req.valid('json');
  const database = organizationDatabase(c);
  const before = await findChannelWithSecret(database, organization_id, config_id);
  if (before === null) return refuse(c, CHANNEL_NOT_FOUND);
  const now = Date.now();
  const place = { table: 'channels', id: before.id } as const;
  const hasGrace = grace_seconds > 0;
  const secret = newSecret();
  const previous_secret_expires_at = hasGrace ? now + grace_seconds * 1000 : null;
  const rotation = {
    replaces: before.secret,
    secret: await wrapSecret(c.env, { ...place, column: 'secret' }, secret),
    previous_secret: hasGrace
      ? await wrapSecret(c.env, { ...place, column: 'previous_secret' }, (await openChannel(c.env, before, now)).secret)
      : null,
    previous_secret_expires_at,
    now,
  };
  const answer = channelSecretResource({ secret, previous_secret_expires_at }, now);
  // Kept with the rotation: a repeat of a lost request would drop the secret that receivers still hold.
  const kept = await answerToKeep(c, answer);
  const channel = await rotateChannelSecret(database, organization_id, config_id, rotation, kept);
  if (channel === null) return refuse(c, CHANGED_MEANWHILE);
  return c.json(answer, 200);
});

/** Otherwise the later of two rotations would drop a secret that no receiver has seen. */
const CHANGED_MEANWHILE: Refusal = {
  reason: 'conflict',
  detail: 'The secret was changed by another call: read it before you rotate it again.',
};
