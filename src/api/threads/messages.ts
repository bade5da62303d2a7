import { z } from '@hono/zod-openapi';
import { findConversationsNamed } from '../../chats/list-conversations.ts';
import type { ChannelRow, RoomRow } from '../../db/rows.ts';
import { findOrMakeBot } from '../../directory/interface-bots.ts';
import { findKnownUsers } from '../../directory/known-users.ts';
import { userFacts } from '../../directory/users.ts';
import { threadName } from '../../domain/address.ts';
import type { IncomingMessage, ReceiveMessages } from '../../domain/commands.ts';
import { messageKey } from '../../domain/fingerprints.ts';
import { fileOfUrl } from '../../files/file-urls.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { USER_MESSAGE_BODY } from '../../http/body-limits.ts';
import { textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { cacheTimeToLive } from '../../platform/isolate-cache.ts';
import { isoTime } from '../../resources/clock.ts';
import { conversationName } from '../../resources/conversation.ts';
import { CHANNEL_MESSAGE_CHARACTERS } from '../../resources/message.ts';
import { objectIdOf, placeOfObjectId } from '../../resources/object-id.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import type { UserFacts } from '../../resources/user.ts';
import { isUuid, timeOfUuid } from '../../resources/uuid.ts';
import { readThread } from '../../rpc/thread.ts';
import { storing, threadsProgram } from '../access.ts';
import { startIn } from '../chat-start.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { findCachedInterface } from '../interface-channel.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import type { Mount } from './mount.ts';
import { askForReply } from './reply.ts';
import {
  messageInThread,
  type ReplyStatus,
  shownWithUrls,
  storedMessageSchema,
  threadsMessageSchema,
} from './schemas.ts';

const IDENTIFIER_CHARACTERS = 512;
const LANGUAGE_CHARACTERS = 35;
const SUBJECT_CHARACTERS = 998;
/** For how long (ms) a message that the hub has sent is known when it comes back. */
const RETURNS_WITHIN = 24 * 3_600_000;

const newMessageSchema = z
  .object({
    body: textField({ max: CHANNEL_MESSAGE_CHARACTERS }),
    user_fid: textField({ max: IDENTIFIER_CHARACTERS }).openapi({
      description: 'Who has sent it: any id in your system, or the id of a user of the hub.',
    }),
    thread_fid: textField({ max: IDENTIFIER_CHARACTERS }),
    lang: textField({ max: LANGUAGE_CHARACTERS }).nullish(),
    subject: textField({ max: SUBJECT_CHARACTERS }).nullish(),
    is_customer_support_agent: z.boolean().nullish().openapi({
      description: '`true`: a support agent has sent it. Nobody is asked for a reply.',
    }),
  })
  .openapi('NewThreadsMessage');

type NewMessage = z.output<typeof newMessageSchema>;

const MESSAGE_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Message not found.' };
const NO_SETTINGS: Refusal = { reason: 'conflict', detail: 'The room of the threads API does not exist any more.' };
const NO_BOT: Refusal = { reason: 'conflict', detail: 'The bot user of the threads API was deleted.' };

/** `POST /messages` and `GET /messages/<id>`. */
export function messageRoutesOf({ root, nameOf }: Mount): AppRouter {
  const routes = createRouter();

  const create = defineRoute({
    operationId: nameOf('createThreadsMessage'),
    tag: 'Threads',
    access: storing(threadsProgram),
    method: 'post',
    path: `${root}/messages`,
    bodyLimit: USER_MESSAGE_BODY,
    idempotency: 'command',
    summary: 'Send a message to a thread, and get the reply',
    description: [
      'Stores the message, asks the responder of the organization, and answers with its reply (201). Without a reply within 10 seconds the answer is the stored message with `reply: null` (202); a late reply goes out by webhook.',
      'A message of a support agent asks nobody. One with the text of a message that the hub has sent in the last 24 hours is that message coming back: it is not stored again, and the answer is 202.',
      'Two equal calls of a customer make two messages, unless they have the same `Idempotency-Key`.',
    ].join('\n\n'),
    request: { body: bodyOf(newMessageSchema) },
    answers: {
      201: jsonOf(threadsMessageSchema, 'The reply of the responder'),
      202: jsonOf(storedMessageSchema, 'The message, which has no reply yet'),
    },
  });
  routes.openapi(create, async (c) => {
    const payload = c.req.valid('json');
    const found = await findCachedInterface(c, 'threads');
    if (found === null) return refuse(c, NO_SETTINGS);
    const bot = await findOrMakeBot(identityDatabase(c), found.channel, cacheTimeToLive(c.env));
    if (bot === null) return refuse(c, NO_BOT);
    const agent = await agentOf(c, payload, bot);
    const command = receiving(c, payload, found, agent);
    const thread = threadName(command.identity);
    const result = await sendCommand(c, thread, command);
    if (!result.ok) return refuseThread(c, result.refusal);
    const { chat_id, message_ids, seqs } = result.answer;
    const [message_id = '', seq = 0] = [message_ids[0], seqs[0]];
    const isRepeat = result.answer.is_repeat || result.is_repeat === true;
    const stored = {
      id: objectIdOf(message_id),
      body: payload.body,
      user_fid: payload.user_fid,
      thread_fid: payload.thread_fid,
      lang: payload.lang ?? null,
      subject: payload.subject ?? null,
      is_customer_support_agent: agent !== null,
      created_at: isoTime(timeOfUuid(message_id)),
      attachments: [],
    };
    const withoutReply = (reply_status: ReplyStatus) => c.json({ ...stored, reply: null, reply_status }, 202);
    if (agent !== null) return withoutReply('none');
    const asked = { thread, chat_id, message_id, seq, stored, bot, channel: found.channel, isRepeat };
    const outcome = await askForReply(c, asked);
    if (typeof outcome === 'string') return withoutReply(outcome);
    return c.json(await shownWithUrls(c, messageInThread({ message: outcome, chat_id }, payload.thread_fid)), 201);
  });

  const get = defineRoute({
    operationId: nameOf('getThreadsMessage'),
    tag: 'Threads',
    access: threadsProgram,
    method: 'get',
    path: `${root}/messages/{message_id}`,
    summary: 'Get a message',
    description: 'A message of any conversation of the organization by its id of 24 hex digits.',
    request: {
      params: z.object({
        message_id: z
          .string()
          .openapi({ param: { name: 'message_id', in: 'path' }, example: '6a0f3c2b9d1e4f5a6b7c8d9e' }),
      }),
    },
    answers: { 200: jsonOf(threadsMessageSchema, 'The message') },
  });
  routes.openapi(get, async (c) => {
    const id = c.req.valid('param').message_id.toLowerCase();
    const place = placeOfObjectId(id);
    if (place === null) return refuse(c, MESSAGE_NOT_FOUND);
    const { id: organization_id } = c.var.organization;
    const named = await findConversationsNamed(await copyDatabase(c), organization_id, place.thread_prefix);
    for (const row of named) {
      const read = await readThread(c.env, c.var.cost, row.thread, (stub) =>
        stub.readLog({ v: 1, organization_id, before: place.seq + 1, limit: 1 }),
      );
      const [found] = read.ok ? read.answer.messages : [];
      if (found !== undefined && objectIdOf(found.message.id) === id) {
        return c.json(await shownWithUrls(c, messageInThread(found, conversationName(row))), 200);
      }
    }
    return refuse(c, MESSAGE_NOT_FOUND);
  });

  return routes;
}

/** The user who sends an agent's message: the user of the hub with this id, else the bot. Null for a customer's message. */
async function agentOf(c: AppContext, payload: NewMessage, bot: UserFacts): Promise<UserFacts | null> {
  const id = payload.user_fid.toLowerCase();
  if (id === bot.id) return bot;
  const users = isUuid(id)
    ? await findKnownUsers(identityDatabase(c), c.var.organization.id, [id], cacheTimeToLive(c.env))
    : new Map();
  const user = users.get(id);
  if (user !== undefined) return userFacts(user);
  return payload.is_customer_support_agent === true ? bot : null;
}

function receiving(
  c: AppContext,
  payload: NewMessage,
  { channel, room }: { channel: ChannelRow; room: RoomRow },
  agent: UserFacts | null,
): ReceiveMessages & { identity: { kind: 'channel' } } {
  const { body, thread_fid: thread_id } = payload;
  const head = commandHead(c);
  const sender = {
    sender_type: agent === null ? ('visitor' as const) : ('user' as const),
    sender_id: agent !== null && payload.user_fid.toLowerCase() === agent.id ? agent.id : payload.user_fid,
  };
  // The interface has no ids for messages of the source. A repeat is the same command.
  const message_id = head.command_id;
  const message: IncomingMessage = {
    key: messageKey({ ...sender, message_id, body }),
    body,
    ...sender,
    message_id,
    created_at: null,
    selected_reply_suggestion_id: null,
    user: agent,
    ...(payload.lang == null ? {} : { lang: payload.lang }),
    ...(payload.subject == null ? {} : { subject: payload.subject }),
    ...(agent === null ? {} : { sent_since: Date.now() - RETURNS_WITHIN, ...sentFileOf(body) }),
  };
  return {
    ...head,
    type: 'receive_messages',
    identity: { kind: 'channel', channel_id: channel.id, thread_id },
    database: c.var.keyHolder.organization.database,
    organization_id: channel.organization_id,
    ...startIn(room, c.var.keyHolder.organization),
    routing: {
      receiver: channelReceiver(channel.id),
      channel_id: channel.id,
      thread_id,
      messaging_channel: channel.messaging_channel,
      echo_user_messages: false,
      dialect: 'threads',
    },
    messages: [message],
    skip_waiting_state: false,
    close_session: false,
    skip_webhooks: false,
    variables: {},
  };
}

/** The first file of a message that the hub has sent as URLs, if the text is nothing else. */
function sentFileOf(body: string): { sent_file?: string } {
  const ids = body.split('\n').map(fileOfUrl);
  return ids[0] == null || ids.includes(null) ? {} : { sent_file: ids[0] };
}
