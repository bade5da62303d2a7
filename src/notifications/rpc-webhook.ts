import type { ChannelTarget, PhoneLine } from '../domain/events.ts';
import type { FileFacts } from '../resources/file.ts';
import type { MessageResource } from '../resources/message.ts';
import { type MessagePart, partsOf } from '../resources/message-parts.ts';
import { sessionIdOf, shortMessageId } from '../resources/rpc-ids.ts';
import type { Notification, ThreadUpdate } from './notifications.ts';
import type { ChannelNotice } from './webhook-body.ts';

/** The types of messages in webhooks: a text, or a file, whose content is its URL. */
const TEXT = 1;
const FILE = 2;

/**
 * The webhooks of JSON-RPC for a notification: a message for the contact, or a change of one; that a message of the contact
 * is stored; that a user has read one. None: a gateway is not told what it has told itself. A message of a text and files is
 * one message for each, which have ids of their own. The key of the settings goes into the body at each attempt.
 */
export function rpcWebhooks(
  update: ThreadUpdate,
  { kind, action, resource, changes, seen, parts_before = 1 }: Notification,
  target: ChannelTarget,
): ChannelNotice[] {
  const { line } = target;
  const sessionid = sessionIdOf(update.place.chat_id);
  if (line === undefined || sessionid === null || update.is_silent) return [];
  const isOwn = update.origin === target.receiver;
  if (kind === 'membership') return seen === true && !isOwn ? [notice('read', { sessionid })] : [];
  if (kind !== 'message') return [];
  const message = resource as MessageResource;
  const messageid = shortMessageId(message.id);
  if (messageid === null || message.type !== 'msg') return [];
  const idOf = (part: number) => ({ messageid: shortMessageId(message.id, part), sessionid });
  if (action !== 'added') {
    if (isOwn || changes === null || !('message' in changes)) return [];
    if (message.deleted_at === null) return [notice('updated', { ...idOf(0), content: message.message ?? '' })];
    return Array.from({ length: parts_before }, (_, part) => notice('deleted', idOf(part)));
  }
  if (message.sender_type === 'visitor') return isOwn ? [notice('delivered', idOf(0))] : [];
  if (isOwn) return [];
  return partsOf(message).map((part, place) =>
    notice('message', { ...ends(line), ...idOf(place), ...contentOf(part) }),
  );
}

function ends({ orgid, userid, extension, contact }: PhoneLine) {
  return { to: contact, from: extension, orgid, userid };
}

/** The URL of a file of the hub is put in at each attempt (resources/file-links.ts). */
function contentOf(part: MessagePart): { content: string; type: number; file?: FileFacts } {
  switch (part.kind) {
    case 'text':
      return { content: part.text, type: TEXT };
    case 'file':
      return { content: '', type: FILE, file: part.file };
    case 'link':
      return { content: part.url, type: FILE };
  }
}

function notice(method: string, params: object): ChannelNotice {
  const body = JSON.stringify({ method, params });
  return { event_type: method, has_gap: false, bodyAt: () => body };
}
