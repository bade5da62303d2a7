import type { AttachmentTemplate, NewAttachment } from '../resources/attachment.ts';
import type { ChatFacts, Lifetime, PageFacts, RoomFacts, VisitorChatType } from '../resources/chat.ts';
import type { ChatGrant } from '../resources/chat-grant.ts';
import type { InvitationFacts, Invitee } from '../resources/invitation.ts';
import type { ComposingStatus, MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { TagFacts } from '../resources/tag.ts';
import type { UserFacts } from '../resources/user.ts';
import type { ThreadIdentity } from './address.ts';
import type { ChannelTarget } from './events.ts';

/**
 * Commands to a thread. The Worker has authenticated the caller, validated the wire form and looked up what is not the
 * thread's own; the thread decides. `command_id` makes a repeated command harmless.
 */
export type Command =
  | ReceiveMessages
  | CloseThread
  | StartUserChat
  | OpenVisitorChat
  | PostMessage
  | PostVisitorMessage
  | JoinChat
  | UpdateMembership
  | UpdateVisitorMembership
  | RenameVisitor
  | ChangePresence
  | UpdateChat
  | EndOverdueChats
  | AddTag
  | RemoveTag
  | Invite
  | ExpireInvitation
  | AcceptInvitation
  | AddReplySuggestion
  | UpdateReplySuggestion;

/** A new `command_id`: 96 random bits in 16 characters, because each event carries it. */
export function newCommandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return btoa(String.fromCharCode(...bytes));
}

type CommandHeader = {
  v: 1;
  command_id: string;
  /** The id is a client's own key: the command is remembered for 24 h instead of a minute (store/recent-commands.ts). */
  has_client_key?: true;
};

export type IncomingMessage = {
  /** Fingerprint by which a repeat is known: `messageKey` of received.ts. */
  key: string;
  body: string;
  sender_type: 'visitor' | 'user';
  sender_id: string;
  message_id: string;
  /** ms; only with `close_session` (imports). */
  created_at: number | null;
  selected_reply_suggestion_id: string | null;
  /** The sender, when `sender_type` is `user`. */
  user: UserFacts | null;
};

/** Messages of one external thread, all or nothing (UMI documentation, 2.1). */
export type ReceiveMessages = CommandHeader & {
  type: 'receive_messages';
  identity: Extract<ThreadIdentity, { kind: 'channel' }>;
  /** Name of the organization's D1 binding. */
  database: string;
  organization_id: string;
  room: RoomFacts;
  /** Whether a chat that starts now is private: the organization's setting. */
  is_private: boolean;
  routing: ChannelTarget;
  messages: IncomingMessage[];
  skip_waiting_state: boolean;
  close_session: boolean;
  skip_webhooks: boolean;
  variables: Record<string, string>;
};

export type MessagesReceived = {
  chat_id: string;
  mapping_id: string;
  message_ids: string[];
  seqs: number[];
  messages_created: number;
  is_new_session: boolean;
  /** Every message of the request was there already: nothing was written. */
  is_repeat: boolean;
};

/** Ends the open session of an external thread (UMI documentation, 2.2). */
export type CloseThread = CommandHeader & {
  type: 'close_thread';
  identity: Extract<ThreadIdentity, { kind: 'channel' }>;
  organization_id: string;
};

export type ThreadClosed = { chat_id: string; was_open: boolean };

/** A new chat between users, without a room (Chats API, Create a new empty chat for user). The actor takes part in it. */
export type StartUserChat = CommandHeader & {
  type: 'start_user_chat';
  identity: Extract<ThreadIdentity, { kind: 'chat' }>;
  database: string;
  organization_id: string;
  actor: UserFacts;
  is_present: boolean;
};

/**
 * A chat with a visitor: the visitor's open chat, which the user joins, or a new one (Chats API, Create a new chat with a
 * visitor in a room; the visitor may ask for it too). `chat_id` names the visitor's newest chat and so the thread in which their sessions go on, a channel's for
 * one; without it `identity` does.
 */
