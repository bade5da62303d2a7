import type { MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import { fullName, publicName, type UserFacts } from '../resources/user.ts';
import type { ChatState, ThreadState } from './state.ts';

/** Members of a chat are read as one list and end with it in one batch, so no more than these join. */
const MEMBERS_OF_A_CHAT = 1000;

/** Whether the chat takes nobody but those who are members of it. */
export function hasNoRoom(chat: ChatState, userId: string): boolean {
  return chat.members.size >= MEMBERS_OF_A_CHAT && !chat.members.has(userId);
}

/** Whether the chat, null for one that begins now, cannot take all these users as members. A new one has its visitor already. */
export function hasNoRoomFor(chat: ChatState | null, userIds: readonly string[]): boolean {
  const joining = new Set(userIds.filter((id) => chat?.members.has(id) !== true));
  return joining.size > 0 && (chat?.members.size ?? 1) + joining.size > MEMBERS_OF_A_CHAT;
}

/** The membership of a user who comes to a chat at `at` (ms). `is_present` as their own object says. */
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

/** The membership of the thread's visitor, whose presence is told later: one of an external channel is never seen at the hub. */
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

/** What a message says of who sent it. */
export type Sender = Pick<
  MessageFacts,
  'sender_type' | 'sender_id' | 'sender_name' | 'sender_public_name' | 'sender_avatar'
>;

export function userAsSender(user: UserFacts): Sender {
  return {
    sender_type: 'user',
    sender_id: user.id,
    sender_name: fullName(user),
    sender_public_name: publicName(user),
    sender_avatar: user.avatar,
  };
}

/** The thread's visitor as the sender of a message. */
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
