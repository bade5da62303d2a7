import { isOpenInvitation } from '../../resources/invitation.ts';
import { isPresent, type MemberFacts } from '../../resources/membership.ts';
import type { UserFacts } from '../../resources/user.ts';
import type {
  ChangePresence,
  ChatJoined,
  JoinChat,
  MemberRemoved,
  MembershipUpdated,
  PresenceChanged,
  RemoveMember,
  RemoveSilentMembers,
  UpdateMembership,
  UpdateVisitorMembership,
} from '../commands.ts';
import type { MemberChanges } from '../events.ts';
import { additionRefusal } from '../grants.ts';
import { hasNoRoom, memberAsSender, userAsSender, userMember } from '../members.ts';
import { type ChatState, memberIn, membersIn, type ThreadState } from '../state.ts';
import { findChat, findChatOf } from './find-chat.ts';
import { addMessage } from './messages.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/**
 * A user joins a chat (Chats API, Join user to a pending chat, to a routed chat, to an organization's chat). An
 * existing member keeps their membership and gets the new status. With `replaced` that user hands the chat over (an
 * extension): they leave in the same command, after the other one has joined.
 */
export function joinChat(state: ThreadState, command: JoinChat, context: Context): Decision<ChatJoined> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const { chat } = found;
  if (state.answered !== null) {
    const joined = memberOf(chat, command.actor.id);
    const is_new = state.answered.at === joined.created_at;
    return unchanged(state, { member: joined, chat: chat.facts, is_new, is_changed: true });
  }
  const { is_participating, is_present } = command;
  const member = memberIn(chat, command.actor.id);
  const isEnded = chat.facts.ended_at !== null;
  const leaver = command.replaced === undefined ? undefined : memberIn(chat, command.replaced.id);
  const isHandedOver = leaver?.is_participating === true && !isEnded;
  if (member !== undefined && !isHandedOver && (isEnded || member.is_participating === is_participating)) {
    return unchanged(state, { member, chat: chat.facts, is_new: false, is_changed: false });
  }
  if (isEnded) return refuse({ reason: 'join_of_ended_chat' });
  if (command.replaced !== undefined && !isHandedOver) return refuse({ reason: 'nothing_to_hand_over' });
  if (command.must_be_present && !is_present) return refuse({ reason: 'not_present' });
  const isLeaving = member !== undefined && !is_participating;
  const begins = !isLeaving && member?.is_participating !== true;
  const refusal = !begins ? null : additionRefusal(chat, command.grant);
  if (refusal !== null) return refuse(refusal);
  if (command.is_kept_out && begins && hasPresentAgent(chat, command.actor.id, command.replaced?.id)) {
    return refuse({ reason: 'join_of_taken_chat' });
  }
  if (hasNoRoom(chat, command.actor.id)) return refuse({ reason: 'too_many_members' });
  if (command.is_full === true && is_participating) return refuse({ reason: 'chat_capacity_reached' });

  const recorder = new EventRecorder(state, context);
  setMembership(recorder, command.chat_id, command.actor, { is_participating, is_present });
  if (command.replaced !== undefined && leaver !== undefined) {
    const leaving = { is_participating: false, is_present: leaver.is_present };
    setMembership(recorder, command.chat_id, command.replaced, leaving);
  }
  const { facts } = recorder.chat(command.chat_id);
  const joined = memberOf(recorder.chat(command.chat_id), command.actor.id);
  return accept(recorder, { member: joined, chat: facts, is_new: member === undefined, is_changed: true });
}

/** Whether a user other than these is participating and present. */
export function hasPresentAgent(chat: ChatState, ...userIds: (string | undefined)[]): boolean {
  return [...chat.members.values()].some(
    ({ facts }) => facts.member_type === 'user' && !userIds.includes(facts.member_id) && isPresent(facts),
  );
}

/** How a user takes part in a chat. `last_seen_at` (ms) is given only when it changes. */
type Attendance = { is_participating: boolean; is_present: boolean; last_seen_at?: number };

/**
 * Sets a user's membership and answers it. A `join` or `leave` message announces that they begin or stop to
 * participate. `is_present` is recorded when they begin; from then on their own object reports changes.
 */
