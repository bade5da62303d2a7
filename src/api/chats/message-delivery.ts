import { z } from '@hono/zod-openapi';
import { threadNameOfChat } from '../../domain/address.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { isoTimeSchema, pathId } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import type { MessageFacts } from '../../resources/message.ts';
import { type MessageDelivery, messageDeliveryResource } from '../../resources/message-delivery.ts';
import { readThread } from '../../rpc/thread.ts';
import { defineRoute } from '../define-route.ts';
import { type ChatPath, chatParams, queryChat, routeIn } from './in-scope.ts';
import { userChats } from './scopes.ts';

const MESSAGE = '/{chat_id}/messages/{message_id}';
const params = chatParams(userChats, { message_id: pathId('message_id') });

const deliverySchema = z
  .object({
    delivery_id: z.string().openapi({ description: 'Also the `webhook-id` header.' }),
    status: z.enum(['pending', 'delivered', 'exhausted', 'skipped']),
    skip_reason: z.string().nullable(),
    is_replay: z.boolean().openapi({ description: 'Whether the state is that of a replay.' }),
    attempt_count: z.int(),
    next_attempt_at: isoTimeSchema.nullable(),
    last_attempt_at: isoTimeSchema.nullable(),
    last_status: z.int().nullable().openapi({ description: 'HTTP status of the last answer.' }),
    last_error: z.string().nullable().openapi({ description: 'Why the last attempt got no answer.' }),
  })
  .openapi('MessageDelivery');

const redeliveredSchema = z
  .object({ replayed: z.int().openapi({ description: '1, or 0 for a webhook that is still pending or was purged.' }) })
  .openapi('MessageRedelivered');

const getRoute = defineRoute({
  operationId: 'getUserChatMessageDelivery',
  ...routeIn(userChats, `${MESSAGE}/delivery`),
  method: 'get',
  tag: 'Chat messages',
  summary: 'Retrieve the webhook that brings a message of the user to its channel',
  description:
    'An extension, for who has sent the message: no scope is needed. A message of somebody else, one without a webhook, and one whose webhook ended more than 30 days ago are 404.',
  request: { params },
  answers: { 200: jsonOf(deliverySchema, 'The webhook') },
});

const redeliverRoute = defineRoute({
  operationId: 'redeliverUserChatMessage',
  ...routeIn(userChats, `${MESSAGE}/redeliver`),
  method: 'post',
  tag: 'Chat messages',
  idempotency: 'organization',
  summary: 'Send the webhook of a message of the user again',
  description:
    'An extension, for who has sent the message: no scope is needed. The replay has the same `webhook-id` and runs outside the order of its thread. A webhook that is still pending stays as it is: `replayed` is 0. The text is that of now, if it was edited since; a deleted message is 409.',
  request: { params },
  refusals: [409],
  answers: { 202: jsonOf(redeliveredSchema, 'Accepted') },
});

const NOT_SENT: Refusal = { reason: 'not_found', detail: 'The user has sent no such message.' };
const NO_WEBHOOK: Refusal = { reason: 'not_found', detail: 'The message has no webhook.' };
const DELETED: Refusal = { reason: 'conflict', detail: 'The message was deleted. It is not sent any more.' };

/** …/messages/<message_id>/delivery and /redeliver below /users/<user_id>/chats/<chat_id> (extensions). */
export const messageDeliveryRoutes = createRouter();

messageDeliveryRoutes.openapi(getRoute, async (c) => {
  const found = await findDelivery(c, c.req.valid('param'));
  return found.ok ? c.json(messageDeliveryResource(found.delivery), 200) : found.refused;
});

messageDeliveryRoutes.openapi(redeliverRoute, async (c) => {
  const found = await findDelivery(c, c.req.valid('param'));
  if (!found.ok) return found.refused;
  if (found.message.deleted_at !== undefined) return refuse(c, DELETED);
  const { id: delivery_id, receiver } = found.delivery;
  const request = { v: 1 as const, receiver, filter: { delivery_id } };
  const thread = threadNameOfChat(c.req.valid('param').chat_id) ?? '';
  const { replayed } = await readThread(c.env, c.var.cost, thread, (stub) => stub.replay(request));
  return c.json({ replayed }, 202);
});

async function findDelivery(
  c: AppContext,
  path: ChatPath & { message_id: string },
): Promise<
  { ok: true; message: MessageFacts; delivery: MessageDelivery } | { ok: false; refused: ReturnType<typeof refuse> }
> {
  const read = await queryChat(c, userChats, path, { type: 'read_delivery', message_id: path.message_id });
  if (!read.ok) return read;
  const { message, delivery } = read.answer;
  if (message.sender_type !== 'user' || message.sender_id !== c.var.principal.user.id) {
    return { ok: false, refused: refuse(c, NOT_SENT) };
  }
  return delivery === null ? { ok: false, refused: refuse(c, NO_WEBHOOK) } : { ok: true, message, delivery };
}
