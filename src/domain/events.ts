/**
 * The events of a thread's log. Their JSON is stored forever: keys keep their names, and a change of meaning needs a
 * new version with an upcast.
 */

import { type ChatType, ENDLESS, type Lifetime, type PageFacts, type RoomFacts } from '../resources/chat.ts';
import type { InvitationFacts } from '../resources/invitation.ts';
import type { MemberFacts } from '../resources/membership.ts';
import type { DeletedFiles, MessageFacts, MessageStatus } from '../resources/message.ts';
import type { Receiver } from '../resources/receiver.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { TagFacts } from '../resources/tag.ts';
import type { UserFacts } from '../resources/user.ts';
import type { ChatEncryption } from './encryption.ts';

/** Where the webhooks of a channel's thread go, as last known to the Worker. Stored under `routing`. */
export type ChannelTarget = {
  receiver: Receiver;
  channel_id: string;
  thread_id: string;
  messaging_channel: string;
  echo_user_messages: boolean;
  /** For the webhook of a purge: the channel wants it. Missing for all others, and in the thread's own target. */
  tells_purge?: true;
  /** The interface of the channel, whose form its webhooks have. Missing: UMI. */
  dialect?: 'umi' | 'rpc' | 'threads';
  /** Of the dialect `rpc`: both sides of the thread as a telephone system names them. */
  line?: PhoneLine;
};

/** A user's side of a thread and the contact's, with the ids that JSON-RPC has for the organization and the user. */
export type PhoneLine = { orgid: string; userid: string; extension: string; contact: string };

/** Whether two targets are equal; null equals null. */
export function isSameTarget(one: ChannelTarget | null, other: ChannelTarget | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.receiver === other.receiver &&
    one.channel_id === other.channel_id &&
    one.thread_id === other.thread_id &&
    one.messaging_channel === other.messaging_channel &&
    one.echo_user_messages === other.echo_user_messages &&
    one.dialect === other.dialect &&
    isSameLine(one.line, other.line)
  );
}

function isSameLine(one: PhoneLine | undefined, other: PhoneLine | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.orgid === other.orgid &&
    one.userid === other.userid &&
    one.extension === other.extension &&
    one.contact === other.contact
  );
}

/** What happened in a thread. Events record each looked-up value that a later reader needs. */
export type EventBody =
  | {
      type: 'thread_opened';
      identity: string;
      database: string;
      organization_id: string;
      mapping_id: string;
      visitor_id: string | null;
      room_id: string | null;
      channel: { channel_id: string; thread_id: string } | null;
    }
  | {
      type: 'chat_started';
      chat_type: ChatType;
      room: RoomFacts | null;
      organization_id: string;
      visitor_id: string | null;
      is_private: boolean;
      lifetime: Lifetime;
      /** With the key, which is nowhere else. Missing: the chat is not encrypted. */
      encryption?: ChatEncryption;
    }
  /** A value of null: the variable was deleted. */
  | { type: 'variables_set'; visitor_id: string; variables: Record<string, string | null> }
  /** The thread learns the visitor's name, as their variable `username` has it already. Null: purged. */
  | { type: 'visitor_named'; visitor_id: string; name: string | null }
  | { type: 'member_added'; member: MemberFacts }
  | {
      type: 'member_changed';
      member_id: string;
      changes: MemberChanges;
      /** The receiver through which the change came; missing for any other. */
      origin?: Receiver;
    }
  | {
      type: 'message_added';
      message: MessageFacts;
      /** Whether the chat waits for an answer after this message. */
      is_waiting: boolean;
      /** The receiver through which the message came. Channels may ask not to get their own messages back. */
      origin: Receiver | null;
      /** Nobody is notified: the request had `skip_webhooks`, or the message was imported. */
      is_silent: boolean;
      /** The page from which the visitor wrote, or on which they received the autosuggestion, if known. */
      page?: PageFacts;
    }
  /** A new text, in an encrypted chat with its ciphertext. The earlier one stays in the event before. */
  | ({ type: 'message_edited'; message: string | null; encrypted_message?: string | null } & MessageChange)
  | ({ type: 'message_deleted' } & DeletedFiles & MessageChange)
  | { type: 'message_status_changed'; message_id: string; created_at: number; status: MessageStatus }
  | { type: 'waiting_ended' }
  | { type: 'chat_ended' }
  | { type: 'tag_added'; tag: TagFacts }
  | { type: 'tag_removed'; name: string }
  | { type: 'invitation_sent'; invitation: InvitationFacts }
  | { type: 'invitation_expired'; invitation_id: string }
  | { type: 'invitation_accepted'; invitation_id: string; accepted_by_user: UserFacts }
  | { type: 'reply_suggestion_added'; suggestion: ReplySuggestionFacts }
  | { type: 'reply_suggestion_changed'; suggestion: ReplySuggestionFacts }
  /**
   * Earlier events of the chat were purged, and are rewritten in place (redaction.ts). `messages`: what was written,
   * of before the time `before` (ms; null: all). `visitor`: also the visitor's name and variables, and the address of
   * the outside source. `key`: the key of an encrypted chat that has ended, and everything in clear text.
   */
  | { type: 'purged'; covers: PurgeCover; before: number | null };

