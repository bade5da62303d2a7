import { z } from '@hono/zod-openapi';
import { findChannelOrDeleted } from '../../directory/channels.ts';
import { channelIdentity, identityText, threadName } from '../../domain/address.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, publicOrigin } from '../../http/collection.ts';
import { textField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import type { ChannelWebhook } from '../../resources/channel-webhook.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { readThread } from '../../rpc/thread.ts';
import { channelSettings, mayReadHistory } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { bodiesWithUrls } from '../shared/file-links.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const wholeNumber = z
  .string()
  .regex(/^\d{1,10}$/, 'A valid integer is required.')
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0 });

const eventsSchema = z
  .object({
    next: z.string().nullable(),
    previous: z.null(),
    results: z.array(z.record(z.string(), z.unknown())),
  })
  .openapi('ThreadEvents');

const route = defineRoute({
  operationId: 'listThreadEvents',
  method: 'get',
  path: `${CHANNEL}/events`,
  tag: 'Messages',
  summary: 'List the events of a thread, as the webhooks carried them',
  description:
    'For a receiver that was away or that polls. The results are the bodies with a `seq` above `after`, in ascending order: everything that was accepted for the channel, delivered or not. Without `after` the list starts with the first event. Follow `next` until it is null. With private history `message` and `reply_suggestion` are null for tokens without the scope `reports`. The list stays readable when the channel is deleted.',
  access: channelSettings,
  request: {
    params: channelPath,
    query: z.object({
      thread_id: textField({ max: 512 }),
      after: wholeNumber.optional().openapi({ description: '`seq` of the last event that the caller has.' }),
      page_size: collectionQuery.page_size,
    }),
  },
  answers: { 200: jsonOf(eventsSchema, 'Bodies in ascending `seq`') },
});

/** GET …/events: for a receiver that was away. Reads the thread's log. Works for a deleted channel too. */
export const listEventsRoutes = createRouter();

listEventsRoutes.openapi(route, async (c) => {
  const { config_id } = c.req.valid('param');
  const { thread_id, after = 0, page_size = 50 } = c.req.valid('query');
  const channel = await findChannelOrDeleted(organizationDatabase(c), c.var.principal.organization.id, config_id);
  if (channel === null) return refuse(c, CHANNEL_NOT_FOUND);
  const identity = channelIdentity(channel, thread_id);
  const request = {
    v: 1 as const,
    identity: identityText(identity),
    receiver: channelReceiver(channel.id),
    after,
    limit: page_size,
  };
  const result = await readThread(c.env, c.var.cost, threadName(identity), (stub) => stub.readEvents(request));
  if (!result.ok) return refuseThread(c, result.refusal);
  const { events, has_more } = result.answer;
  const last = events.at(-1);
  return c.json(
    {
      next: has_more && last !== undefined ? nextUrl(publicOrigin(c), c.req.url, last.seq) : null,
      previous: null,
      results: mayReadHistory(c) ? await bodiesWithUrls(c, events) : events.map(withoutText),
    },
    200,
  );
});

/** A body without what was said: its message or suggestion is null. That of a purge tells nothing. */
function withoutText(event: ChannelWebhook): object {
  if ('message' in event) return { ...event, message: null };
  return 'reply_suggestion' in event ? { ...event, reply_suggestion: null } : event;
}

function nextUrl(origin: string, requestUrl: string, after: number): string {
  const url = new URL(requestUrl);
  url.searchParams.set('after', String(after));
  return `${origin}${url.pathname}${url.search}`;
}
