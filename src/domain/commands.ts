import type { ChatFacts, Lifetime, PageFacts, RoomFacts, VisitorChatType } from '../resources/chat.ts';
import type { ChatGrant, MemberRooms } from '../resources/chat-grant.ts';
import type { InvitationFacts, Invitee } from '../resources/invitation.ts';
import type { ComposingStatus, MemberFacts } from '../resources/membership.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { TagFacts } from '../resources/tag.ts';
import type { UserFacts } from '../resources/user.ts';
import type { ThreadIdentity } from './address.ts';
import type { CloseThread, MessagesReceived, ReceiveMessages, ThreadClosed } from './channel-commands.ts';
import type { CommandHeader } from './command-header.ts';
import type { ChatRef, InChat, Limit, OfMember } from './command-parts.ts';
import type { EncryptionSetting } from './encryption.ts';
import type { PurgeCover } from './events.ts';
import type {
  DeleteMessage,
  EditMessage,
  MessageChanged,
  MessagePosted,
  MessageStatusReported,
  NoteWebhooks,
  PostMessage,
  PostVisitorMessage,
  ReportMessageStatus,
} from './message-commands.ts';

export type {
  CloseThread,
  IncomingMessage,
  MessagesReceived,
  ReceiveMessages,
  ThreadClosed,
} from './channel-commands.ts';
export { type CommandHeader, newCommandId } from './command-header.ts';
export type { ChatRef, Limit } from './command-parts.ts';
export type {
  DeleteMessage,
  EditMessage,
  MessageAuthor,
  MessageChanged,
  MessagePosted,
  MessageStatusReported,
  NoteWebhooks,
  PostMessage,
  PostVisitorMessage,
  ReportMessageStatus,
} from './message-commands.ts';

/**
 * Commands to a thread. The Worker has authenticated the caller, validated the request and looked up what the thread
 * does not hold; the thread decides. `command_id` makes a repeated command harmless.
 */
export type Command =
  | ReceiveMessages
  | CloseThread
  | StartUserChat
  | OpenVisitorChat
  | PostMessage
  | PostVisitorMessage
  | EditMessage
  | DeleteMessage
  | ReportMessageStatus
  | NoteWebhooks
  | JoinChat
  | UpdateMembership
  | UpdateVisitorMembership
  | RenameVisitor
  | RemoveMember
  | RemoveSilentMembers
  | ChangePresence
  | UpdateChat
  | EndOverdueChats
  | AddTag
  | RemoveTag
  | Invite
  | ExpireInvitation
  | AcceptInvitation
  | DeclineInvitation
  | AddReplySuggestion
  | UpdateReplySuggestion
  | Purge;

/**
 * A new chat between users, without a room (Chats API, Create a new empty chat for user). The actor becomes its first
 * member.
 */
export type StartUserChat = CommandHeader & {
  type: 'start_user_chat';
  identity: Extract<ThreadIdentity, { kind: 'chat' }>;
  database: string;
  organization_id: string;
  /** Of a chat that starts now. Workers of an older version leave it out. */
  encryption?: EncryptionSetting | null;
  actor: UserFacts;
  is_present: boolean;
};

/**
 * A chat with a visitor: their open chat, which the user joins, or a new one (Chats API, Create a new chat with a
 * visitor in a room). The visitor may send it too. `chat_id` is the visitor's newest chat, if that is in another thread than their own: a
 * channel's takes the next session. Without it, `identity` names the thread.
 */
