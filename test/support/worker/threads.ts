import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { threadName } from '../../../src/domain/address.ts';
import {
  type AnswerOf,
  type Command,
  type IncomingMessage,
  type MessagesReceived,
  newCommandId,
  type OpenVisitorChat,
  type ReceiveMessages,
} from '../../../src/domain/commands.ts';
import { messageKey } from '../../../src/domain/fingerprints.ts';
import type { Query, ReadingOf } from '../../../src/domain/queries.ts';
import type { Result } from '../../../src/domain/refusals.ts';
import type { ChatGrant, MemberRooms } from '../../../src/resources/chat-grant.ts';
import { channelReceiver } from '../../../src/resources/receiver.ts';
import type { UserFacts } from '../../../src/resources/user.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { threadStub } from '../../../src/rpc/thread.ts';

/** A channel of an organization with unique names, so that the tests of a file do not affect each other. */
export function newChannel() {
  const organizationId = newUuid(Date.now());
  const channelId = newUuid(Date.now());
  const room = { id: newUuid(Date.now()), name: 'Support', organization_id: organizationId };
  return { organizationId, channelId, room, receiver: channelReceiver(channelId) };
}

export type Channel = ReturnType<typeof newChannel>;

export function newUser(organizationId: string, more: Partial<UserFacts> = {}): UserFacts {
  return {
    id: newUuid(Date.now()),
    first_name: 'Ada',
    last_name: 'Agent',
    organization_id: organizationId,
    alias: null,
    avatar: null,
    is_bot: false,
    is_staff: false,
    ...more,
  };
}

export function visitorMessage(body: string, messageId: string = newUuid(Date.now())): IncomingMessage {
  const sender = { sender_type: 'visitor' as const, sender_id: 'customer@example.com' };
  return {
    key: messageKey({ ...sender, message_id: messageId, body }),
    body,
    ...sender,
    message_id: messageId,
    created_at: null,
    selected_reply_suggestion_id: null,
    user: null,
  };
}

export function userMessage(body: string, user: UserFacts): IncomingMessage {
  const message = { ...visitorMessage(body), sender_type: 'user' as const, sender_id: user.id, user };
  return { ...message, key: messageKey(message) };
}

export function receiveCommand(
  channel: Channel,
  threadId: string,
  messages: IncomingMessage[],
  more: Partial<ReceiveMessages> = {},
): ReceiveMessages {
  return {
    v: 1,
    type: 'receive_messages',
    command_id: crypto.randomUUID(),
    identity: { kind: 'channel', channel_id: channel.channelId, thread_id: threadId },
    database: 'DB',
    organization_id: channel.organizationId,
    room: channel.room,
    is_private: false,
    routing: {
      receiver: channel.receiver,
      channel_id: channel.channelId,
      thread_id: threadId,
      messaging_channel: 'email',
      echo_user_messages: true,
    },
    messages,
    skip_waiting_state: false,
    close_session: false,
    skip_webhooks: false,
    variables: {},
    ...more,
  };
}

/** The rooms of an organization, with their earlier texts: its users may be silent members. */
export function allRooms(organization_id: string): MemberRooms {
  const rooms = { organization_id, room_ids: [] };
  return { organization_id, reach: rooms, history: rooms };
}

/** The grant of a member whom all rooms of the organization reach. */
export function memberGrant(user: { id: string; organization_id: string }): Extract<ChatGrant, { kind: 'member' }> {
  return { kind: 'member', user_id: user.id, rooms: allRooms(user.organization_id) };
}

