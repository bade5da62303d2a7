import { findCopiedMessage } from '../../chats/copied-message.ts';
import type { ChannelRow, RoomRow, UserRow } from '../../db/rows.ts';
import { useFiles } from '../../directory/files.ts';
import { userFacts } from '../../directory/users.ts';
import { threadName } from '../../domain/address.ts';
import type { IncomingMessage, ReceiveMessages } from '../../domain/commands.ts';
import { messageKey } from '../../domain/fingerprints.ts';
import type { ThreadRefusal } from '../../domain/refusals.ts';
import { fileBucket } from '../../files/delete-due-files.ts';
import { storeUpload } from '../../files/store-upload.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import type { NewAttachment } from '../../resources/attachment.ts';
import type { CallFacts } from '../../resources/call-record.ts';
import type { FileFacts } from '../../resources/file.ts';
import { fileAttachment } from '../../resources/file-links.ts';
import { partsOf } from '../../resources/message-parts.ts';
import { partOfShort, sessionIdOf, shortMessageId } from '../../resources/rpc-ids.ts';
import { askUser } from '../../rpc/user.ts';
import { startIn } from '../chat-start.ts';
import { copyDatabase } from '../copy-database.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import { refusalOfUrl } from '../webhook-url.ts';
import { invalid, MESSAGE_NOT_FOUND, type Outcome, refused } from './outcome.ts';
import { MESSAGE_TYPES, type MessageParams } from './params.ts';
import { findLine, findParties, findSession, knownUser, type Parties, type Session, threadBetween } from './parties.ts';

export type RpcChannel = { channel: ChannelRow; room: RoomRow };

/** A message as its thread gets it, and the thread's user. */
export type Told = { host: UserRow; contact: string; sender: UserRow | null };

/**
 * The method `message`: a text or a file between a user and a contact, in either direction; without content it creates or
 * finds their session.
 */
export async function receiveMessage(c: AppContext, rpc: RpcChannel, params: MessageParams): Promise<Outcome> {
  const session = params.sessionid === undefined ? null : await findSession(c, rpc.channel, params.sessionid);
  if (session !== null && !session.ok) return session;
  const isCopy = params.content === undefined && params.messageid !== undefined;
  if (isCopy && session === null) return invalid('sessionid', 'This field is required with "messageid".');
  if (session !== null && params.content === undefined && !isCopy) return invalid('content', 'This field is required.');
  const told = session === null ? toldBy(await findParties(c, params)) : await toldInSession(c, session.result, params);
  if (!told.ok) return told;
  if (isCopy && session !== null) return await copyMessage(c, rpc, params, told.result, session.result);
  const isFile = params.type !== MESSAGE_TYPES.text;
  const refusal = isFile ? refusalOfUrl(c, params.content ?? '', null) : null;
  if (refusal !== null) return invalid('content', refusal);
  return await sendMessage(c, rpc, params, told.result, contentOf(params), session?.result ?? null);
}

/**
 * Syncs a message of one session, such as a file, or one part of it, into another one. There it is a message of its own. What
 * is there already is known before the bytes of its file are stored again.
 */
async function copyMessage(
  c: AppContext,
  rpc: RpcChannel,
  params: MessageParams,
  told: Told,
  session: Session,
): Promise<Outcome> {
  const { messageid = '' } = params;
  const named = partOfShort(messageid);
  const { id: organizationId } = c.var.organization;
  const found =
    named === null ? null : await findCopiedMessage(await copyDatabase(c), organizationId, named.message_id);
  const origin =
    found === null ? MESSAGE_NOT_FOUND : await findSession(c, rpc.channel, sessionIdOf(found.chat_id) ?? '');
  if (named === null || found === null || !origin.ok) return MESSAGE_NOT_FOUND;
  if (found.chat_id === session.chat_id) return { ok: true, result: { messageid: messageid.toLowerCase() } };
  const part = partsOf(found)[named.part];
  if (part === undefined || (part.kind === 'text' && part.text === '')) return MESSAGE_NOT_FOUND;
  if (part.kind === 'text') return await sendMessage(c, rpc, params, told, { text: part.text }, session);
  if (part.kind === 'link') {
    return await sendMessage(c, rpc, params, told, { text: '', attachments: [fileAt(part.url)] }, session);
  }
  const { key } = incoming(params, { text: '', attachments: [fileAttachment(part.file)] }, told, '');
  const known = await findSession(c, rpc.channel, params.sessionid ?? '', key);
  const received = known.ok ? known.result.received : undefined;
  if (received != null) return { ok: true, result: resultOf(received.chat_id, received.message_id, session) };
  const copy = await copyFile(c, rpc, part.file, session.thread);
  if (!copy.ok) return copy;
  return await sendMessage(c, rpc, params, told, { text: '', attachments: [copy.result] }, session);
}

/** A file belongs to one chat, so another one gets a copy. Refused when its bytes are gone, or the quota is reached. */
async function copyFile(
  c: AppContext,
  { channel }: RpcChannel,
  file: FileFacts,
  thread: string,
): Promise<Outcome<NewAttachment>> {
  const bucket = fileBucket(c.env);
  const stored = await bucket?.get(file.id);
  if (stored == null || !('body' in stored)) return MESSAGE_NOT_FOUND;
  const { organization } = c.var.keyHolder;
  const database = organizationDatabase(c);
  const owner = { organization_id: organization.id, type: 'channel' as const, id: channel.id };
  const now = Date.now();
  const deps = { bucket, identity: identityDatabase(c), database, now, limit: null, quota: organization.stored.quota };
  const upload = { name: file.name, bytes: stored.body as unknown as AsyncIterable<Uint8Array>, announced: file.size };
  const copied = await storeUpload(deps, owner, upload);
  if (!copied.ok) return { ok: false, refusal: copied.refusal };
  const used = await useFiles(database, owner, thread, [copied.file.id], now);
  const taken = used?.files.get(copied.file.id);
  return taken === undefined ? MESSAGE_NOT_FOUND : { ok: true, result: fileAttachment(taken) };
}