/**
 * What a sender changes of their message. `created_at`: of the message (ms), by which it is purged. `origin`: the
 * receiver through which the change came, as with a message.
 */
type MessageChange = {
  message_id: string;
  created_at: number;
  by: 'user' | 'visitor' | 'channel';
  origin: Receiver | null;
};

export type PurgeCover = 'messages' | 'visitor' | 'key';

export type MemberChanges = Partial<
  Pick<MemberFacts, 'is_participating' | 'is_present' | 'last_seen_at' | 'is_removed'>
>;

/**
 * Records that an event was accepted for a receiver. A channel's entry holds what its webhook needs beside the event;
 * an app's holds the number of webhooks.
 */
export type WebhookReceipt = { receiver: Receiver; prev_seq: number | null } & (
  | { routing: ChannelTarget }
  | { rows: number }
);

/**
 * An event in the log. `seq` grows by one within the thread, without gaps. `at` (ms) is the time of the command: it grows
 * from command to command. `accepted` names the receivers for which the commit made a delivery.
 */
export type ThreadEvent = EventBody & {
  v: 2 | 3;
  seq: number;
  at: number;
  chat_id: string;
  command_id: string;
  accepted: WebhookReceipt[];
};

export type EventType = EventBody['type'];

/** The newest version. Stored events of version 1 are upcast when they are read. */
export const EVENT_VERSION = 3;

/** The version of an event: 2, and 3 of those that a program of version 2 would take for others. */
export function versionOf(body: EventBody): ThreadEvent['v'] {
  return body.type === 'purged' && body.covers === 'key' ? 3 : 2;
}

type Stored = Record<string, unknown> & { v: number; type: EventType };

/** Brings a stored event to the current version. Throws on a newer one: an older program must not guess. */
export function upcastEvent(stored: { v: number }): ThreadEvent {
  if (stored.v > EVENT_VERSION) throw new Error(`event version ${stored.v} is newer than this program`);
  return (stored.v === 1 ? fromVersion1(stored as Stored) : stored) as ThreadEvent;
}

/** Version 1 logged typing with the members. It had no attachments and no lifetimes. */
function fromVersion1(event: Stored): unknown {
  const next = { ...event, v: 2 };
  switch (event.type) {
    case 'chat_started':
      return { ...next, is_private: false, lifetime: ENDLESS };
    case 'member_added': {
      const { composing_status: _typing, ...member } = event['member'] as Record<string, unknown>;
      return { ...next, member };
    }
    case 'member_changed': {
      const { is_participating, composing_status: _typing, ...rest } = next as typeof next & Record<string, unknown>;
      return { ...rest, changes: { is_participating } };
    }
    case 'message_added': {
      const message = event['message'] as Record<string, unknown>;
      return { ...next, message: { ...message, attachments: [], attachment_template: null, response_to: null } };
    }
    default:
      return next;
  }
}
