import { z } from '@hono/zod-openapi';
import type { ChannelRow, UserRow } from '../../db/rows.ts';
import { listChannels } from '../../directory/channels.ts';
import { SCOPES, type Scope } from '../../directory/tokens.ts';
import { findUsers, userFacts } from '../../directory/users.ts';
import { threadName } from '../../domain/address.ts';
import type { ReceiveMessages } from '../../domain/commands.ts';
import { messageKey } from '../../domain/fingerprints.ts';
import {
  type AppContext,
  type AppMiddleware,
  identityDatabase,
  organizationDatabase,
} from '../../http/app-environment.ts';
import { isToLoopback } from '../../http/cookie-session.ts';
import { requireSubscription } from '../../http/permissions.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { fullName } from '../../resources/user.ts';
import { type Access, newSession, ownSession, storing, withGuards } from '../access.ts';
import { startIn } from '../chat-start.ts';
import { defineRoute } from '../define-route.ts';
import { ownRoom } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandHead, sendCommand } from '../send-command.ts';

/**
 * The demo that `npm start` makes: people sign in with a click, and a test message fills the first inbox. DEMO_SIGN_IN says
 * who and where. It counts only on a hub on this machine.
 */

const demoSchema = z.object({
  organization_id: z.string(),
  /** Of the demo channel, by which it is found. */
  reply_webhook_url: z.string(),
  users: z.array(z.object({ id: z.string(), scopes: z.array(z.enum(SCOPES)) })),
  /** Whether the people are made while the hub runs already. */
  is_new: z.boolean().default(false),
});
type Demo = z.infer<typeof demoSchema>;

/** The demo of this hub; null when it has none, or the request names another host than this machine. */
function demoOf(c: AppContext): Demo | null {
  const { DEMO_SIGN_IN = '' } = c.env;
  return DEMO_SIGN_IN === '' || !isToLoopback(c) ? null : demoSchema.parse(JSON.parse(DEMO_SIGN_IN));
}

/** As whom of the demo one may sign in; null for everybody else. */
export function demoUserOf(
  c: AppContext,
  userId: string,
): { organization_id: string; user_id: string; scopes: readonly Scope[] } | null {
  const demo = demoOf(c);
  const user = demo?.users.find(({ id }) => id === userId);
  if (demo === null || user === undefined) return null;
  return { organization_id: demo.organization_id, user_id: user.id, scopes: user.scopes };
}

const requireDemo: AppMiddleware = async (c, next) => {
  if (demoOf(c) === null) return refuse(c, { reason: 'not_found' });
  await next();
};

/** Each page to sign in asks, and a browser writes each refusal into its console. */
const tellOfNoDemo: AppMiddleware = async (c, next) => {
  if (demoOf(c) === null) return c.json({ users: [], is_complete: true }, 200);
  await next();
};

const behind = (guard: AppMiddleware, access: Access): Access => ({ ...access, guards: [guard, ...access.guards] });

const demoUsersSchema = z
  .object({
    users: z.array(z.object({ id: z.string().openapi({ format: 'uuid' }), name: z.string() })),
    is_complete: z.boolean().openapi({ description: 'False while `npm start` still makes them: ask again.' }),
  })
  .openapi('DemoUsers');

const getUsers = defineRoute({
  operationId: 'listDemoUsers',
  tag: 'Sessions',
  method: 'get',
  path: '/session/demo',
  summary: 'List the people of the demo',
  description:
    'As whom one may sign in by `demo_user_id`. Only a hub that `npm start` runs on this machine has a demo: elsewhere there is nobody.',
  access: behind(tellOfNoDemo, newSession),
  answers: { 200: jsonOf(demoUsersSchema, 'The people') },
});

const sentSchema = z.object({ chat_id: z.string().openapi({ format: 'uuid' }) }).openapi('DemoMessageSent');

