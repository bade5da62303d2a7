import type { ChannelRow, UserRow } from '../../db/rows.ts';
import { findKnownUsers } from '../../directory/known-users.ts';
import { findUserByLine, findUserByNumber, keptNumbersOf } from '../../directory/phone-lines.ts';
import { channelIdentity, threadNameOfChat } from '../../domain/address.ts';
import type { ChannelTarget } from '../../domain/events.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { cacheTimeToLive } from '../../platform/isolate-cache.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { chatIdOfSession, numberOfId, numericId } from '../../resources/rpc-ids.ts';
import { isUuid } from '../../resources/uuid.ts';
import { queryThread } from '../../rpc/thread.ts';
import { invalid, type Outcome, refused, SESSION_NOT_FOUND } from './outcome.ts';
import type { PartyParams } from './params.ts';

/** Who speaks with whom: a user of the organization and a contact outside, whose number it is. */
export type Parties = { user: UserRow; contact: string; is_from_user: boolean };

/** A session of a thread: its user and contact, and the visitor who is the contact in the hub. */
export type Session = {
  chat_id: string;
  thread: string;
  user_id: string;
  contact: string;
  visitor_id: string;
  /** The message of the key that was asked for, if it was received before. */
  received?: { chat_id: string; message_id: string } | null | undefined;
};

/** The user with an extension, a direct number or an id of either form; null for nobody. */
export async function findLine(c: AppContext, line: string): Promise<UserRow | null> {
  const { id } = c.var.organization;
  return findUserByLine(identityDatabase(c), id, line, cacheTimeToLive(c.env));
}

async function findUserById(c: AppContext, text: string): Promise<UserRow | null> {
  const { id: organizationId } = c.var.organization;
  const number = numberOfId(text);
  if (number !== null) return findUserByNumber(identityDatabase(c), organizationId, number);
  const id = text.toLowerCase();
  return isUuid(id) ? await knownUser(c, id) : null;
}

/** A user of the organization; null when there is none or they are deleted. */
export async function knownUser(c: AppContext, id: string): Promise<UserRow | null> {
  const { id: organizationId } = c.var.organization;
  const found = await findKnownUsers(identityDatabase(c), organizationId, [id], cacheTimeToLive(c.env));
  return found.get(id) ?? null;
}

const BOTH_USERS = 'Both sides are users of the organization.';

/**
 * Both sides of a message. The direction follows from which of them is a user of the organization: a gateway syncs what
 * its users have sent, too.
 */
export async function findParties(c: AppContext, params: PartyParams): Promise<Outcome<Parties>> {
  const from = params.from ?? params.senderid;
  if (from === undefined) return invalid('from', 'This field is required, or "senderid".');
  if (params.to === undefined && params.userid === undefined) {
    return invalid('to', 'This field is required, or "userid".');
  }
  // Who is named by `senderid` is outside the organization.
  const sender = params.from === undefined ? null : await findLine(c, params.from);
  if (params.userid !== undefined) {
    const user = await findUserById(c, params.userid);
    if (user === null) return refused('User not found.');
    if (sender?.id === user.id) return outgoing(user, params.to);
    if (sender !== null) return invalid('from', BOTH_USERS);
    const receiver = params.to === undefined ? null : await findLine(c, params.to);
    if (receiver !== null && receiver.id !== user.id) return invalid('to', '"to" and "userid" are two users.');
    return incoming(user, from);
  }
  const receiver = params.to === undefined ? null : await findLine(c, params.to);
  if (sender !== null && receiver !== null) return invalid('to', BOTH_USERS);
  if (sender !== null) return outgoing(sender, params.to);
  return receiver === null ? refused('Neither side is a user of the organization.') : incoming(receiver, from);
}

function outgoing(user: UserRow, to: string | undefined): Outcome<Parties> {
  if (to === undefined) return invalid('to', 'This field is required.');
  return { ok: true, result: { user, contact: to, is_from_user: true } };
}

function incoming(user: UserRow, from: string): Outcome<Parties> {
  return { ok: true, result: { user, contact: from, is_from_user: false } };
}

/** The session that a request names. `key`: the fingerprint of a message that its thread may have received. */
export async function findSession(
  c: AppContext,
  channel: ChannelRow,
  sessionId: string,
  key?: string,
): Promise<Outcome<Session>> {
  const chat_id = chatIdOfSession(sessionId);
  const thread = chat_id === null ? null : threadNameOfChat(chat_id);
  if (chat_id === null || thread === null) return SESSION_NOT_FOUND;
  const named = key === undefined ? {} : { key };
  const query = { v: 1, type: 'read_source', chat_id, channel_id: channel.id, ...named } as const;
  const read = await queryThread(c.env, c.var.cost, thread, query);
  if (!read.ok)
    return read.refusal.reason === 'chat_not_found' ? SESSION_NOT_FOUND : { ok: false, thread: read.refusal };
  const { thread_id, visitor_id, received } = read.answer;
  const parties = partiesOfThread(thread_id);
  // A purged thread has lost its contact: a new message between both begins again.
  return parties === null
    ? SESSION_NOT_FOUND
    : { ok: true, result: { chat_id, thread, visitor_id, received, ...parties } };
}

/** The `thread_id` of the thread between a user and a contact. */
function threadIdOf(userId: string, contact: string): string {
  return `${userId}/${contact}`;
}

function partiesOfThread(threadId: string): { user_id: string; contact: string } | null {
  const slash = threadId.indexOf('/');
  return slash === -1 ? null : { user_id: threadId.slice(0, slash), contact: threadId.slice(slash + 1) };
}

/** The thread between a user and a contact, and where its webhooks go. */
export async function threadBetween(c: AppContext, channel: ChannelRow, user: UserRow, contact: string) {
  const { organization, user: number } = await keptNumbersOf(identityDatabase(c), c.var.organization.id, user.id);
  const thread_id = threadIdOf(user.id, contact);
  const routing: ChannelTarget = {
    receiver: channelReceiver(channel.id),
    channel_id: channel.id,
    thread_id,
    messaging_channel: channel.messaging_channel,
    // A gateway knows what it has synced.
    echo_user_messages: false,
    dialect: 'rpc',
    line: {
      orgid: numericId(organization),
      userid: numericId(number),
      extension: user.extension ?? user.did ?? '',
      contact,
    },
  };
  return { identity: channelIdentity(channel, thread_id), routing };
}
