import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import type { ChatGrant } from '../../../src/resources/chat-grant.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { LeasedDelivery, Outcome } from '../../../src/rpc/lane.ts';
import { passTime } from './clock.ts';
import {
  execute,
  nameOf,
  newChannel,
  newUser,
  newVisitorChat,
  receive,
  receiveCommand,
  stubOf,
  userMessage,
  visitorMessage,
} from './threads.ts';

/** Every table of the replica with its key. */
const COPY = {
  threads: 'id',
  chats: 'id',
  members: 'chat_id, member_id',
  involvements: 'organization_id, chat_id',
  messages: 'organization_id, place',
  tags: 'chat_id, name',
  invitations: 'chat_id, id',
  lanes: 'receiver, thread',
  deliveries: 'receiver, id',
  visitors: 'id',
  visitor_variables: 'visitor_id, key',
} as const;

export type CopyTable = keyof typeof COPY;
export const COPY_TABLES = Object.keys(COPY) as CopyTable[];

/** All rows of the replica, table by table, in the order of their keys. */
export async function dumpCopy(): Promise<Record<CopyTable, unknown[]>> {
  const dump = {} as Record<CopyTable, unknown[]>;
  for (const table of COPY_TABLES) {
    dump[table] = (await env.DB.prepare(`SELECT * FROM ${table} ORDER BY ${COPY[table]}`).all()).results;
  }
  return dump;
}

/** Makes three threads that have gone through everything that a thread can. Returns their names. */
export async function liveThrough(): Promise<string[]> {
  return [await liveInChannel(), await liveWithVisitor(), await liveAmongUsers()];
}

/**
 * A channel's thread: two sessions, agents of two organizations, variables, suggestions, deliveries with every outcome.
 */
async function liveInChannel(): Promise<string> {
  const channel = newChannel();
  const thread = nameOf(channel);
  const agent = newUser(channel.organizationId, { first_name: 'Grace' });
  const partner = newUser(newUuid(Date.now()), { first_name: 'Paul' });
  const bot = newUser(channel.organizationId, { first_name: 'Bot', is_bot: true });
  const reach: ChatGrant = {
    kind: 'reach',
    reach: { organization_id: channel.organizationId, room_ids: [] },
    is_pending: false,
  };
  const variables = { username: 'Jane', city: 'Oulu' };
  const opening = await receive(receiveCommand(channel, 't', [visitorMessage('hello')], { variables }));
  const { chat_id } = opening;
  await receive(receiveCommand(channel, 't', [visitorMessage('am I heard?')], { variables: { username: 'Jane Doe' } }));
  const joins = { chat_id, grant: reach, is_present: true, must_be_present: false, is_kept_out: false };
  const participates = { ...joins, is_participating: true, composing_status: 'idle' as const };
  await execute(thread, { type: 'join_chat', actor: agent, ...participates });
  await execute(thread, { type: 'join_chat', actor: partner, ...participates });
  await execute(thread, { type: 'join_chat', actor: bot, ...participates, is_participating: false });
  const message_id = opening.message_ids[0] ?? '';
  const suggests = { chat_id, message_id, grant: reach, actor: bot };
  const { suggestion } = await execute(thread, {
    type: 'add_reply_suggestion',
    ...suggests,
    suggestion: 'It is on its way.',
    relevancy_score: 0.9,
  });
  await execute(thread, { type: 'add_reply_suggestion', ...suggests, suggestion: 'Hello!', relevancy_score: null });
  await execute(thread, {
    type: 'update_reply_suggestion',
    ...suggests,
    suggestion_id: suggestion.id,
    relevancy_score: 0.1,
  });
  const posts = { chat_id, attachments: [], attachment_template: null };
  await execute(thread, {
    type: 'post_message',
    actor: agent,
    ...posts,
    message: 'It was shipped.',
    selected_reply_suggestion_id: suggestion.id,
  });
  const says = { type: 'post_message' as const, ...posts, selected_reply_suggestion_id: null };
  await execute(thread, { ...says, actor: partner, message: 'Indeed.' });
  const of = { by: 'user' as const, chat_id, actor: partner };
  const { message: sent } = await execute(thread, { ...says, actor: partner, message: 'It is here.' });
  const reports = { type: 'report_message_status' as const, channel_id: channel.channelId };
  const told = { ...reports, chat_id, message_id: sent.id, at: null };
  await execute(thread, { ...told, status: 'failed', reason: 'mailbox full' });
  await execute(thread, { type: 'edit_message', ...of, message_id: sent.id, message: 'It is there.' });
  await execute(thread, { ...told, chat_id: null, status: 'delivered', reason: null });
  await execute(thread, { ...reports, chat_id, message_id: null, at: null, status: 'read', reason: null });
  const { message: wrong } = await execute(thread, { ...says, actor: partner, message: 'Wrong chat.' });
  await execute(thread, { type: 'delete_message', ...of, message_id: wrong.id });
  const leaves = {
    chat_id,
    is_present: true,
    is_participating: false,
    composing_status: null,
    last_seen_at: Date.now(),
  };
  await execute(thread, { type: 'update_membership', actor: partner, ...leaves });
  await execute(thread, { type: 'change_presence', chat_id, user_id: agent.id, is_present: false });
  await receive(receiveCommand(channel, 't', [visitorMessage('bye')], { close_session: true }));
  const { chat_id: second } = await receive(receiveCommand(channel, 't', [userMessage('are you there?', agent)]));
  // Tags, suggestions and changed messages of the session that has ended.
  const brought = { by: 'channel' as const, chat_id, channel_id: channel.channelId, message_id };
  await execute(thread, { type: 'edit_message', ...brought, message: 'hello there' });
  await execute(thread, { type: 'add_tag', chat_id, grant: reach, actor: agent, name: 'late' });
  await execute(thread, { type: 'add_reply_suggestion', ...suggests, suggestion: 'Too late.', relevancy_score: null });
  await receive(receiveCommand(channel, 't', [visitorMessage('yes')], { variables: { city: 'Turku' } }));
  await execute(thread, { type: 'update_chat', chat_id: second, grant: reach, is_ended: false, is_waiting: false });
  const attempt = { at: Date.now(), duration: 5, status: 200, response: 'ok', error: null };
  await report(channel, { kind: 'delivered', attempt });
  await report(channel, { kind: 'skipped', reason: 'disabled' });
  const failed = { kind: 'failed' as const, attempt: { ...attempt, status: 500 }, retry_after: null };
  await report(channel, { ...failed, max_retry_count: 0 });
  await stubOf(channel, 't').replay({
    v: 1,
    receiver: channel.receiver,
    filter: { status: ['exhausted'], from: null, to: null },
  });
  return thread;
}

