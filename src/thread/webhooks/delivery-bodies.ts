import { seqOfResource } from '../../domain/address.ts';
import { withPresentText } from '../../notifications/edited-body.ts';
import { hasGap, wholeBody } from '../../notifications/webhook-body.ts';
import { hasTable } from '../../platform/sqlite.ts';
import type { MessageFacts } from '../../resources/message.ts';
import { channelOfReceiver, type Receiver } from '../../resources/receiver.ts';
import { readChanged } from '../store/changed-messages.ts';

/** What a delivery tells, and of which event. */
export type Telling = {
  receiver: Receiver;
  seq: number;
  event_type: string;
  channel: string | null;
};

type StoredBody = { seq: number; body: string; content: number };

/** The webhooks of channels that tell the text of a message, in all interfaces. */
const WITH_TEXT = ['message_created', 'send_message', 'message', 'updated'];

/**
 * The body that a delivery sends now: what was told at its event, with the text that its message has now. Null when it
 * is not sent any more, because its message was deleted or what it tells was purged.
 */
export function presentBody(sql: SqlStorage, telling: Telling & StoredBody): string | null {
  if (telling.body === '') return null;
  const message = readChangedMessage(sql, telling);
  if (message?.deleted_at !== undefined) return null;
  const body = bodyOf(sql, telling);
  return message?.edited_at === undefined ? body : withPresentText(body, message);
}

/** Whether the message whose text a delivery tells was deleted since. */
export function isMessageDeleted(sql: SqlStorage, telling: Telling): boolean {
  return readChangedMessage(sql, telling)?.deleted_at !== undefined;
}

/** The message whose text a delivery tells, as it is now; null when it tells none, or nothing has changed of it. */
function readChangedMessage(sql: SqlStorage, { receiver, seq, event_type, channel }: Telling): MessageFacts | null {
  const isOfChannel = channelOfReceiver(receiver) !== null;
  const tellsText = isOfChannel ? WITH_TEXT.includes(event_type) : (channel?.endsWith('/messages') ?? false);
  if (!tellsText || !hasTable(sql, 'changed_messages')) return null;
  const event = sql
    .exec<{ type: string; message_id: string | null }>(
      `SELECT type, CASE type WHEN 'message_edited' THEN event ->> '$.message_id' END AS message_id
       FROM events WHERE seq = ?`,
      seq,
    )
    .one();
  const added = event.type === 'message_added' ? seq : seqOfResource(event.message_id ?? '');
  return added === null ? null : (readChanged(sql, [added]).get(added)?.facts ?? null);
}

/** The text of a delivery's body at its event. Both of its parts are stored as text. */
export function bodyOf(sql: SqlStorage, { seq, body, content }: StoredBody): string {
  if (!hasGap(body)) return body;
  const { resources } = sql
    .exec<{ resources: string }>('SELECT resources FROM webhook_contents WHERE seq = ?', seq)
    .one();
  const resource = resources.split('\n')[content];
  if (resource === undefined) throw new Error('a delivery without its content');
  return wholeBody(body, resource);
}