export function setMembership(
  recorder: EventRecorder,
  chatId: string,
  user: UserFacts,
  attendance: Attendance,
): MemberFacts {
  const { is_participating } = attendance;
  const member = memberIn(recorder.chat(chatId), user.id);
  if (member === undefined) {
    recorder.emit(chatId, { type: 'member_added', member: userMember(user, recorder.context.now, attendance) });
  } else {
    const changes = changesOf(member, attendance);
    if (Object.keys(changes).length > 0) {
      recorder.emit(chatId, { type: 'member_changed', member_id: user.id, changes });
    }
  }
  if (is_participating !== (member?.is_participating ?? false)) {
    const type = is_participating ? 'join' : 'leave';
    addMessage(recorder, chatId, userAsSender(user), { type, message: null });
  }
  return memberOf(recorder.chat(chatId), user.id);
}

function changesOf(member: MemberFacts, { is_participating, is_present, last_seen_at }: Attendance): MemberChanges {
  const begins = is_participating && !member.is_participating;
  return {
    ...(is_participating === member.is_participating ? {} : { is_participating }),
    ...(begins && is_present !== member.is_present ? { is_present } : {}),
    ...(last_seen_at === undefined ? {} : { last_seen_at }),
  };
}

/** The membership of a user who is a member. Throws when they are not. */
export function memberOf(chat: ChatState, userId: string): MemberFacts {
  const member = memberIn(chat, userId);
  if (member === undefined) throw new Error('a member of the chat is not there');
  return member;
}

/**
 * A user changes their membership (Chats API, Update a chat membership of a user). Only what differs is recorded.
 * `last_seen_at` never goes back, and is never in the future. Typing is not part of the log (thread/live/typing.ts).
 */
export function updateMembership(
  state: ThreadState,
  command: UpdateMembership,
  context: Context,
): Decision<MembershipUpdated> {
  const found = findChatOf(state, command);
  if (!found.ok) return found;
  const { chat } = found;
  const member = memberOf(chat, command.actor.id);
  if (state.answered !== null) return unchanged(state, { member, chat: chat.facts });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'membership_of_ended_chat' });
  if (!command.is_present) return refuse({ reason: 'not_present' });
  if (isAhead(command.last_seen_at, context.now)) return refuse({ reason: 'last_seen_in_future' });
  const begins = command.is_participating === true && !member.is_participating;
  if (begins && command.is_kept_out === true && hasPresentAgent(chat, command.actor.id)) {
    return refuse({ reason: 'join_of_taken_chat' });
  }
  if (begins && command.is_full === true) return refuse({ reason: 'chat_capacity_reached' });

  const recorder = new EventRecorder(state, context);
  const last_seen_at = newlySeen(member, command.last_seen_at, context.now);
  const updated = setMembership(recorder, command.chat_id, command.actor, {
    is_participating: command.is_participating ?? member.is_participating,
    is_present: command.is_present,
    ...(last_seen_at === null ? {} : { last_seen_at }),
  });
  return accept(recorder, { member: updated, chat: recorder.chat(command.chat_id).facts });
}

/** Clients' clocks differ: a time that is this far ahead (ms) counts as now. */
export const CLOCKS_DIFFER_BY = 60_000;

function isAhead(lastSeenAt: number | null, now: number): boolean {
  return lastSeenAt !== null && lastSeenAt > now + CLOCKS_DIFFER_BY;
}

/** The `last_seen_at` to record (ms); null when it does not go forward. A later message must not count as seen. */
function newlySeen(member: MemberFacts, lastSeenAt: number | null, now: number): number | null {
  if (lastSeenAt === null) return null;
  const seen = Math.min(lastSeenAt, now);
  return member.last_seen_at === null || seen > member.last_seen_at ? seen : null;
}

/** Sets the membership of the thread's visitor, who is always a member, and answers it. Times in ms. */
export function setVisitorMembership(
  recorder: EventRecorder,
  chatId: string,
  visitorId: string,
  attendance: Pick<MemberFacts, 'is_participating' | 'is_present' | 'last_seen_at'>,
): MemberFacts {
  const member = memberOf(recorder.chat(chatId), visitorId);
  const { is_participating, is_present, last_seen_at } = attendance;
  const changes: MemberChanges = {
    ...(is_participating === member.is_participating ? {} : { is_participating }),
    ...(is_present === member.is_present ? {} : { is_present }),
    ...(last_seen_at === member.last_seen_at ? {} : { last_seen_at }),
  };
  if (Object.keys(changes).length > 0) {
    recorder.emit(chatId, { type: 'member_changed', member_id: visitorId, changes });
  }
  return memberOf(recorder.chat(chatId), visitorId);
}