export type OpenVisitorChat = CommandHeader & {
  type: 'open_visitor_chat';
  chat_id: string | null;
  identity: Extract<ThreadIdentity, { kind: 'visitor' }> | null;
  visitor_id: string;
  /** The variable `username`, for a thread that does not exist yet, and whenever the visitor sends the command. */
  visitor_name: string | null;
  database: string;
  /** The organization of the room. */
  organization_id: string;
  room: RoomFacts;
  is_private: boolean;
  /** Of a chat that starts now. Workers of an older version leave it out. */
  encryption?: EncryptionSetting | null;
  /** Type and lifetime of a chat that starts now. A session in a channel's thread is always `external`. */
  chat_type: VisitorChatType;
  lifetime: Lifetime;
  /** Null when the visitor sends the command. */
  actor: UserFacts | null;
  /** Whether the actor is present. */
  is_present: boolean;
  /** As in `JoinChat`. */
  is_kept_out: boolean;
  /** Limits the chats that start in the thread. Null or missing: no limit. */
  limit?: Limit | null;
  /** What the visitor was offered, and on which page: a chat that starts now begins with it. */
  autosuggestion?: { sender: UserFacts; message: string; page: PageFacts };
};

export type ChatOpened = { chat: ChatFacts; is_new: boolean };

/** A user joins a chat that the grant covers (Chats API, Join user to a pending, routed or organization's chat). */
export type JoinChat = CommandHeader & {
  type: 'join_chat';
  chat_id: string;
  grant: ChatGrant;
  /** The user who joins. */
  actor: UserFacts;
  is_present: boolean;
  /** This way of joining requires presence: an absent user is refused. */
  must_be_present: boolean;
  /** The organization's chats are private and the user lacks the scope to join one in which an agent is present. */
  is_kept_out: boolean;
  /** The user joins by themselves and has as many open chats as their `chat_capacity` says. Missing: they have not. */
  is_full?: boolean;
  is_participating: boolean;
  composing_status: ComposingStatus;
  /** Who hands the chat over: they take part, and leave once the user has joined. Missing: nobody. */
  replaced?: UserFacts;
};

export type ChatJoined = {
  member: MemberFacts;
  chat: ChatFacts;
  is_new: boolean;
  /** The command has changed the membership, at its first call. Objects of an older version leave it out. */
  is_changed?: boolean;
};

/** A user changes their membership; null leaves a field as it is (Chats API, Update a chat membership of a user). */
export type UpdateMembership = OfMember & {
  type: 'update_membership';
  is_present: boolean;
  /** As in `JoinChat`, for a silent member who begins to take part. Workers of an older version leave it out. */
  is_kept_out?: boolean;
  is_full?: boolean;
  is_participating: boolean | null;
  composing_status: ComposingStatus | null;
  /** ms. */
  last_seen_at: number | null;
};

export type MembershipUpdated = { member: MemberFacts; chat: ChatFacts };

/** A visitor changes their membership; null leaves a field as it is. The visitor need not be present. */
export type UpdateVisitorMembership = CommandHeader & {
  type: 'update_visitor_membership';
  chat_id: string;
  visitor_id: string;
  is_participating: boolean | null;
  composing_status: ComposingStatus | null;
  /** ms. */
  last_seen_at: number | null;
};

/** Ends the membership of a user (an extension). */
export type RemoveMember = InChat & { type: 'remove_member'; grant: ChatGrant; member_id: string };

/** Ends the silent memberships of an organization with which the chat's room is no longer shared. */
export type RemoveSilentMembers = InChat & { type: 'remove_silent_members'; organization_id: string };

/** How many memberships have ended. */
export type MemberRemoved = { removed: number };

/** The variable `username` of the thread's visitor was set, or deleted (null). */
export type RenameVisitor = CommandHeader & {
  type: 'rename_visitor';
  chat_id: string;
  visitor_id: string;
  name: string | null;
};

/** The name that the thread has now. A long one is cut. */
export type VisitorRenamed = { name: string | null };

/** A user came or went, as their own object reports. `is_watched`: the object should go on reporting to this chat. */
export type ChangePresence = InChat & { type: 'change_presence'; user_id: string; is_present: boolean };

export type PresenceChanged = { is_watched: boolean };

