import type { ChannelTarget, PhoneLine } from '../domain/events.ts';
import type { FileFacts } from '../resources/file.ts';
import type { MessageResource } from '../resources/message.ts';
import { sessionIdOf, shortMessageId } from '../resources/rpc-ids.ts';
import type { Notification, ThreadUpdate } from './notifications.ts';
import type { ChannelNotice } from './webhook-body.ts';

/** The types of messages in webhooks: a text, or a file, whose content is its URL. */
const TEXT = 1;
const FILE = 2;

/**
 * The webhook of JSON-RPC for a notification: a message for the contact, or a change of one; that a message of the contact
 * is stored; that a user has read one. Null for none: a gateway is not told what it has told itself. The key of the settings goes into the
 * body at each attempt.
 */
export function rpcWebhook(
  update: ThreadUpdate,
  { kind, action, resource, changes, seen }: Notification,
  target: ChannelTarget,
): ChannelNotice | null {
  const { line } = target;
  const sessionid = sessionIdOf(update.place.chat_id);
  if (line === undefined || sessionid === null || update.is_silent) return null;
  const isOwn = update.origin === target.receiver;
  if (kind === 'membership') return seen === true && !isOwn ? notice('read', { sessionid }) : null;
  if (kind !== 'message') return null;
  const message = resource as MessageResource;
  const messageid = shortMessageId(message.id);
  if (messageid === null || message.type !== 'msg') return null;
  if (action !== 'added') return isOwn ? null : changeNotice({ messageid, sessionid }, message, changes);
  if (message.sender_type === 'visitor') return isOwn ? notice('delivered', { messageid, sessionid }) : null;
  return isOwn ? null : notice('message', { ...ends(line), messageid, sessionid, ...contentOf(message) });
}

/** A message was edited or deleted at the hub. What the gateway has reported itself is no news to it. */
function changeNotice(
  ids: object,
  { message, deleted_at }: MessageResource,
  changes: object | null,
): ChannelNotice | null {
  if (changes === null || !('message' in changes)) return null;
  return deleted_at === null ? notice('updated', { ...ids, content: message ?? '' }) : notice('deleted', ids);
}

function ends({ orgid, userid, extension, contact }: PhoneLine) {
  return { to: contact, from: extension, orgid, userid };
}

/**
 * A message of a file only has its URL as content. That of a file of the hub is put in at each attempt, with the file
 * (resources/file-links.ts).
 */
function contentOf({ message, attachments }: MessageResource): { content: string; type: number; file?: FileFacts } {
  const file = attachments.find((each) => each.file !== undefined)?.file;
  if (file !== undefined) return { content: message ?? '', type: (message ?? '') === '' ? FILE : TEXT, file };
  const url = attachments
    .map(({ title_link_url, image_url }) => title_link_url ?? image_url)
    .find((each) => each !== null);
  if ((message ?? '') === '' && url !== undefined && url !== null) return { content: url, type: FILE };
  return { content: message ?? '', type: TEXT };
}

function notice(method: string, params: object): ChannelNotice {
  const body = JSON.stringify({ method, params });
  return { event_type: method, has_gap: false, bodyAt: () => body };
}