const postMessage = defineRoute({
  operationId: 'sendDemoMessage',
  tag: 'Sessions',
  method: 'post',
  path: '/session/demo/message',
  summary: 'Send a test message to the inbox of the demo',
  description:
    'Through the demo channel, from a new customer each time. Elsewhere than in the demo of `npm start` it is 404.',
  access: behind(requireDemo, storing(withGuards(ownSession, requireSubscription()))),
  refusals: [404, 409],
  answers: { 201: jsonOf(sentSchema, 'Sent') },
});

/** What customers of the demo write. */
const MESSAGES = [
  { name: 'Jane Doe', address: 'jane.doe@example.com', body: 'Where is my order? It should have come on Monday.' },
  { name: 'Omar Khan', address: 'omar.khan@example.com', body: 'Can I change the delivery address of an order?' },
  {
    name: 'Li Wei',
    address: 'li.wei@example.com',
    body: 'The invoice has the wrong company name. Can you send a new one?',
  },
  {
    name: 'Maria Silva',
    address: 'maria.silva@example.com',
    body: 'I would like to return one of two books. How does that work?',
  },
] as const;

/** Mounted with the session, at /api/v5. */
export const demoRoutes = createRouter();

demoRoutes.openapi(getUsers, async (c) => {
  const demo = demoOf(c);
  const ids = demo?.users.map(({ id }) => id) ?? [];
  const rows = demo === null ? [] : await findUsers(identityDatabase(c), demo.organization_id, ids);
  // In the order of the setting. A store with organizations of its own has none of them.
  const users = ids.flatMap((id) => rows.filter((row) => row.id === id).map(personOf));
  return c.json({ users, is_complete: demo?.is_new !== true || users.length === ids.length }, 200);
});

demoRoutes.openapi(postMessage, async (c) => {
  const demo = demoOf(c);
  const { organization } = c.var.principal;
  const channel = demo === null || demo.organization_id !== organization.id ? null : await demoChannel(c, demo);
  const room = channel === null ? null : await ownRoom(c, channel.room_id);
  if (channel === null || room === null) return refuse(c, { reason: 'not_found' });
  const { name, address, body } = MESSAGES[Math.floor(Math.random() * MESSAGES.length)] ?? MESSAGES[0];
  const thread_id = `demo-${crypto.randomUUID()}`;
  const message = { sender_type: 'visitor', sender_id: address, message_id: `${thread_id}-1`, body } as const;
  const command: ReceiveMessages = {
    ...commandHead(c),
    type: 'receive_messages',
    identity: { kind: 'channel', channel_id: channel.id, thread_id },
    database: organization.database,
    organization_id: channel.organization_id,
    ...startIn(room, organization),
    routing: {
      receiver: channelReceiver(channel.id),
      channel_id: channel.id,
      thread_id,
      messaging_channel: channel.messaging_channel,
      echo_user_messages: channel.echo_user_messages === 1,
    },
    messages: [
      { ...message, key: messageKey(message), created_at: null, selected_reply_suggestion_id: null, user: null },
    ],
    skip_waiting_state: false,
    close_session: false,
    skip_webhooks: false,
    variables: { username: name },
    variables_quota: organization.variables_quota,
  };
  const result = await sendCommand(c, threadName(command.identity), command);
  return result.ok ? c.json({ chat_id: result.answer.chat_id }, 201) : refuseThread(c, result.refusal);
});

const personOf = (row: UserRow) => ({ id: row.id, name: fullName(userFacts(row)) });

/** The channel that `npm start` keeps for the demo; null without one. */
async function demoChannel(c: AppContext, { organization_id, reply_webhook_url }: Demo): Promise<ChannelRow | null> {
  const first = { key: null, direction: 'next', limit: CHANNELS_TRIED } as const;
  const channels = await listChannels(organizationDatabase(c), organization_id, 'created_at', first);
  return channels.find((channel) => channel.reply_webhook_url === reply_webhook_url) ?? null;
}

/** The demo channel is one of the oldest. */
const CHANNELS_TRIED = 50;
