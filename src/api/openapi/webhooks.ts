import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';
import type { AppRouter } from '../../http/router.ts';
import { messageSchema } from '../shared/message-schema.ts';
import { replySuggestionSchema } from '../shared/reply-suggestion-schema.ts';

/**
 * What the hub sends, for the `webhooks` of the OpenAPI document. notifications/webhook-body.ts makes the bodies. Tests
 * validate received webhooks against these schemas.
 */

const places = {
  seq: z.int().openapi({ description: 'Extension: place of the event in its thread.', example: 8 }),
  prev_seq: z
    .int()
    .nullable()
    .openapi({ description: 'Extension: `seq` of the event before it for the same receiver; null for the first.' }),
};

const channel = {
  messaging_channel: z.string().openapi({ example: 'email' }),
  channel_config_id: z.string().openapi({ format: 'uuid' }),
};

const event = {
  thread_id: z.string().openapi({ example: 'ticket-1' }),
  chat_id: z.string().openapi({ format: 'uuid' }),
};

const UNPUBLISHED = {
  deleted_at: true,
  delivery_status: true,
  delivered_at: true,
  read_at: true,
  failure_reason: true,
} as const;

export const messageCreated = z
  .object({
    event_type: z.literal('message_created'),
    ...event,
    message: messageSchema.omit({ ...UNPUBLISHED, external_sender_id: true }),
    ...channel,
    ...places,
  })
  .openapi('MessageCreatedWebhook');

export const replySuggestionCreated = z
  .object({
    event_type: z.literal('reply_suggestion_created'),
    ...event,
    reply_suggestion: replySuggestionSchema,
    ...channel,
    ...places,
  })
  .openapi('ReplySuggestionCreatedWebhook');

const purgeNoticeSchema = z
  .object({
    id: z.string(),
    type: z.enum(['messages_purged', 'visitor_purged', 'key_forgotten']).openapi({
      description: '`key_forgotten`: what you have of the chat in clear text; only apps and sockets are told.',
    }),
    chat_id: z.string(),
    room_id: z.string().nullable(),
    visitor_id: z.string().nullable(),
    created_at_before: isoTimeSchema
      .nullable()
      .openapi({ description: 'Messages from before this time were purged; null: all messages of the chat.' }),
    purged_at: isoTimeSchema,
  })
  .openapi('PurgeNotice');

export const chatPurged = z
  .object({
    event_type: z.enum(['messages_purged', 'visitor_purged']),
    ...event,
    purge: purgeNoticeSchema,
    ...channel,
    ...places,
  })
  .openapi('PurgeWebhook');

export const channelTest = z
  .object({ event_type: z.literal('test'), ...channel, created_at: isoTimeSchema })
  .openapi('TestWebhook');

export const appNotification = z
  .object({
    channel: z.string().openapi({
      description: 'The subscribed path with its placeholders filled in.',
      example: '/api/v5/orgs/0190a000-0000-7000-8000-000000000001/owned_chats',
    }),
    action: z
      .enum(['added', 'changed', 'removed', 'test'])
      .openapi({ description: '`test` comes without `seq` and `prev_seq`, after a call of the webhook’s `/test`.' }),
    resource_id: z.string(),
    resource: z.record(z.string(), z.unknown()).openapi({
      description:
        'The whole resource when it was added, its changed attributes when it changed, its id when it was removed.',
    }),
    app_user_auth: z
      .object({
        access_token: z.string(),
        token_type: z.literal('Bearer'),
        expires_in: z.literal(300).openapi({ description: 'Seconds.' }),
        user_id: z.string(),
        organization_id: z.string(),
      })
      .optional()
      .openapi({ description: 'A token with which the app acts as its bot user; missing when it has none.' }),
    seq: places.seq.optional(),
    prev_seq: places.prev_seq.optional(),
  })
  .openapi('AppNotificationWebhook');

const RETRIES = 'Anything but a 2xx within five seconds is a failure, and is sent again (docs/webhooks.md).';

const WEBHOOKS = [
  {
    name: 'message_created',
    schema: messageCreated,
    summary: 'An agent or bot has written a message',
    description: `For the URL of a channel: each message of type \`msg\` that goes back to its thread. ${RETRIES}`,
  },
  {
    name: 'reply_suggestion_created',
    schema: replySuggestionCreated,
    summary: 'A reply has been suggested',
    description: `For the URL of a channel: each new suggestion for a message of its threads. ${RETRIES}`,
  },
  {
    name: 'messages_purged',
    schema: chatPurged,
    summary: 'Messages of a chat were purged',
    description: `For the URL of a channel with \`notify_purges\`: what its receiver should delete too. ${RETRIES}`,
  },
  {
    name: 'visitor_purged',
    schema: chatPurged,
    summary: 'The visitor of a chat was purged',
    description: `For the URL of a channel with \`notify_purges\`, for each chat of the visitor. In place of the \`thread_id\` it has what stands for a purged one (docs/webhooks.md). ${RETRIES}`,
  },
  {
    name: 'test',
    schema: channelTest,
    summary: 'Somebody tests the channel',
    description: 'For the URL of a channel, after a call of its `/test`. Sent once.',
  },
  {
    name: 'app_notification',
    schema: appNotification,
    summary: 'Something has changed in a collection to which an app is subscribed',
    description: `For the endpoint of an app webhook, for each installation. ${RETRIES}`,
  },
];

const headers = z.object({
  'webhook-id': z.string().openapi({ description: 'The same at each attempt and each replay: the key for repeats.' }),
  'webhook-timestamp': z.string().openapi({ description: 'Time of this attempt, in seconds since 1970.' }),
  'webhook-signature': z
    .string()
    .openapi({ description: 'One `v1,<base64>` for each valid secret (Standard Webhooks).' }),
});

/** Adds the webhooks to the document of `app`. */
export function registerWebhooks(app: AppRouter): void {
  for (const { name, schema, summary, description } of WEBHOOKS) {
    app.openAPIRegistry.registerWebhook({
      method: 'post',
      path: name,
      operationId: `on${name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
      tags: ['Webhooks'],
      summary,
      description,
      security: [],
      request: { headers, body: { required: true, content: { 'application/json': { schema } } } },
      responses: { '2XX': { description: 'Received' }, default: { description: 'To be sent again' } },
    });
  }
}