/** An open chat of a user with a visitor, as `open_visitor_chat` starts it, and a grant of that user. */
export async function newVisitorChat(more: Partial<OpenVisitorChat> = {}) {
  const organizationId = newUuid(Date.now());
  const room = { id: newUuid(Date.now()), name: 'Support', organization_id: organizationId };
  const visitor_id = crypto.randomUUID().replaceAll('-', '');
  const identity = { kind: 'visitor' as const, room_id: room.id, visitor_id };
  const actor = more.actor ?? newUser(organizationId);
  const thread = threadName(identity);
  const { chat } = await execute(thread, {
    type: 'open_visitor_chat',
    chat_id: null,
    identity,
    visitor_id,
    visitor_name: 'Jane',
    database: 'DB',
    organization_id: organizationId,
    room,
    is_private: false,
    chat_type: 'visitor',
    lifetime: { idle: 3_600_000, total: null },
    actor,
    is_present: true,
    is_kept_out: false,
    ...more,
  });
  const grant: ChatGrant = memberGrant({ id: actor.id, organization_id: organizationId });
  return { thread, chat_id: chat.id, chat, actor, visitor_id, room, grant };
}

/** The command with which a user starts the visitor's next chat, after `chat_id`, in the same thread. */
export function nextVisitorChat(
  { visitor_id, room, actor }: Pick<OpenVisitorChat, 'visitor_id' | 'room' | 'actor'>,
  chat_id: string,
): Omit<OpenVisitorChat, 'v' | 'command_id'> {
  return {
    type: 'open_visitor_chat',
    chat_id,
    identity: null,
    visitor_id,
    visitor_name: null,
    database: 'DB',
    organization_id: room.organization_id,
    room,
    is_private: false,
    chat_type: 'visitor',
    lifetime: { idle: null, total: null },
    actor,
    is_present: true,
    is_kept_out: false,
  };
}

export function stubOf(channel: Channel, threadId: string) {
  return threadStub(env, threadName({ kind: 'channel', channel_id: channel.channelId, thread_id: threadId }));
}

/** Name of the object of a channel's thread `t`, which most tests use. */
export function nameOf(channel: Channel): string {
  return threadName({ kind: 'channel', channel_id: channel.channelId, thread_id: 't' });
}

/** The platform's stub of that object, for alarms and evictions. */
export function objectOf(channel: Channel) {
  return env.THREADS.getByName(nameOf(channel));
}

/** Rows that the object has stored. */
export function rowsOf<Row>(channel: Channel, sql: string): Promise<Row[]> {
  return runInDurableObject(objectOf(channel), (_, { storage }) => storage.sql.exec(sql).toArray() as Row[]);
}

/** When an object's alarm rings (ms); null for never. */
export function alarmOf(object: DurableObjectStub): Promise<number | null> {
  return runInDurableObject(object, (_, { storage }) => storage.getAlarm());
}

/** Sends a command and returns its answer. A refusal fails the test. */
export async function receive(command: ReceiveMessages): Promise<MessagesReceived> {
  const { result } = await threadStub(env, threadName(command.identity)).execute(command);
  return accepted(result) as MessagesReceived;
}

/** Returns what a thread answers to a query. A refusal fails the test. */
export async function read<Q extends Query>(thread: string, query: Q): Promise<ReadingOf<Q>> {
  return accepted(await threadStub(env, thread).read(query)) as ReadingOf<Q>;
}

/** The first messages of a chat, as one of its members reads them. */
export function readMessages(thread: string, chatId: string, user: { id: string; organization_id: string }) {
  const page = { after: null, before: null, descending: false, limit: 50, types_in: [], types_not_in: [] };
  return read(thread, { v: 1, type: 'read_messages', chat_id: chatId, grant: memberGrant(user), ...page });
}

/** Sends a command to a thread and returns its answer. A refusal fails the test. */
export async function execute<C extends CommandBody>(thread: string, command: C): Promise<AnswerOf<Command & C>> {
  const whole = { v: 1, command_id: newCommandId(), ...command } as Command & C;
  return accepted((await threadStub(env, thread).execute(whole)).result) as AnswerOf<Command & C>;
}

/** A command without the properties that every command has. */
export type CommandBody = Command extends infer C ? (C extends Command ? Omit<C, 'v' | 'command_id'> : never) : never;

export function accepted<A>(result: Result<A>): A {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.answer;
}
