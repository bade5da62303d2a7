import type { ChatFacts } from '../resources/chat.ts';
import { countOfOthers, type MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import { fullName, publicName, type UserFacts } from '../resources/user.ts';
import type { MemberChanges } from './events.ts';
import type { ChatState, ThreadState } from './state.ts';

/** Most members of a chat: they are read as one list, and the chat's end writes all of them in one replica batch. */
const MEMBERS_OF_A_CHAT = 1000;

/** Whether the chat has no room for this user. Members are always welcome. */
export function hasNoRoom(chat: ChatState, userId: string): boolean {
  return chat.members.size >= MEMBERS_OF_A_CHAT && !chat.members.has(userId);
}

/**
 * Whether the chat cannot take all these users as members. `chat` is null for one that starts now; it has its visitor
 * already.
 */
export function hasNoRoomFor(chat: ChatState | null, userIds: readonly string[]): boolean {
  const joining = new Set(userIds.filter((id) => chat?.members.has(id) !== true));
  return joining.size > 0 && (chat?.members.size ?? 1) + joining.size > MEMBERS_OF_A_CHAT;
}

/** The membership of a user who joins a chat at `at` (ms). Their own object knows `is_present`. */
export function userMember(
  user: UserFacts,
  at: number,
  joining: { is_participating: boolean; is_present: boolean },
): MemberFacts {
  return {
    member_id: user.id,
    member_type: 'user',
    name: fullName(user),
    public_name: publicName(user),
    avatar: user.avatar,
    organization_id: user.organization_id,
    is_bot: user.is_bot,
    created_at: at,
    updated_at: at,
    last_seen_at: null,
    is_participating: joining.is_participating,
    is_present: joining.is_present,
  };
}

/**
 * The membership of the thread's visitor. Their presence is reported later; visitors of an external channel are never
 * seen at the hub.
 */
export function visitorMember(visitorId: string, name: string | null, at: number): MemberFacts {
  return {
    member_id: visitorId,
    member_type: 'visitor',
    name,
    public_name: name,
    avatar: null,
    organization_id: null,
    is_bot: false,
    created_at: at,
    updated_at: at,
    last_seen_at: null,
    is_participating: true,
    is_present: false,
  };
}

/**
 * The member after a change at `at` (ms). A user who has seen the newest message of the chat has seen all of it, and what
 * others had written by then is counted.
 */
export function memberAfter(member: MemberFacts, changes: MemberChanges, at: number, chat: ChatFacts): MemberFacts {
  const changed = { ...member, ...changes, updated_at: at };
  const { last_seen_at } = changes;
  if (member.member_type !== 'user' || last_seen_at === undefined || last_seen_at === null) return changed;
  return last_seen_at < (chat.last_message_at ?? 0) ? changed : { ...changed, seen_count: countOfOthers(member, chat) };
}

/** What a message shows of its sender. */
export type Sender = Pick<
  MessageFacts,
  'sender_type' | 'sender_id' | 'sender_name' | 'sender_public_name' | 'sender_avatar'
>;

/** A user as the sender of a message. */
export function userAsSender(user: UserFacts): Sender {
  return {
    sender_type: 'user',
    sender_id: user.id,
    sender_name: fullName(user),
    sender_public_name: publicName(user),
    sender_avatar: user.avatar,
  };
}

/** A member as the sender of a message. */
export function memberAsSender({ member_id, member_type, name, public_name, avatar }: MemberFacts): Sender {
  return {
    sender_type: member_type,
    sender_id: member_id,
    sender_name: name,
    sender_public_name: public_name,
    sender_avatar: avatar,
  };
}

/** The thread's visitor as the sender of a message. Throws when the thread has no visitor. */
export function visitorAsSender(state: ThreadState): Sender {
  const { thread } = state;
  if (thread === null || thread.visitor_id === null) throw new Error('a visitor wrote in a thread without a visitor');
  return {
    sender_type: 'visitor',
    sender_id: thread.visitor_id,
    sender_name: thread.visitor_name,
    sender_public_name: thread.visitor_name,
    sender_avatar: null,
  };
}
