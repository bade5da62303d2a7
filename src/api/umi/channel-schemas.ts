import { z } from '@hono/zod-openapi';
import { CHANNEL_ORDERS, type ChannelOrdering } from '../../directory/channels.ts';
import { collectionQuery, creationKey } from '../../http/collection.ts';
import { integerField, isoTimeSchema, textField, uuidField } from '../../http/fields.ts';
import { calledUrlField } from '../webhook-url.ts';

/** A channel on the wire (UMI documentation, 1.1) with the extensions, without its secret. */
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
    notify_purges: z.boolean(),
    created_at: isoTimeSchema,
    modified_at: isoTimeSchema,
  })
  .openapi('Channel');

const requiredFields = {
  name: textField({ max: 255 }).openapi({ example: 'Support mailbox' }),
  messaging_channel: textField({ max: 64 }).openapi({
    description:
      'Free text that names the medium, such as `email` or `whatsapp`. Webhooks carry it; the hub does not interpret it.',
    example: 'email',
  }),
  room_id: uuidField().openapi({
    description: 'Room in which sessions start. It belongs to the organization. Open chats stay in their room.',
    example: '01a1fe0e-242e-7152-98be-28935ce27c94',
  }),
  reply_webhook_url: calledUrlField().openapi({
    description: 'Public `https` URL that receives the webhooks (docs/webhooks.md).',
    example: 'https://connector.example.com/replies',
  }),
};

const retryField = integerField({ min: 0, max: 20 }).openapi({
  description:
    'Attempts after the first one fails, with delays of 1, 2, 4 … seconds. The next webhook of the thread waits.',
  example: 3,
});
const echoField = z.boolean().openapi({
  description: 'Extension. `false`: `user` messages posted through this channel trigger no webhook.',
  example: true,
});
const enabledField = z.boolean().openapi({
  description: 'Extension. `false`: webhooks end as skipped and can be replayed later.',
  example: true,
});

const purgesField = z.boolean().openapi({
  description: 'Extension. `true`: webhooks also tell what was purged, as `messages_purged` and `visitor_purged`.',
  example: false,
});

/** A whole channel, for POST and PUT. Optional fields that are left out get their defaults. */
export const wholeChannel = z
  .object({
    ...requiredFields,
    max_retry_count: retryField.default(3),
    echo_user_messages: echoField.default(true),
    is_webhook_enabled: enabledField.default(true),
    notify_purges: purgesField.default(false),
  })
  .openapi('NewChannel');

/** Changes to a channel, for PATCH. Fields that are left out stay. */
export const channelChanges = z
  .object({
    ...requiredFields,
    max_retry_count: retryField,
    echo_user_messages: echoField,
    is_webhook_enabled: enabledField,
    notify_purges: purgesField,
  })
  .partial()
  .openapi('PatchChannel');

const orderings = Object.keys(CHANNEL_ORDERS) as [ChannelOrdering, ...ChannelOrdering[]];

export const channelsQuery = z.object({
  ...collectionQuery,
  ordering: z.enum(orderings).default('-created_at'),
});

/** The keyset's values of an ordering: its column, then the id. */
export function channelKeySchema(ordering: ChannelOrdering) {
  return ordering === 'messaging_channel' ? z.tuple([z.string(), z.string()]) : creationKey;
}