export type OpenVisitorChat = CommandHeader & {
  type: 'open_visitor_chat';
  chat_id: string | null;
  identity: Extract<ThreadIdentity, { kind: 'visitor' }> | null;
  visitor_id: string;
  /** The variable `username`: for a thread that does not exist yet, and whenever the visitor asks. */
  visitor_name: string | null;
  database: string;
  /** Of the room. */
  organization_id: string;
  room: RoomFacts;
  is_private: boolean;
  /** Type and lifetime of a chat that starts now, but for a session in a channel's thread, which is `external`. */
  chat_type: VisitorChatType;
  lifetime: Lifetime;
  /** Null: the visitor. */
  actor: UserFacts | null;
  /** Of the actor. */
  is_present: boolean;
  /** As in JoinChat. */
  is_kept_out: boolean;
};

export type ChatOpened = { chat: ChatFacts; is_new: boolean };

/** A user's message in a chat of which they are a member (Chats API, Send a chat message). */
export type PostMessage = CommandHeader & {
  type: 'post_message';
  chat_id: string;
  actor: UserFacts;
  message: string;
  selected_reply_suggestion_id: string | null;
  attachments: NewAttachment[];
  attachment_template: AttachmentTemplate | null;
};

/** A visitor's message in their chat: a text, or the answer to an attachment (Chats API, Chat message response actions). */
export type PostVisitorMessage = CommandHeader & {
  type: 'post_visitor_message';
  chat_id: string;
  visitor_id: string;
  /** The page on which they are, when it is known. */
  page?: PageFacts | null;
  content:
    | { type: 'msg'; message: string }
    | {
        type: 'action';
        message_id: string;
        attachment_id: string;
        action_id: string | null;
        /** For an answer without an action: one of the attachment's links. */
        value: string | null;
        text: string | null;
      };
};

export type ChatRef = { id: string; room_id: string | null };

export type MessagePosted = { message: MessageFacts; chat: ChatRef };

/** A user becomes a member of a chat that the grant covers (Chats API, Join user to a pending, routed or organization's chat). */
export type JoinChat = CommandHeader & {
  type: 'join_chat';
  chat_id: string;
  grant: ChatGrant;
  /** Who joins. */
  actor: UserFacts;
  is_present: boolean;
  /** The way to join demands presence: an absent user is refused. */
  must_be_present: boolean;
  /** The organization keeps its chats private and the user has no scope to enter a taken one. */
  is_kept_out: boolean;
  is_participating: boolean;
  composing_status: ComposingStatus;
};

export type ChatJoined = { member: MemberFacts; chat: ChatFacts; is_new: boolean };

/** A user changes their membership; null leaves a field as it is (Chats API, Update a chat membership of a user). */
export type UpdateMembership = CommandHeader & {
  type: 'update_membership';
  chat_id: string;
  actor: UserFacts;
  is_present: boolean;
  is_participating: boolean | null;
  composing_status: ComposingStatus | null;
  /** ms. */
  last_seen_at: number | null;
};

export type MembershipUpdated = { member: MemberFacts; chat: ChatFacts };

/** A visitor changes their membership; null leaves a field as it is. They need not be present. */
export type UpdateVisitorMembership = CommandHeader & {
  type: 'update_visitor_membership';
  chat_id: string;
  visitor_id: string;
  is_participating: boolean | null;
  composing_status: ComposingStatus | null;
  /** ms. */
  last_seen_at: number | null;
};

/** The thread's visitor has another name, or none any more: their variable `username` was set or deleted. */
export type RenameVisitor = CommandHeader & {
  type: 'rename_visitor';
  chat_id: string;
  visitor_id: string;
  name: string | null;
};

/** The name as the thread has it now: a long one is cut. */
export type VisitorRenamed = { name: string | null };

/** A user came or went, as their own object says. `is_watched`: it should go on telling this chat. */
export type ChangePresence = CommandHeader & {
  type: 'change_presence';
  chat_id: string;
  user_id: string;
  is_present: boolean;
};

export type PresenceChanged = { is_watched: boolean };

