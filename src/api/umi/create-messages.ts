import { z } from '@hono/zod-openapi';
import { findKnownUsers } from '../../directory/known-users.ts';
import { userFacts } from '../../directory/users.ts';
import { threadName } from '../../domain/address.ts';
import { type IncomingMessage, newCommandId, type ReceiveMessages } from '../../domain/commands.ts';
import { messageKey } from '../../domain/fingerprints.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { CHANNEL_MESSAGES_BODY } from '../../http/body-limits.ts';
import { refuseUnkeepableName, textField, timeField, uuidField } from '../../http/fields.ts';
import { type FieldErrors, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { cacheTimeToLive } from '../../platform/isolate-cache.ts';
import { CHANNEL_MESSAGE_CHARACTERS } from '../../resources/message.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import type { UserFacts } from '../../resources/user.ts';
import { isUuid } from '../../resources/uuid.ts';
import { channelSettings, storing } from '../access.ts';
import { startIn } from '../chat-start.ts';
import { defineRoute } from '../define-route.ts';
import { executeCommand } from '../execute-command.ts';
import { refuseThread } from '../refuse-thread.ts';
import { problemOfVariable, variableKeyField, variableValueField } from '../shared/variable-fields.ts';
import { findCachedChannel } from './channel-cache.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const MESSAGES_IN_A_REQUEST = 500;
const BODY_CHARACTERS = CHANNEL_MESSAGE_CHARACTERS;
const IDENTIFIER_CHARACTERS = 512;
const VARIABLES_IN_A_REQUEST = 1_000;

const messageSchema = z
  .object({
    body: textField({ max: BODY_CHARACTERS }),
    thread_id: textField({ max: IDENTIFIER_CHARACTERS }).openapi({
      description: 'Id of the conversation in your system. It is the same for all messages of a request.',
    }),
    sender_id: textField({ max: IDENTIFIER_CHARACTERS }).openapi({
      description: 'Of a visitor, any id in your system. Of a `user`, the id of a user of the organization.',
    }),
    message_id: textField({ max: IDENTIFIER_CHARACTERS }).openapi({
      description: 'Id of the message in your system, by which a repeat is recognised.',
    }),
    sender_type: z.enum(['visitor', 'user']).default('visitor'),
    selected_reply_suggestion_id: uuidField().nullable().default(null).openapi({
      description: 'Reply suggestion of the open session that a `user` message was made from.',
    }),
    created_at: timeField()
      .nullable()
      .default(null)
      .openapi({
        type: ['string', 'null'],
        description:
          'Extension. Time of an imported message: only with `close_session`, neither in the future nor before the preceding message. The request triggers no webhooks.',
      }),
  })
  .superRefine((message, context) => {
    if (message.sender_type === 'visitor' && message.selected_reply_suggestion_id !== null) {
      const path = ['selected_reply_suggestion_id'];
      context.addIssue({ code: 'custom', path, message: 'Only valid for messages with the sender type "user".' });
    }
    if (message.sender_type === 'user' && !isUuid(message.sender_id.toLowerCase())) {
      context.addIssue({ code: 'custom', path: ['sender_id'], message: 'Must be a valid UUID.' });
    }
  });

/** Runs before the other checks: zod throws when it has a hundred thousand errors to report. */
function refuseUnkeepableVariables(variables: unknown, context: z.RefinementCtx): unknown {
  if (typeof variables === 'object' && variables !== null && Object.keys(variables).length > VARIABLES_IN_A_REQUEST) {
    context.addIssue(`Ensure this field has no more than ${VARIABLES_IN_A_REQUEST} elements.`);
  }
  return refuseUnkeepableName(variables, context);
}

function refuseValues(variables: Record<string, string | null>, context: z.RefinementCtx): void {
  for (const [key, value] of Object.entries(variables)) {
    const problem = value === null ? null : problemOfVariable(key, value);
    if (problem !== null) context.addIssue({ code: 'custom', path: [key], message: problem });
  }
}

/** The payload of "Create Messages" (UMI documentation, 2.1) with the extensions `created_at` and `skip_webhooks`. */
export const createMessagesSchema = z
  .object({
    messages: z.array(messageSchema).min(1).max(MESSAGES_IN_A_REQUEST),
    skip_waiting_state: z.boolean().default(false).openapi({
      description: '`true`: the messages do not change whether the chat waits for an answer.',
    }),
    close_session: z.boolean().default(false).openapi({
      description: '`true`: the session ends after the last message.',
    }),
    skip_webhooks: z.boolean().default(false).openapi({
      description: 'Extension. `true`: the messages trigger no webhook.',
    }),
    variables: z
      .preprocess(
        refuseUnkeepableVariables,
        z.record(variableKeyField(), variableValueField().nullable()).superRefine(refuseValues).nullable().default({}),
      )
      .openapi({
        maxProperties: VARIABLES_IN_A_REQUEST,
        description:
          'Named values that are set for the visitor. At most 1,000; new keys above the quota of a visitor’s variables are 409. Null values are ignored. A key is not `.` or `..`, and `username` is not blank: it is the name of the visitor, of which the first 255 characters are shown.',
      }),
  })
  .superRefine((payload, context) => {
    const threadId = payload.messages[0]?.thread_id;
    for (const [index, message] of payload.messages.entries()) {
      if (message.thread_id !== threadId) {
        const path = ['messages', index, 'thread_id'];
        context.addIssue({ code: 'custom', path, message: 'All messages must have the same thread_id.' });
      }
      if (message.created_at !== null && !payload.close_session) {
        const path = ['messages', index, 'created_at'];
        context.addIssue({ code: 'custom', path, message: 'Only allowed together with "close_session".' });
      }
    }
  })
  .openapi('CreateMessages');

const answerSchema = z
  .object({
    chat_id: z.string().openapi({ description: 'The chat session that has the messages.' }),
    mapping_id: z.string().openapi({ description: 'Id of the thread in the hub.' }),
    message_ids: z.array(z.string()).openapi({ description: 'Ids of the messages in the order of the request.' }),
    seqs: z.array(z.number()).openapi({ description: 'Extension: the place of each message in its thread.' }),
    messages_created: z.number(),
    is_new_session: z.boolean(),
  })
  .openapi('MessagesCreated');

const route = defineRoute({
  operationId: 'createMessages',
  method: 'post',
  path: `${CHANNEL}/messages`,
  tag: 'Messages',
  summary: 'Create messages',
  description: [
    'Stores 1 to 500 messages of one thread: all of them, or none. A new `thread_id` opens a thread with a new visitor and a chat session in the room of the channel. Later messages join the open session. When the session has ended, they start a new one with the same visitor.',
    'A `visitor` message makes the chat wait for an answer; a `user` message ends the waiting. `skip_waiting_state` leaves it as it is. `close_session` ends the session after the last message.',
    'A message counts as a repeat when the thread has one with the same `message_id`, sender and body. It is not stored again, and its id is in the answer. When all messages are repeats, nothing is written: the options and `variables` of the request have no effect, the answer has the header `Idempotent-Replayed: true`, and an identical request gets the same answer as the first time.',
    'So after a 503, a timeout or a lost connection repeat the same request until it is answered. Other refusals (400, 401, 403, 404, 409, 413) do not change by repetition.',
  ].join('\n\n'),
  access: storing(channelSettings),
  bodyLimit: CHANNEL_MESSAGES_BODY,
  request: {
    params: channelPath,
    body: bodyOf(createMessagesSchema),
  },
  refusals: [409],
  answers: {
    201: {
      ...jsonOf(answerSchema, 'The messages are stored, now or before'),
      headers: {
        'Idempotent-Replayed': {
          description: 'Extension. `true` when every message of the request was stored before.',
          schema: { type: 'string' },
        },
      },
    },
  },
});

/** POST …/messages: sends one command to the thread, which decides what happens. */
export const createMessagesRoutes = createRouter();

createMessagesRoutes.openapi(route, async (c) => {
  const { config_id } = c.req.valid('param');
  const payload = c.req.valid('json');
  const found = await findCachedChannel(c, c.var.principal.organization.id, config_id);
  if (found === null) return refuse(c, CHANNEL_NOT_FOUND);
  const senders = await findSenders(c, payload.messages);
  if (!senders.ok) return refuse(c, { reason: 'invalid', fields: senders.fields });

  const { channel, room } = found;
  const threadId = payload.messages[0]?.thread_id ?? '';
  const command: ReceiveMessages = {
    v: 1,
    type: 'receive_messages',
    command_id: newCommandId(),
    identity: { kind: 'channel', channel_id: channel.id, thread_id: threadId },
    database: c.var.principal.organization.database,
    organization_id: channel.organization_id,
    ...startIn(room, c.var.principal.organization),
    routing: {
      receiver: channelReceiver(channel.id),
      channel_id: channel.id,
      thread_id: threadId,
      messaging_channel: channel.messaging_channel,
      echo_user_messages: channel.echo_user_messages === 1,
    },
    messages: payload.messages.map((message) => incoming(message, senders.users)),
    skip_waiting_state: payload.skip_waiting_state,
    close_session: payload.close_session,
    skip_webhooks: payload.skip_webhooks,
    variables: withoutNulls(payload.variables ?? {}),
    variables_quota: c.var.principal.organization.variables_quota,
  };
  const result = await executeCommand(c.env, c.var.cost, threadName(command.identity), command);
  if (!result.ok) return refuseThread(c, result.refusal, payload.messages.length);
  const { is_repeat, ...answer } = result.answer;
  if (is_repeat) c.header('Idempotent-Replayed', 'true');
  return c.json(answer, 201);
});

type Message = z.output<typeof messageSchema>;

function incoming(message: Message, users: ReadonlyMap<string, UserFacts>): IncomingMessage {
  const isUser = message.sender_type === 'user';
  const senderId = isUser ? message.sender_id.toLowerCase() : message.sender_id;
  const sender = { sender_type: message.sender_type, sender_id: senderId };
  return {
    key: messageKey({ ...sender, message_id: message.message_id, body: message.body }),
    body: message.body,
    ...sender,
    message_id: message.message_id,
    created_at: message.created_at,
    selected_reply_suggestion_id: message.selected_reply_suggestion_id,
    user: isUser ? (users.get(senderId) ?? null) : null,
  };
}

/**
 * The users who send messages of the batch. A sender who is not a user of the organization is a 400 (UMI documentation,
 * 2.1).
 */
async function findSenders(
  c: AppContext,
  messages: Message[],
): Promise<{ ok: true; users: ReadonlyMap<string, UserFacts> } | { ok: false; fields: FieldErrors }> {
  const ids = messages.map(({ sender_type, sender_id }) => (sender_type === 'user' ? sender_id.toLowerCase() : null));
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  if (wanted.length === 0) return { ok: true, users: new Map() };
  const { id: organizationId } = c.var.principal.organization;
  const found = await findKnownUsers(identityDatabase(c), organizationId, wanted, cacheTimeToLive(c.env));
  const users = new Map(Array.from(found, ([id, row]) => [id, userFacts(row)]));
  if (wanted.every((id) => users.has(id))) return { ok: true, users };
  const unknown = { sender_id: ['No user with this id in the organization.'] };
  return { ok: false, fields: { messages: ids.map((id) => (id === null || users.has(id) ? {} : unknown)) } };
}

function withoutNulls(variables: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );
}
