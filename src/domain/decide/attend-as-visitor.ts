import type { MemberFacts } from '../../resources/membership.ts';
import type { Draft } from './recorder.ts';
import type { MemberChanges } from '../events.ts';
import { memberOf } from './attend.ts';

/** Brings the membership of the thread's visitor, who is always a member, to what is asked for and answers it. Times in ms. */
export function attendAsVisitor(
  draft: Draft,
  chatId: string,
  visitorId: string,
  attendance: Pick<MemberFacts, 'is_participating' | 'is_present' | 'last_seen_at'>,
): MemberFacts {
  const member = memberOf(draft.chat(chatId), visitorId);
  const { is_participating, is_present, last_seen_at } = attendance;
  const changes: MemberChanges = {
    ...(is_participating === member.is_participating ? {} : { is_participating }),
    ...(is_present === member.is_present ? {} : { is_present }),
    ...(last_seen_at === member.last_seen_at ? {} : { last_seen_at }),
  };
  if (Object.keys(changes).length > 0) {
    draft.emit(chatId, { type: 'member_changed', member_id: visitorId, changes });
  }
  return memberOf(draft.chat(chatId), visitorId);
}
