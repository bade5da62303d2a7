import type { ChannelRow, UserRow } from '../../db/rows.ts';
import { userFacts } from '../../directory/users.ts';
import { threadName } from '../../domain/address.ts';
import type { IncomingMessage, ReceiveMessages } from '../../domain/commands.ts';
import { messageKey } from '../../domain/fingerprints.ts';
import type { AppContext } from '../../http/app-environment.ts';
import type { NewAttachment } from '../../resources/attachment.ts';
import type { RoomFacts } from '../../resources/chat.ts';
import { sessionIdOf, shortMessageId } from '../../resources/rpc-ids.ts';
import { askUser } from '../../rpc/user.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import { refusalOfUrl } from '../webhook-url.ts';
import { invalid, type Outcome, refused } from './outcome.ts';
import { MESSAGE_TYPES, type MessageParams } from './params.ts';
import { findLine, findParties, findSession, knownUser, type Parties, type Session, threadBetween } from './parties.ts';

export type RpcChannel = { channel: ChannelRow; room: RoomFacts };

/** A message as its thread gets it, and the thread's user. */
type Told = { host: UserRow; contact: string; sender: UserRow | null };

/**
 * The method `message`: a text or a file between a user and a contact, in either direction; without content it creates or
 * finds their session.
 */
export async function receiveMessage(
  c: AppContext,
  { channel, room }: RpcChannel,
  params: MessageParams,
): Promise<Outcome> {
  const session = params.sessionid === undefined ? null : await findSession(c, channel, params.sessionid);
  if (session !== null && !session.ok) return session;
  if (session !== null && params.content === undefined) return invalid('content', 'This field is required.');
  const told = session === null ? toldBy(await findParties(c, params)) : await toldInSession(c, session.result, params);
  if (!told.ok) return told;
  const { host, contact, sender } = told.result;
  const { identity, routing } = await threadBetween(c, channel, host, contact);
  const isFile = params.type !== MESSAGE_TYPES.text;
  const refusal = isFile ? refusalOfUrl(c, params.content ?? '', null) : null;
  if (refusal !== null) return invalid('content', refusal);

  const head = commandHead(c);
  const { organization } = c.var.keyHolder;
  const command: ReceiveMessages = {
    ...head,
    type: 'receive_messages',
    identity,
    database: organization.database,
    organization_id: channel.organization_id,
    room,
    is_private: organization.private_chats,
    routing,
    messages: params.content === undefined ? [] : [incoming(params, params.content, told.result, head.command_id)],
    skip_waiting_state: false,
    close_session: false,
    skip_webhooks: false,
    variables_quota: organization.variables_quota,
    variables: params.sendername === undefined || sender !== null ? {} : { username: params.sendername },
    host: {
      user: userFacts(host),
      is_present:
        session === null && (await askUser(c.env, c.var.cost, host.id, (s) => s.presence({ v: 1 }))).is_present,
      has_seen: session !== null,
      variables: { username: contact, ...detailsOf(params) },
    },
  };
  const result = await sendCommand(c, threadName(identity), command);
  if (!result.ok) return { ok: false, thread: result.refusal };
  const { chat_id, message_ids } = result.answer;
  const isGiven = session !== null && session.result.chat_id === chat_id;
  const [messageId] = message_ids;
  const messageid = messageId === undefined ? {} : { messageid: shortMessageId(messageId) };
  return { ok: true, result: { ...messageid, ...(isGiven ? {} : { sessionid: sessionIdOf(chat_id) }) } };
}

function toldBy(parties: Outcome<Parties>): Outcome<Told> {
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
  { type, timestamp }: MessageParams,
  content: string,
  { sender, contact }: Told,
  commandId: string,
): IncomingMessage {
  const isFile = type !== MESSAGE_TYPES.text;
  const from = {
    sender_type: sender === null ? ('visitor' as const) : ('user' as const),
    sender_id: sender?.id ?? contact,
    // Gateways send no ids of their own. What has the time at which it was sent is known by that.
    message_id: timestamp === undefined ? commandId : String(timestamp),
  };
  return {
    key: messageKey({ ...from, body: content }),
    body: isFile ? '' : content,
    ...from,
    created_at: timestamp ?? null,
    selected_reply_suggestion_id: null,
    user: sender === null ? null : userFacts(sender),
    ...(isFile ? { attachments: [fileAt(content)] } : {}),
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
function detailsOf({ senderinfo }: MessageParams): Record<string, string> {
  const { phone, email } = senderinfo ?? {};
  return { ...(phone === undefined ? {} : { phone }), ...(email === undefined ? {} : { email }) };
}
