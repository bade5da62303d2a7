import type { Action, Attachment, AttachmentTemplate } from './attachment.ts';
import type { CallFacts } from './call-record.ts';
import { isoTime, isoTimeOrNull } from './clock.ts';
import type { Avatar } from './user.ts';
import { parseUuidVersion7, uuidVersion7 } from './uuid.ts';

export type MessageType =
  | 'msg'
  | 'autosuggest'
  | 'join'
  | 'leave'
  | 'shoppingcart_locked'
  | 'action'
  | 'call_request'
  | 'call_ended'
  | 'interaction_submit'
  | 'system'
  | 'tag_created';

/** Longest text of a message in a chat without a channel (Chats API, Send a chat message). Characters. */
export const CHAT_MESSAGE_CHARACTERS = 2000;
/** Longest text of a message in a channel's chat: media such as email have long ones, both ways. Characters. */
export const CHANNEL_MESSAGE_CHARACTERS = 100_000;
/**
 * Longest text of a message in an encrypted chat, in bytes of UTF-8. The text, its ciphertext and attachments are in one
 * row, with the webhooks' bodies twice, and the platform stores no row above 2 MB.
 */
export const ENCRYPTED_MESSAGE_BYTES = 300_000;

/** A message as its event records it. Times in ms. */
export type MessageFacts = {
  id: string;
  type: MessageType;
  created_at: number;
  sender_type: 'user' | 'visitor';
  sender_id: string;
  sender_name: string | null;
  sender_public_name: string | null;
  sender_avatar: Avatar | null;
  message: string | null;
  /** Of every message of an encrypted chat; missing elsewhere. */
  is_encrypted?: true;
  /**
   * The text for the holder of the organization's private key; null once it was deleted or purged. Missing in chats that
   * are not encrypted, and where there never was a text.
   */
  encrypted_message?: string | null;
  /** The ids of sender and message in the external system, for messages that came through a channel. */
  external_sender_id: string | null;
  external_message_id: string | null;
  selected_reply_suggestion: SelectedReplySuggestion | null;
  attachments: Attachment[];
  attachment_template: AttachmentTemplate | null;
  response_to: ResponseFacts | null;
  /** Of a message of the type `call_ended`; missing for all others. */
  call?: CallFacts;
  /** Ids of the files that it named before it was purged or deleted: they are deleted too. Missing for none. */
  files_gone?: string[];
  /** Ids of the files that stayed when it was deleted, since other messages name them. Missing for none. */
  files_kept?: string[];
  /** When its text was changed last (ms). Missing for never. */
  edited_at?: number;
  /** When it was deleted (ms): text, attachments and what it responded to are gone. Missing for never. */
  deleted_at?: number;
  /** What the channel has reported of its delivery, or the hub has seen. Missing for nothing. */
  status?: MessageStatus;
  /** Language and subject of a message that came through the threads API. Missing elsewhere. */
  lang?: string;
  subject?: string;
  /**
   * What was in clear text is gone, since the hub has forgotten the key of its chat: when (ms), and the `seq` of the event.
   * Missing for never.
   */
  forgotten?: { at: number; seq: number };
  /** The purge of its sensitive data: when (ms), and the `seq` of its event. Missing for never. */
  purged?: { at: number; seq: number };
};

/** What a channel reports of a message that it was sent, from the lowest to the highest. */
export const REPORTED_STATES = ['failed', 'delivered', 'read'] as const;
export type ReportedState = (typeof REPORTED_STATES)[number];

/** The highest state that was reported of a message. Times in ms; null where nothing was reported. */
export type MessageStatus = {
  /** `stored`: it had failed, and then a replay brought it to the channel. */
  state: ReportedState | 'stored';
  delivered_at: number | null;
  read_at: number | null;
  /** Only of a failed message. */
  failure_reason: string | null;
  /** The hub itself has given up the webhook; a report of the channel, and a replay with success, replace that. */
  by?: 'hub';
};

/**
 * What an `action` message responds to (Chats API, Chat message response actions): an attachment, by one of its actions
 * or by a text.
 */
export type ResponseFacts = {
  message_id: string;
  attachment: Attachment;
  action: Action | null;
  value: string | null;
  text: string | null;
};

/** The suggestion as a message nests it: three keys (Chats API, Chat messages). */
export type SelectedReplySuggestion = { id: string; suggestion: string; relevancy_score: number | null };

/** What becomes of the files of a deleted message that others of the chat name, or have named. */
export type DeletedFiles = {
  /** Ids of those that another message names: they stay. Missing for none. */
  files_kept?: string[];
  /** Those that no message names any more, with the newest that has named them. Missing for none. */
  files_last?: { id: string; message_id: string }[];
};

