import type { NewAttachment } from '../resources/attachment.ts';
import type { CallFacts } from '../resources/call-record.ts';
import type { RoomFacts } from '../resources/chat.ts';
import type { UserFacts } from '../resources/user.ts';
import type { ThreadIdentity } from './address.ts';
import type { CommandHeader } from './command-header.ts';
import type { EncryptionSetting } from './encryption.ts';
import type { ChannelTarget } from './events.ts';

export type IncomingMessage = {
  /** The fingerprint that identifies a repeated message: `messageKey` (fingerprints.ts). */
  key: string;
  body: string;
  sender_type: 'visitor' | 'user';
  sender_id: string;
  message_id: string;
  /** In ms; only with `close_session` (imports), or with a host. */
  created_at: number | null;
  selected_reply_suggestion_id: string | null;
  /**
   * The sender, when `sender_type` is `user`. One whom the hub does not know is a bot of the interface, with another id
   * than `sender_id`.
   */
  user: UserFacts | null;
  lang?: string;
  subject?: string;
  /**
   * Of the threads API: what the hub has sent since then (ms) may come back as a message. One of the same text is that,
   * and counts as received before.
   */
  sent_since?: number;
  /** As well a message without a text whose first file has this id, since its text went out as URLs. */
  sent_file?: string;
  attachments?: NewAttachment[];
  /** The message is the record of a call. */
  call?: CallFacts;
};

/** Messages for one external thread. All are accepted or none (UMI documentation, 2.1). */
export type ReceiveMessages = CommandHeader & {
  type: 'receive_messages';
  identity: Extract<ThreadIdentity, { kind: 'channel' }>;
  /** Name of the organization's D1 binding. */
  database: string;
  organization_id: string;
  room: RoomFacts;
  /** The organization's setting: whether a chat that starts now is private. */
  is_private: boolean;
  /** Of a chat that starts now. Workers of an older version leave it out. */
  encryption?: EncryptionSetting | null;
  routing: ChannelTarget;
  messages: IncomingMessage[];
  skip_waiting_state: boolean;
  close_session: boolean;
  skip_webhooks: boolean;
  variables: Record<string, string>;
  /** How many keys of variables the visitor may have. Workers of an older version leave it out. */
  variables_quota?: number;
  /**
   * Of JSON-RPC: the user whose session it is, who takes part from its start. Then there may be no message: the session
   * is opened. `has_seen`: they have read what was there, and what comes with the command. `variables`: of the visitor of
   * a thread that starts with it.
   */
  host?: { user: UserFacts; is_present: boolean; has_seen: boolean; variables: Record<string, string> };
};

export type MessagesReceived = {
  chat_id: string;
  mapping_id: string;
  message_ids: string[];
  seqs: number[];
  messages_created: number;
  is_new_session: boolean;
  /** The hub had every message of the request already; nothing was written. */
  is_repeat: boolean;
};

/** Ends the open session of an external thread (UMI documentation, 2.2). */
export type CloseThread = CommandHeader & {
  type: 'close_thread';
  identity: Extract<ThreadIdentity, { kind: 'channel' }>;
  organization_id: string;
};

export type ThreadClosed = { chat_id: string; was_open: boolean };
