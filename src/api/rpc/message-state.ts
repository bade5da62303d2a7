import { findThreadsOfMessage } from '../../delivery/channel-threads.ts';
import type { DeleteMessage, EditMessage, ReportMessageStatus } from '../../domain/commands.ts';
import type { ThreadRefusal } from '../../domain/refusals.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { messageIdOfShort } from '../../resources/rpc-ids.ts';
import { copyDatabase } from '../copy-database.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import type { RpcChannel } from './message.ts';
import { MESSAGE_NOT_FOUND, type Outcome } from './outcome.ts';
import type { ParamsOf } from './params.ts';
import { findSession } from './parties.ts';

/** The method `delivered`: a message has reached the contact. */
export function noteDelivered(
  c: AppContext,
  { channel }: RpcChannel,
  { messageid }: ParamsOf<'delivered'>,
): Promise<Outcome> {
  const report = { type: 'report_message_status' as const, status: 'delivered' as const, at: null, reason: null };
  return commandToMessage(c, channel.id, messageid, { ...report, channel_id: channel.id, chat_id: null });
}

/** The method `read`: the contact has read what users have written in a session. */
export async function noteRead(
  c: AppContext,
  { channel }: RpcChannel,
  { sessionid }: ParamsOf<'read'>,
): Promise<Outcome> {
  const session = await findSession(c, channel, sessionid);
  if (!session.ok) return session;
  const { chat_id, thread } = session.result;
  const result = await sendCommand(c, thread, {
    ...commandHead(c),
    type: 'report_message_status',
    channel_id: channel.id,
    chat_id,
    message_id: null,
    status: 'read',
    at: null,
    reason: null,
  });
  return result.ok ? DONE : { ok: false, thread: result.refusal };
}

/** The method `updated`: a message that the gateway has brought has a new text. */
export function noteUpdated(
  c: AppContext,
  { channel }: RpcChannel,
  { messageid, content }: ParamsOf<'updated'>,
): Promise<Outcome> {
  const by = { by: 'channel' as const, chat_id: null, channel_id: channel.id };
  return commandToMessage(c, channel.id, messageid, { type: 'edit_message', ...by, message: content });
}

/** The method `deleted`: a message that the gateway has brought was deleted. */
export function noteDeleted(
  c: AppContext,
  { channel }: RpcChannel,
  { messageid }: ParamsOf<'deleted'>,
): Promise<Outcome> {
  const by = { by: 'channel' as const, chat_id: null, channel_id: channel.id };
  return commandToMessage(c, channel.id, messageid, { type: 'delete_message', ...by });
}

const DONE = { ok: true as const, result: {} };

type MessageCommand = EditMessage | DeleteMessage | ReportMessageStatus;
type Wanted<C> = C extends MessageCommand ? Omit<C, 'v' | 'command_id' | 'keyed_request' | 'message_id'> : never;

/** Sends a command to the thread of a message. The id contains the beginning of the thread's name. */
async function commandToMessage(
  c: AppContext,
  channelId: string,
  messageid: string,
  command: Wanted<MessageCommand>,
): Promise<Outcome> {
  const message_id = messageIdOfShort(messageid) ?? messageid.toLowerCase();
  const { id: organizationId } = c.var.organization;
  const threads = await findThreadsOfMessage(await copyDatabase(c), organizationId, channelId, message_id);
  let refusal: ThreadRefusal | null = null;
  for (const thread of threads) {
    const result = await sendCommand(c, thread, { ...commandHead(c), ...command, message_id } as MessageCommand);
    if (result.ok) return DONE;
    refusal = result.refusal;
    if (refusal.reason !== 'message_not_found' && refusal.reason !== 'chat_not_found') break;
  }
  return refusal === null || refusal.reason === 'chat_not_found' ? MESSAGE_NOT_FOUND : { ok: false, thread: refusal };
}