/** A chat ends, or its waiting (Chats API, End a chat; Change a chat to not waiting status). */
export type UpdateChat = CommandHeader & {
  type: 'update_chat';
  chat_id: string;
  grant: ChatGrant;
  is_ended: boolean;
  is_waiting: false | null;
};

export type ChatUpdated = { chat: ChatFacts };

/** The thread's own alarm ends what is past its lifetime. */
export type EndOverdueChats = CommandHeader & { type: 'end_overdue_chats' };

export type OverdueChatsEnded = { ended: number };

/** A tag for a chat (Chats API, Add a tag to a chat), also an ended one. */
export type AddTag = CommandHeader & {
  type: 'add_tag';
  chat_id: string;
  grant: ChatGrant;
  actor: UserFacts;
  name: string;
};
export type TagAdded = { tag: TagFacts; chat: ChatRef; is_new: boolean };

export type RemoveTag = CommandHeader & { type: 'remove_tag'; chat_id: string; grant: ChatGrant; name: string };
export type TagRemoved = { name: string };

/** A member invites a user, a team or an organization (Chats API, Send a chat invitation). The Worker has found the invitee. */
export type Invite = CommandHeader & { type: 'invite'; chat_id: string; actor: UserFacts; invitee: Invitee };
export type Invited = { invitation: InvitationFacts; chat: ChatFacts; is_new: boolean };

/** The inviter takes an open invitation back (Chats API, Expire a chat invitation). */
export type ExpireInvitation = CommandHeader & {
  type: 'expire_invitation';
  chat_id: string;
  actor: UserFacts;
  invitation_id: string;
};
export type InvitationExpired = { invitation: InvitationFacts; chat: ChatFacts };

/** An invited user accepts and so becomes a member (Chats API, Accept incoming chat invitation). */
export type AcceptInvitation = CommandHeader & {
  type: 'accept_invitation';
  chat_id: string;
  actor: UserFacts;
  is_present: boolean;
  invitation_id: string;
  /** Ids under which the user may be invited: their own, their teams', their organization's. */
  stands_for: readonly string[];
};
export type InvitationAccepted = { invitation: InvitationFacts; chat: ChatFacts };

/** A suggestion for a message of a chat that the grant covers (Chats API, Add a chat reply suggestion). */
export type AddReplySuggestion = CommandHeader & {
  type: 'add_reply_suggestion';
  chat_id: string;
  message_id: string;
  grant: ChatGrant;
  actor: UserFacts;
  suggestion: string;
  relevancy_score: number | null;
};

export type ReplySuggestionAdded = { suggestion: ReplySuggestionFacts; chat: ChatRef };

/** Undefined leaves a field as it is (Chats API, Update a chat reply suggestion). */
export type UpdateReplySuggestion = CommandHeader & {
  type: 'update_reply_suggestion';
  chat_id: string;
  message_id: string;
  suggestion_id: string;
  grant: ChatGrant;
  actor: UserFacts;
  suggestion?: string | undefined;
  relevancy_score?: number | null | undefined;
};

export type ReplySuggestionUpdated = { suggestion: ReplySuggestionFacts; chat: ChatRef };

type Answers = {
  receive_messages: MessagesReceived;
  close_thread: ThreadClosed;
  start_user_chat: ChatOpened;
  open_visitor_chat: ChatOpened;
  post_message: MessagePosted;
  post_visitor_message: MessagePosted;
  join_chat: ChatJoined;
  update_membership: MembershipUpdated;
  update_visitor_membership: MembershipUpdated;
  rename_visitor: VisitorRenamed;
  change_presence: PresenceChanged;
  update_chat: ChatUpdated;
  end_overdue_chats: OverdueChatsEnded;
  add_tag: TagAdded;
  remove_tag: TagRemoved;
  invite: Invited;
  expire_invitation: InvitationExpired;
  accept_invitation: InvitationAccepted;
  add_reply_suggestion: ReplySuggestionAdded;
  update_reply_suggestion: ReplySuggestionUpdated;
};

/** What an accepted command answers. */
export type AnswerOf<C extends Command> = Answers[C['type']];
export type Answer = Answers[Command['type']];