/** The files that go with what a message loses, but those that are kept. */
export function filesGone(
  { attachments, files_gone = [], files_kept = [] }: MessageFacts,
  kept: readonly string[] = [],
): Pick<MessageFacts, 'files_gone' | 'files_kept'> {
  const named = attachments.flatMap(({ file }) => file?.id ?? []);
  const gone = [...files_gone, ...files_kept, ...named].filter((id) => !kept.includes(id));
  return {
    ...(gone.length === 0 ? {} : { files_gone: gone }),
    ...(kept.length === 0 ? {} : { files_kept: [...kept] }),
  };
}

/**
 * The facts with their optional parts in one order, whatever came first. Then a replay of a log gives the same JSON as
 * the changes did.
 */
export function inOrder({
  call,
  files_gone,
  files_kept,
  edited_at,
  deleted_at,
  status,
  forgotten,
  purged,
  ...rest
}: MessageFacts): MessageFacts {
  return {
    ...rest,
    ...(call === undefined ? {} : { call }),
    ...(files_gone === undefined ? {} : { files_gone }),
    ...(files_kept === undefined ? {} : { files_kept }),
    ...(edited_at === undefined ? {} : { edited_at }),
    ...(deleted_at === undefined ? {} : { deleted_at }),
    ...(status === undefined ? {} : { status }),
    ...(forgotten === undefined ? {} : { forgotten }),
    ...(purged === undefined ? {} : { purged }),
  };
}

/**
 * The message as the Chats API and webhooks show it (UMI documentation, 3.1; Chats API, Chat messages). The extension
 * `external_sender_id` appears only on messages that came through a channel from somebody whom the hub does not know,
 * `lang` and `subject` only where they were given. `deleted_at` and the state of delivery are extensions too.
 */
export function messageResource(message: MessageFacts, chat: { id: string; room_id: string | null }) {
  return {
    id: message.id,
    type: message.type,
    chat_id: chat.id,
    room_id: chat.room_id,
    created_at: isoTime(message.created_at),
    sender_type: message.sender_type,
    sender_id: message.sender_id,
    sender_public_name: message.sender_public_name,
    sender_name: message.sender_name,
    sender_avatar: message.sender_avatar,
    message: message.message,
    is_encrypted: message.is_encrypted ?? false,
    ...(message.encrypted_message === undefined ? {} : { encrypted_message: message.encrypted_message }),
    is_edited: message.edited_at !== undefined,
    deleted_at: isoTimeOrNull(message.deleted_at ?? null),
    sensitive_data_purged_at: isoTimeOrNull(message.purged?.at ?? null),
    selected_reply_suggestion_id: message.selected_reply_suggestion?.id ?? null,
    selected_reply_suggestion: message.selected_reply_suggestion,
    attachments: message.attachments,
    attachment_template: message.attachment_template,
    response_to_message_id: message.response_to?.message_id ?? null,
    response_to_attachment_id: message.response_to?.attachment.id ?? null,
    response_to_attachment: message.response_to?.attachment ?? null,
    response_to_action_id: message.response_to?.action?.id ?? null,
    response_to_action: message.response_to?.action ?? null,
    response_text: message.response_to?.text ?? null,
    response_value: message.response_to?.value ?? null,
    ...(message.call === undefined ? {} : { call: message.call }),
    delivery_status: message.status?.state ?? ('stored' as const),
    delivered_at: isoTimeOrNull(message.status?.delivered_at ?? null),
    read_at: isoTimeOrNull(message.status?.read_at ?? null),
    failure_reason: message.status?.failure_reason ?? null,
    ...(message.external_sender_id === null ? {} : { external_sender_id: message.external_sender_id }),
    ...(message.lang === undefined ? {} : { lang: message.lang }),
    ...(message.subject === undefined ? {} : { subject: message.subject }),
  };
}

export type MessageResource = ReturnType<typeof messageResource>;

/** The attributes that the published texts do not have. */
const MESSAGE_EXTENSIONS = ['deleted_at', 'delivery_status', 'delivered_at', 'read_at', 'failure_reason'] as const;

/** A message as the published texts have it. */
export function publishedMessage(message: object): object {
  const published: Record<string, unknown> = { ...message };
  for (const name of MESSAGE_EXTENSIONS) delete published[name];
  return published;
}

/**
 * The position of a message among all messages of its organization: its id with the time at which it was written. It
 * differs from the id only for imported messages, whose id has the time of the import. Throws when the id is not a UUID
 * version 7, which no message of the hub has.
 */
export function messagePlace({ id, created_at }: Pick<MessageFacts, 'id' | 'created_at'>): string {
  const parsed = parseUuidVersion7(id);
  if (parsed === null) throw new Error(`the id of a message is not a UUID version 7: ${id}`);
  return parsed.at === created_at ? id : uuidVersion7(created_at, parsed.tail);
}
