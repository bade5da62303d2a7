import { z } from '@hono/zod-openapi';
import { findThreadsOfMessage } from '../../delivery/channel-threads.ts';
import type { MessageStatusReported, ReportMessageStatus } from '../../domain/commands.ts';
import type { Result } from '../../domain/refusals.ts';
import { pathId, textField, timeField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { messageResource, REPORTED_STATES } from '../../resources/message.ts';
import { channelSettings } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import { messageWithUrls } from '../shared/file-links.ts';
import { messageSchema } from '../shared/message-schema.ts';
import { findCachedChannel } from './channel-cache.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

/** Longest reason. Characters. */
const REASON_CHARACTERS = 500;

const statusSchema = z
  .object({
    status: z.enum(REPORTED_STATES),
    at: timeField().optional().openapi({ description: 'When it happened; now, if left out.' }),
    reason: textField({ max: REASON_CHARACTERS, blank: true })
      .nullish()
      .openapi({ description: 'Why the delivery has failed. Kept only with `failed`.' }),
  })
  .openapi('MessageStatusReport');

const route = defineRoute({
  operationId: 'reportMessageStatus',
  access: channelSettings,
  tag: 'Messages',
  method: 'post',
  path: `${CHANNEL}/messages/{message_id}/status`,
  summary: 'Report what became of a message',
  description:
    'An extension. `message_id` is the hub’s id of a message that was sent to the channel, as in its webhook. A lower state never replaces a higher one (`failed`, `delivered`, `read`), so reports may be repeated and come in any order. A time before the message or in the future is moved to the nearer bound. Messages of visitors, and purged ones, are 409.',
  request: { params: channelPath.extend({ message_id: pathId('message_id') }), body: bodyOf(statusSchema) },
  refusals: [409],
  answers: { 200: jsonOf(messageSchema, 'The message with its state') },
});

/** POST …/unified_messaging/<config_id>/messages/<message_id>/status (an extension). */
export const reportStatusRoutes = createRouter();

reportStatusRoutes.openapi(route, async (c) => {
  const { config_id, message_id } = c.req.valid('param');
  const { status, at = null, reason } = c.req.valid('json');
  const organizationId = c.var.principal.organization.id;
  const found = await findCachedChannel(c, organizationId, config_id);
  if (found === null) return refuse(c, CHANNEL_NOT_FOUND);
  const channel_id = found.channel.id;
  const threads = await findThreadsOfMessage(await copyDatabase(c), organizationId, channel_id, message_id);
  let result: Result<MessageStatusReported> = { ok: false, refusal: { reason: 'message_not_found' } };
  for (const thread of threads) {
    const report = { type: 'report_message_status' as const, channel_id, chat_id: null, message_id };
    const command: ReportMessageStatus = { ...commandHead(c), ...report, status, at, reason: reason ?? null };
    result = await sendCommand(c, thread, command);
    if (result.ok || result.refusal.reason !== 'message_not_found') break;
  }
  if (!result.ok) return refuseThread(c, result.refusal);
  const { message, chat } = result.answer;
  if (message === null) return refuseThread(c, { reason: 'message_not_found' });
  return c.json(await messageWithUrls(c, messageResource(message, chat)), 200);
});