/**
 * A visitor changes their membership. `last_seen_at` is limited, and typing is not part of the log, as for users.
 * Unlike users, visitors join and leave without a message.
 */
export function updateVisitorMembership(
  state: ThreadState,
  command: UpdateVisitorMembership,
  context: Context,
): Decision<MembershipUpdated> {
  const { chat_id, visitor_id, last_seen_at } = command;
  const chat = state.chats.get(chat_id);
  if (chat === undefined || chat.facts.visitor_id !== visitor_id) return refuse({ reason: 'chat_not_found' });
  const member = memberOf(chat, visitor_id);
  if (state.answered !== null) return unchanged(state, { member, chat: chat.facts });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'membership_of_ended_chat' });
  if (isAhead(last_seen_at, context.now)) return refuse({ reason: 'last_seen_in_future' });

  const recorder = new EventRecorder(state, context);
  const updated = setVisitorMembership(recorder, chat_id, visitor_id, {
    is_participating: command.is_participating ?? member.is_participating,
    is_present: member.is_present,
    last_seen_at: newlySeen(member, last_seen_at, context.now) ?? member.last_seen_at,
  });
  return accept(recorder, { member: updated, chat: recorder.chat(chat_id).facts });
}

/**
 * Ends the membership of a user: they leave, and are no member any more (an extension). Of an ended chat too, which the
 * user could still read. The visitor always is a member.
 */
export function removeMember(state: ThreadState, command: RemoveMember, context: Context): Decision<MemberRemoved> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  if (state.answered !== null) return unchanged(state, { removed: 1 });
  const member = memberIn(found.chat, command.member_id);
  if (member === undefined) return refuse({ reason: 'member_not_found' });
  if (member.member_type === 'visitor') return refuse({ reason: 'visitor_stays' });
  const recorder = new EventRecorder(state, context);
  endMembership(recorder, command.chat_id, member);
  return accept(recorder, { removed: 1 });
}

/** A room is no longer shared with an organization: its silent members leave the open chat. Who takes part stays. */
export function removeSilentMembers(
  state: ThreadState,
  command: RemoveSilentMembers,
  context: Context,
): Decision<MemberRemoved> {
  const { chat_id, organization_id } = command;
  const chat = state.chats.get(chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  const recorder = new EventRecorder(state, context);
  const isOver = chat.facts.ended_at !== null || chat.facts.organization_id === organization_id;
  const silent = membersIn(chat).filter(
    (member) => member.organization_id === organization_id && !member.is_participating,
  );
  if (isOver || state.answered !== null) return unchanged(state, { removed: 0 });
  for (const member of silent) endMembership(recorder, chat_id, member);
  return accept(recorder, { removed: silent.length });
}

/**
 * A `leave` message tells of it, if a `join` has told that they take part. Their open invitations end, or they would come
 * back by one that they have sent to themselves.
 */
function endMembership(recorder: EventRecorder, chatId: string, member: MemberFacts): void {
  const { member_id, is_participating } = member;
  for (const { facts } of recorder.chat(chatId).invitations.values()) {
    if (facts.invited_by_user.id !== member_id || !isOpenInvitation(facts)) continue;
    recorder.emit(chatId, { type: 'invitation_expired', invitation_id: facts.id });
  }
  const changes = { is_participating: false, is_removed: true } as const;
  recorder.emit(chatId, { type: 'member_changed', member_id, changes });
  const isOpen = recorder.chat(chatId).facts.ended_at === null;
  if (is_participating && isOpen)
    addMessage(recorder, chatId, memberAsSender(member), { type: 'leave', message: null });
}

/**
 * A user came or went. It is recorded only if they participate in an open chat; any other chat answers that it need not
 * be told.
 */
export function changePresence(
  state: ThreadState,
  command: ChangePresence,
  context: Context,
): Decision<PresenceChanged> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  const { user_id, is_present } = command;
  const member = chat.members.get(user_id)?.facts;
  const is_watched = member?.is_participating === true && chat.facts.ended_at === null;
  // A retry must not undo a later report.
  if (!is_watched || state.answered !== null || member.is_present === is_present) {
    return unchanged(state, { is_watched });
  }
  const recorder = new EventRecorder(state, context);
  recorder.emit(command.chat_id, { type: 'member_changed', member_id: user_id, changes: { is_present } });
  return accept(recorder, { is_watched });
}
