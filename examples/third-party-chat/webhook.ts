import type { ChatResource, MessageResource } from './hub-api.ts';

/** The collection that a webhook tells of; each has an endpoint of its own. */
export type Collection = 'chats' | 'messages';

type Head = {
  /** The header `webhook-id`: the same each time the hub sends this webhook. */
  id: string;
  chatId: string;
  /** The room of the chat; null when the resource does not say. */
  roomId: string | null;
  /** Place of the event in its thread, and that of the event before it of which this application was told. */
  seq: number;
  prevSeq: number | null;
};

type Change<Name extends string, Resource> =
  | { about: Name; action: 'added'; resource: Resource }
  | { about: Name; action: 'changed'; resource: Partial<Resource> & { id: string } }
  | { about: Name; action: 'removed'; resource: { id: string } };

/** A webhook of the hub, its form checked. */
export type Webhook = Head & (Change<'chat', ChatResource> | Change<'message', MessageResource>);

/** `test`: what the hub sends when an app's owner tests an endpoint, which tells of nothing. */
export type ParsedWebhook = { ok: true; webhook: Webhook | 'test' } | { ok: false; problem: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_WEBHOOK_ID_CHARACTERS = 200;

type Json = Record<string, unknown>;
type Fields = { readonly [name: string]: (value: unknown) => boolean };

const isText = (value: unknown) => typeof value === 'string';
const isTextOrNull = (value: unknown) => value === null || isText(value);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isFlag = (value: unknown) => typeof value === 'boolean';

/** Each has an id and a title. Those that are files have what a page shows of them. */
const isAttachments = (value: unknown) =>
  Array.isArray(value) &&
  value.every(
    (entry: unknown) =>
      isObject(entry) && isText(entry['id']) && isTextOrNull(entry['title']) && isFileOrNone(entry['file']),
  );
const isFileOrNone = (value: unknown) =>
  value === undefined || (isObject(value) && isText(value['content_type']) && isWhole(value['size']));

const CHAT_FIELDS: Fields = { created_at: isText, is_ended: isFlag, message_count: isWhole };
const MESSAGE_FIELDS: Fields = {
  type: isText,
  sender_type: isText,
  sender_public_name: isTextOrNull,
  message: isTextOrNull,
  created_at: isText,
  attachments: isAttachments,
};

/** Checks what came to the endpoint of a collection. What this application does not read may have any form. */
export function parseWebhook(
  collection: Collection,
  organizationId: string,
  request: { webhookId: string | undefined; body: string },
): ParsedWebhook {
  const refuse = (problem: string): ParsedWebhook => ({ ok: false, problem });
  const { webhookId } = request;
  if (webhookId === undefined || webhookId === '' || webhookId.length > MAX_WEBHOOK_ID_CHARACTERS) {
    return refuse('The header webhook-id is missing or too long.');
  }
  const envelope = jsonObject(request.body);
  if (envelope === null) return refuse('The body is no JSON object.');

  const { channel, action, resource_id, resource, seq, prev_seq } = envelope;
  if (action === 'test') return { ok: true, webhook: 'test' };
  if (action !== 'added' && action !== 'changed' && action !== 'removed') return refuse('Unknown action.');
  if (!isUuid(resource_id)) return refuse('resource_id is no UUID.');
  if (!isObject(resource)) return refuse('resource is no object.');
  if (!isWhole(seq)) return refuse('seq is no whole number.');
  if (prev_seq !== null && !isWhole(prev_seq)) return refuse('prev_seq is no whole number.');
  const chatId = chatOfChannel(collection, organizationId, channel, resource_id);
  if (chatId === null) return refuse('The channel is not one of this endpoint.');

  const about = collection === 'chats' ? 'chat' : 'message';
  const fields = collection === 'chats' ? CHAT_FIELDS : MESSAGE_FIELDS;
  const wrong = action === 'removed' ? undefined : wrongField(resource, fields, action === 'added');
  if (wrong !== undefined) return refuse(`resource.${wrong} is missing or has the wrong type.`);
  const roomId = typeof resource['room_id'] === 'string' ? resource['room_id'] : null;
  const known = Object.fromEntries(Object.entries(resource).filter(([name]) => name in fields));
  const head: Head = { id: webhookId, chatId, roomId, seq, prevSeq: prev_seq };
  // The fields have just been checked by name, which the compiler cannot follow.
  const change = { about, action, resource: { ...known, id: resource_id } } as Change<'chat', ChatResource>;
  return { ok: true, webhook: { ...head, ...change } };
}

/** The chat that a channel and a resource belong to; null when the channel is another endpoint's. */
function chatOfChannel(
  collection: Collection,
  organizationId: string,
  channel: unknown,
  resourceId: string,
): string | null {
  const chats = `/api/v5/orgs/${organizationId}/owned_chats`;
  if (collection === 'chats') return channel === chats ? resourceId : null;
  if (typeof channel !== 'string' || !channel.startsWith(`${chats}/`)) return null;
  const [chatId, part, ...rest] = channel.slice(chats.length + 1).split('/');
  return isUuid(chatId) && part === 'messages' && rest.length === 0 ? chatId : null;
}

/** The first field that does not have its type; one that is missing is wrong only where the resource must be whole. */
function wrongField(resource: Json, fields: Fields, isComplete: boolean): string | undefined {
  const wrong = Object.entries(fields).find(([name, fits]) =>
    resource[name] === undefined ? isComplete : !fits(resource[name]),
  );
  return wrong?.[0];
}

function jsonObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
