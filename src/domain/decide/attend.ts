import type { MemberFacts } from '../../resources/membership.ts';
import type { UserFacts } from '../../resources/user.ts';
import type { Draft } from './recorder.ts';
import type { MemberChanges } from '../events.ts';
import { userAsSender, userMember } from '../members.ts';
import type { ChatState } from '../state.ts';
import { addMessage } from './add-message.ts';

/** How a user is in a chat; `last_seen_at` (ms) only when it changes. */
type Attendance = { is_participating: boolean; is_present: boolean; last_seen_at?: number };

/**
 * Brings a user's membership to what is asked for and answers it. Who begins or stops to participate is announced by a
 * `join` or `leave` message (protocol.md 5.3). `is_present` is recorded when he begins: from then on his own object tells
 * of changes.
 */
export function attend(draft: Draft, chatId: string, user: UserFacts, attendance: Attendance): MemberFacts {
  const { is_participating } = attendance;
  const member = draft.chat(chatId).members.get(user.id)?.facts;
  if (member === undefined) {
    draft.emit(chatId, { type: 'member_added', member: userMember(user, draft.context.now, attendance) });
  } else {
    const changes = changesOf(member, attendance);
    if (Object.keys(changes).length > 0) {
      draft.emit(chatId, { type: 'member_changed', member_id: user.id, changes });
    }
  }
  if (is_participating !== (member?.is_participating ?? false)) {
    const type = is_participating ? 'join' : 'leave';
    addMessage(draft, chatId, userAsSender(user), { type, message: null });
  }
  return memberOf(draft.chat(chatId), user.id);
}

function changesOf(member: MemberFacts, { is_participating, is_present, last_seen_at }: Attendance): MemberChanges {
  const begins = is_participating && !member.is_participating;
  return {
    ...(is_participating === member.is_participating ? {} : { is_participating }),
    ...(begins && is_present !== member.is_present ? { is_present } : {}),
    ...(last_seen_at === undefined ? {} : { last_seen_at }),
  };
}

/** The membership of a user who is known to be a member. */
export function memberOf(chat: ChatState, userId: string): MemberFacts {
  const member = chat.members.get(userId);
  if (member === undefined) throw new Error('a member of the chat is not there');
  return member.facts;
}
