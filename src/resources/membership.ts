import type { ChatFacts } from './chat.ts';
import { isoTime, isoTimeOrNull } from './clock.ts';
import type { Avatar } from './user.ts';

export type ComposingStatus = 'idle' | 'typing' | 'typed';

/** A member of a chat as its thread stores it. Times in ms. */
export type MemberFacts = {
  member_id: string;
  member_type: 'user' | 'visitor';
  name: string | null;
  public_name: string | null;
  avatar: Avatar | null;
  organization_id: string | null;
  is_bot: boolean;
  created_at: number;
  updated_at: number;
  last_seen_at: number | null;
  /**
   * Of a user: how many `msg` of others the chat had when they had last seen all of it. Missing for never, and in rows of
   * earlier programs.
   */
  seen_count?: number;
  is_participating: boolean;
  /** Whether the person is present at all. Shown as present only while they participate. */
  is_present: boolean;
  /** The membership was ended: nobody is shown it any more. The row stays, as a removed tag's does in D1. */
  is_removed?: true;
};

/** A member with their typing, which is never logged. */
export type MemberView = MemberFacts & { composing_status: ComposingStatus };

/** Whether a member participates and is present. */
export function isPresent(member: MemberFacts): boolean {
  return member.is_participating && member.is_present;
}

/** The number of `msg` that others than this member have written in the chat. */
export function countOfOthers(member: Pick<MemberFacts, 'member_id'>, chat: ChatFacts): number {
  return chat.user_message_count + chat.visitor_message_count - (chat.message_counts[member.member_id] ?? 0);
}

/** The membership as the Chats API shows it (Chats API, Chat memberships). */
export function membershipResource(member: MemberView, chat: ChatFacts, isUserDeleted = false) {
  return {
    member_id: member.member_id,
    member_type: member.member_type,
    member_name: member.name,
    member_public_name: member.public_name,
    member_avatar: member.avatar,
    member_organization_id: member.organization_id,
    chat_id: chat.id,
    room_id: chat.room?.id ?? null,
    room_organization_id: chat.room?.organization_id ?? null,
    created_at: isoTime(member.created_at),
    last_seen_at: isoTimeOrNull(member.last_seen_at),
    updated_at: isoTime(member.updated_at),
    chat_created_at: isoTime(chat.created_at),
    is_bot: member.is_bot,
    is_user_deleted: isUserDeleted,
    is_participating: member.is_participating,
    is_present: chat.ended_at === null && isPresent(member),
    composing_status: member.composing_status,
    message_count: chat.message_counts[member.member_id] ?? 0,
    legacy_member_id: member.member_id.replaceAll('-', ''),
  };
}

export type MembershipResource = ReturnType<typeof membershipResource>;