/** Ends a chat, or its waiting (Chats API, End a chat; Change a chat to not waiting status). */
export type UpdateChat = CommandHeader & {
  type: 'update_chat';
  chat_id: string;
  grant: ChatGrant;
  is_ended: boolean;
  is_waiting: false | null;
};

export type ChatUpdated = { chat: ChatFacts };

/** The thread's alarm ends a chat whose lifetime is over. */
export type EndOverdueChats = CommandHeader & { type: 'end_overdue_chats' };

export type OverdueChatsEnded = { ended: number };

/** Adds a tag to a chat, open or ended (Chats API, Add a tag to a chat). */
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

/**
 * A member invites a user, a team or an organization (Chats API, Send a chat invitation). The Worker has looked up the
 * invitee.
 */
export type Invite = OfMember & { type: 'invite'; invitee: Invitee };
export type Invited = { invitation: InvitationFacts; chat: ChatFacts; is_new: boolean };

/** The inviter withdraws an open invitation (Chats API, Expire a chat invitation). */
export type ExpireInvitation = OfMember & { type: 'expire_invitation'; invitation_id: string };
export type InvitationExpired = { invitation: InvitationFacts; chat: ChatFacts };

/** Whoever is invited alone says no. Others may still accept what a team or an organization was invited to. */
export type DeclineInvitation = CommandHeader & {
  type: 'decline_invitation';
  chat_id: string;
  actor: UserFacts;
  invitation_id: string;
  /** As in `AcceptInvitation`. */
  stands_for: readonly string[];
};

/** An invited user accepts an invitation and becomes a member (Chats API, Accept incoming chat invitation). */
export type AcceptInvitation = CommandHeader & {
  type: 'accept_invitation';
  chat_id: string;
  actor: UserFacts;
  is_present: boolean;
  invitation_id: string;
  /** As in `JoinChat`. Workers of an older version leave it out. */
  is_full?: boolean;
  /** Ids under which the user may be invited: their own, those of their teams and that of their organization. */
  stands_for: readonly string[];
  /** As in a member's grant. */
  rooms?: MemberRooms | undefined;
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

/** An undefined field stays as it is (Chats API, Update a chat reply suggestion). */
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

/**
 * Purges a chat of the organization: what was written in it, before the time `before` (ms; null: all), or everything
 * about its visitor, or (`key`) the key of an encrypted chat that has ended, with everything in clear text. An open chat
 * whose visitor is purged ends. `tells_channel`: the thread's channel wants a webhook.
 */
export type Purge = InChat & {
  type: 'purge';
  organization_id: string;
  covers: PurgeCover;
  before: number | null;
  tells_channel?: boolean;
};

export type Purged = { chat: ChatRef };

type Answers = {
  receive_messages: MessagesReceived;
  close_thread: ThreadClosed;
  start_user_chat: ChatOpened;
  open_visitor_chat: ChatOpened;
  post_message: MessagePosted;
  post_visitor_message: MessagePosted;
  edit_message: MessageChanged;
  delete_message: MessageChanged;
  report_message_status: MessageStatusReported;
  note_webhooks: MessageStatusReported;
  join_chat: ChatJoined;
  update_membership: MembershipUpdated;
  update_visitor_membership: MembershipUpdated;
  rename_visitor: VisitorRenamed;
  remove_member: MemberRemoved;
  remove_silent_members: MemberRemoved;
  change_presence: PresenceChanged;
  update_chat: ChatUpdated;
  end_overdue_chats: OverdueChatsEnded;
  add_tag: TagAdded;
  remove_tag: TagRemoved;
  invite: Invited;
  expire_invitation: InvitationExpired;
  accept_invitation: InvitationAccepted;
  decline_invitation: InvitationExpired;
  add_reply_suggestion: ReplySuggestionAdded;
  update_reply_suggestion: ReplySuggestionUpdated;
  purge: Purged;
};

/** The answer to an accepted command. */
export type AnswerOf<C extends Command> = Answers[C['type']];
export type Answer = Answers[Command['type']];
