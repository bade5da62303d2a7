import { z } from '@hono/zod-openapi';
import { CHANNEL_ORDERS, type ChannelOrdering } from '../../directory/channels.ts';
import { collectionQuery } from '../../http/collection.ts';
import { integerField, isoTimeSchema, textField, uuidField } from '../../http/fields.ts';

/** A channel on the wire (UMI documentation, 1.1) with the extensions; never its secret. */
export const channelSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    messaging_channel: z.string(),
    organization_id: z.string(),
    room_id: z.string(),
    reply_webhook_url: z.string(),
    max_retry_count: z.int(),
    echo_user_messages: z.boolean(),
    is_webhook_enabled: z.boolean(),
    created_at: isoTimeSchema,
    modified_at: isoTimeSchema,
  })
  .openapi('Channel');

const requiredFields = {
  name: textField({ max: 255 }),
  messaging_channel: textField({ max: 64 }),
  room_id: uuidField(),
  reply_webhook_url: textField({ max: 2048 }),
};

const MAX_RETRIES = { min: 0, max: 20 };

/** A whole channel, for POST and PUT: what is left out gets its default. */
export const wholeChannel = z.object({
  ...requiredFields,
  max_retry_count: integerField(MAX_RETRIES).default(3),
  echo_user_messages: z.boolean().default(true).openapi({
    description: 'Extension. `false`: messages posted through this channel trigger no webhook.',
  }),
  is_webhook_enabled: z.boolean().default(true).openapi({
    description: 'Extension. `false`: webhooks are skipped and can be replayed later.',
  }),
});

/** Changes to a channel, for PATCH: what is left out stays. */
export const channelChanges = z
  .object({
    ...requiredFields,
    max_retry_count: integerField(MAX_RETRIES),
    echo_user_messages: z.boolean(),
    is_webhook_enabled: z.boolean(),
  })
  .partial();

const orderings = Object.keys(CHANNEL_ORDERS) as [ChannelOrdering, ...ChannelOrdering[]];

export const channelsQuery = z.object({
  ...collectionQuery,
  ordering: z.enum(orderings).default('-created_at'),
});

/** Keyset values of an ordering: the column that it names, then the id. */
export function channelKeySchema(ordering: ChannelOrdering) {
  return ordering === 'messaging_channel' ? z.tuple([z.string(), z.string()]) : z.tuple([z.number(), z.string()]);
}
