import { z } from '@hono/zod-openapi';
import { threadName } from '../../domain/address.ts';
import { type CloseThread, newCommandId } from '../../domain/commands.ts';
import { textField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { channelSettings } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { executeCommand } from '../execute-command.ts';
import { refuseThread } from '../refuse-thread.ts';
import { findCachedChannel } from './channel-cache.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const closeSchema = z.object({ thread_id: textField({ max: 512 }) }).openapi('CloseSession');

const closedSchema = z
  .object({ chat_session_id: z.string(), thread_id: z.string(), message: z.string(), is_ended: z.literal(true) })
  .openapi('SessionClosed');

const route = defineRoute({
  operationId: 'closeSession',
  method: 'post',
  path: `${CHANNEL}/close_session`,
  tag: 'Messages',
  summary: 'Close session',
  description:
    'Ends the open chat session of a thread. The next message with this `thread_id` starts a new session. A thread whose session has ended answers 200 with that session, so repeat the call after a 503 or a lost answer; a repeat that comes after a new session has started ends the new one. A thread that the channel does not have is 404.',
  access: channelSettings,
  request: { params: channelPath, body: bodyOf(closeSchema) },
  answers: {
    200: jsonOf(closedSchema, 'The session is closed, now or before'),
  },
});

/** POST …/close_session: ends the thread's open session; idempotent (UMI documentation, 2.2). */
export const closeSessionRoutes = createRouter();

closeSessionRoutes.openapi(route, async (c) => {
  const { config_id } = c.req.valid('param');
  const { thread_id } = c.req.valid('json');
  const found = await findCachedChannel(c, c.var.principal.organization.id, config_id);
  if (found === null) return refuse(c, CHANNEL_NOT_FOUND);
  const command: CloseThread = {
    v: 1,
    type: 'close_thread',
    command_id: newCommandId(),
    identity: { kind: 'channel', channel_id: found.channel.id, thread_id },
    organization_id: found.channel.organization_id,
  };
  const result = await executeCommand(c.env, c.var.cost, threadName(command.identity), command);
  if (!result.ok) return refuseThread(c, result.refusal);
  const { chat_id, was_open } = result.answer;
  const message = was_open ? 'Chat session closed successfully' : 'Chat session was already closed';
  return c.json({ chat_session_id: chat_id, thread_id, message, is_ended: true as const }, 200);
});
