import type { ComposingStatus, MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import { fullName, publicName, type UserFacts } from '../resources/user.ts';
import { resourceIdAt } from './address.ts';
import type { Draft } from './draft.ts';
import type { ThreadState } from './state.ts';

/** The membership of a user who comes to a chat at `at` (ms). Until presence exists, a participating user counts as present. */
export function userMember(
  user: UserFacts,
  at: number,
  joins: { is_participating: boolean; composing_status: ComposingStatus },
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
    is_participating: joins.is_participating,
    is_present: true,
    composing_status: joins.composing_status,
  };
}

/** The membership of the thread's visitor. A visitor of an external channel is never seen at the hub: not present. */
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
    composing_status: 'idle',
  };
}

/** What a message says of a user who sends it. */
export function userAsSender(user: UserFacts) {
  return {
    sender_type: 'user' as const,
    sender_id: user.id,
    sender_name: fullName(user),
    sender_public_name: publicName(user),
    sender_avatar: user.avatar,
  };
}

/** A `join` or `leave` message about a user, as the next event of the draft. */
export function presenceMessage(
  draft: Draft,
  state: ThreadState,
  type: 'join' | 'leave',
  user: UserFacts,
  at: number,
): MessageFacts {
  return {
    ...userAsSender(user),
    id: resourceIdAt(state.name, at, draft.nextSeq),
    type,
    created_at: at,
    message: null,
    external_sender_id: null,
    external_message_id: null,
    selected_reply_suggestion: null,
  };
}