/** What every kind of message has. */
type SharedParams = Omit<MessageParams, 'content' | 'type'> & { content?: unknown };

/** What a message says. */
export type Content = { text: string; attachments?: NewAttachment[]; call?: CallFacts };

/** Null: nothing, the session is only opened. */
function contentOf({ type, content }: MessageParams): Content | null {
  if (content === undefined) return null;
  return type === MESSAGE_TYPES.text ? { text: content } : { text: '', attachments: [fileAt(content)] };
}

/** Sends a message to the thread of a user and a contact. `session`: the one that the request names. */
export async function sendMessage(
  c: AppContext,
  { channel, room }: RpcChannel,
  params: SharedParams,
  told: Told,
  content: Content | null,
  session: Session | null,
): Promise<Outcome> {
  const { host, contact, sender } = told;
  const { identity, routing } = await threadBetween(c, channel, host, contact);
  const head = commandHead(c);
  const { organization } = c.var.keyHolder;
  const command: ReceiveMessages = {
    ...head,
    type: 'receive_messages',
    identity,
    database: organization.database,
    organization_id: channel.organization_id,
    ...startIn(room, organization),
    routing,
    messages: content === null ? [] : [incoming(params, content, told, head.command_id)],
    skip_waiting_state: false,
    close_session: false,
    skip_webhooks: false,
    variables_quota: organization.variables_quota,
    variables: params.sendername === undefined || sender !== null ? {} : { username: params.sendername },
    host: {
      user: userFacts(host),
      is_present: session === null && (await isPresent(c, host.id)),
      has_seen: session !== null,
      variables: { username: contact, ...detailsOf(params) },
    },
  };
  const result = await sendCommand(c, threadName(identity), command);
  if (!result.ok) return refusalOfThread(result.refusal);
  const { chat_id, message_ids } = result.answer;
  return { ok: true, result: resultOf(chat_id, message_ids[0], session) };
}

/** The ids of a message; that of its session unless the request has named it. */
function resultOf(chatId: string, messageId: string | undefined, session: Session | null) {
  const messageid = messageId === undefined ? {} : { messageid: shortMessageId(messageId) };
  return { ...messageid, ...(session?.chat_id === chatId ? {} : { sessionid: sessionIdOf(chatId) }) };
}

/** A thread speaks of `created_at`, which gateways call `timestamp`. */
function refusalOfThread(thread: ThreadRefusal): Outcome {
  if (thread.reason === 'created_at_in_future') return invalid('timestamp', 'The time may not be in the future.');
  return { ok: false, thread };
}

async function isPresent(c: AppContext, userId: string): Promise<boolean> {
  return (await askUser(c.env, c.var.cost, userId, (stub) => stub.presence({ v: 1 }))).is_present;
}

export function toldBy(parties: Outcome<Parties>): Outcome<Told> {
  if (!parties.ok) return parties;
  const { user, contact, is_from_user } = parties.result;
  return { ok: true, result: { host: user, contact, sender: is_from_user ? user : null } };
}

/** In a session `from` may be another user than the session's; without it the contact has written. */
async function toldInSession(
  c: AppContext,
  { user_id, contact }: Session,
  { from, to, senderid }: MessageParams,
): Promise<Outcome<Told>> {
  const host = await knownUser(c, user_id);
  if (host === null) return refused('The user of the session was deleted.');
  const sender = from === undefined ? null : await findLine(c, from);
  const numbers = [sender === null ? from : undefined, senderid, sender === null ? undefined : to];
  if (numbers.some((number) => number !== undefined && number !== contact)) {
    return refused('The session is with another contact.');
  }
  return { ok: true, result: { host, contact, sender } };
}

function incoming(
  params: SharedParams,
  { text, attachments, call }: Content,
  { sender, contact }: Told,
  commandId: string,
): IncomingMessage {
  const known = params.content === undefined ? params.messageid : undefined;
  const { timestamp } = params;
  const from = {
    sender_type: sender === null ? ('visitor' as const) : ('user' as const),
    sender_id: sender?.id ?? contact,
    // Gateways send no ids of their own. What is synced is known by what it copies, or by the time at which it was sent.
    message_id: known ?? (timestamp === undefined ? commandId : String(timestamp)),
  };
  const [file] = attachments ?? [];
  return {
    key: messageKey({
      ...from,
      body: call === undefined ? text || (file?.file?.sha256 ?? file?.title_link_url ?? '') : JSON.stringify(call),
    }),
    body: text,
    ...from,
    created_at: timestamp ?? null,
    selected_reply_suggestion_id: null,
    user: sender === null ? null : userFacts(sender),
    ...(attachments === undefined ? {} : { attachments }),
    ...(call === undefined ? {} : { call }),
  };
}

/** A file that stays where it is: it is neither fetched nor copied. */
function fileAt(url: string): NewAttachment {
  const name = decodedName(new URL(url).pathname);
  return {
    title: name === '' ? url : name,
    title_link_url: url,
    text: null,
    image_url: null,
    image_link_url: null,
    link_target: '_blank',
    actions: [],
    interaction_id: null,
    attachment_url: null,
    parameters: null,
  };
}

function decodedName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** What a new contact is known by. */
function detailsOf({ senderinfo }: SharedParams): Record<string, string> {
  const { phone, email } = senderinfo ?? {};
  return { ...(phone === undefined ? {} : { phone }), ...(email === undefined ? {} : { email }) };
}