async function report(channel: ReturnType<typeof newChannel>, outcome: Outcome): Promise<void> {
  const stub = stubOf(channel, 't');
  const lane = { v: 1 as const, receiver: channel.receiver, track: 'lane' as const, drain: true };
  const { lease_token } = (await stub.claim({ ...lane, lease_milliseconds: 15_000 })) as LeasedDelivery;
  await stub.report({ v: 1, lease_token, outcome, next: null });
}

/**
 * A visitor's thread: tags added and removed, invitations with every outcome, attachments and an answer, an end by
 * time.
 */
async function liveWithVisitor(): Promise<string> {
  const { thread, chat_id, actor, visitor_id, grant } = await newVisitorChat({
    lifetime: { idle: null, total: 3_600_000 },
  });
  const tag = { chat_id, grant, actor };
  for (const name of ['vip', 'lost', 'back', 'ä/%']) await execute(thread, { type: 'add_tag', ...tag, name });
  await execute(thread, { type: 'remove_tag', ...tag, name: 'lost' });
  await execute(thread, { type: 'remove_tag', ...tag, name: 'back' });
  await execute(thread, { type: 'add_tag', ...tag, name: 'back' });
  const action = {
    text: 'Yes',
    type: 'button' as const,
    value: 'yes',
    style: 'primary' as const,
    is_disabled_on_selection: true,
    is_disabled_on_visitor_message: false,
  };
  const links = { title_link_url: null, image_url: null, image_link_url: null, attachment_url: null };
  const offer = { ...links, title: 'Shall we?', text: null, interaction_id: null, parameters: null, actions: [action] };
  const { message } = await execute(thread, {
    type: 'post_message',
    chat_id,
    actor,
    message: 'Choose.',
    selected_reply_suggestion_id: null,
    attachments: [offer],
    attachment_template: 'generic',
  });
  const [attachment] = message.attachments;
  await execute(thread, {
    type: 'post_visitor_message',
    chat_id,
    visitor_id,
    content: {
      type: 'action',
      message_id: message.id,
      attachment_id: attachment?.id ?? '',
      action_id: attachment?.actions[0]?.id ?? '',
      value: null,
      text: null,
    },
  });
  await execute(thread, {
    type: 'post_visitor_message',
    chat_id,
    visitor_id,
    content: { type: 'msg', message: 'And?' },
  });
  const change = { by: 'visitor' as const, chat_id, visitor_id };
  const asks = { type: 'post_visitor_message' as const, chat_id, visitor_id };
  const ask = await execute(thread, { ...asks, content: { type: 'msg', message: 'Wel?' } });
  for (const text of ['Well?', 'Well, well?']) {
    await execute(thread, { type: 'edit_message', ...change, message_id: ask.message.id, message: text });
  }
  await execute(thread, { type: 'delete_message', by: 'user', chat_id, actor, message_id: message.id });
  const colleague = newUser(actor.organization_id, { first_name: 'Carla' });
  const invite = { type: 'invite' as const, chat_id, actor };
  const ids = [];
  for (const [kind, id] of [
    ['user', colleague.id],
    ['team', newUuid(1)],
    ['organization', newUuid(2)],
  ] as const) {
    ids.push((await execute(thread, { ...invite, invitee: { kind, id, name: kind } })).invitation.id);
  }
  const accept = { type: 'accept_invitation' as const, chat_id, is_present: false, stands_for: [colleague.id] };
  await execute(thread, { ...accept, actor: colleague, invitation_id: ids[0] ?? '' });
  await execute(thread, { type: 'expire_invitation', chat_id, actor, invitation_id: ids[1] ?? '' });
  passTime(3_600_000);
  await execute(thread, { type: 'end_overdue_chats' });
  vi.useRealTimers();
  await execute(thread, { type: 'remove_tag', ...tag, name: 'vip' });
  return thread;
}

/** A chat of users that becomes a group and stays open. */
async function liveAmongUsers(): Promise<string> {
  const actor = newUser(newUuid(Date.now()));
  const identity = { kind: 'chat' as const, id: newUuid(Date.now()) };
  const thread = threadName(identity);
  const { organization_id } = actor;
  const starts = { type: 'start_user_chat' as const, identity, database: 'DB', organization_id, actor };
  const { chat } = await execute(thread, { ...starts, is_present: true });
  for (const name of ['Bea', 'Cay']) {
    const user = newUser(organization_id, { first_name: name });
    const invitee = { kind: 'user' as const, id: user.id, name };
    const { invitation } = await execute(thread, { type: 'invite', chat_id: chat.id, actor, invitee });
    const accepts = { type: 'accept_invitation' as const, chat_id: chat.id, invitation_id: invitation.id };
    await execute(thread, { ...accepts, actor: user, is_present: true, stands_for: [user.id] });
  }
  return thread;
}
