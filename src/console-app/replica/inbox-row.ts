import type { LiveNotification } from '../../resources/live-frames.ts';
import {
  type Chat,
  type Draft,
  type InboxRow,
  type LastMessage,
  type Membership,
  type Message,
  type Participant,
  placeOf,
} from './known.ts';

/** What has happened does not say what the row is now. */
export type Unclear = 'unclear';

const PARTICIPANTS = 20;
const CHARACTERS = 140;

/** The row after a change of the chat's own attributes. What others have written since is unread. */
export function withChange(row: InboxRow, change: Partial<Chat>): InboxRow {
  const more = change.message_count === undefined ? 0 : change.message_count - row.chat.message_count;
  return { ...row, chat: { ...row.chat, ...change }, own: withUnread(row.own, more) };
}

function withUnread(own: InboxRow['own'], more: number): InboxRow['own'] {
  return own.unread_count === null || more === 0 ? own : { ...own, unread_count: own.unread_count + more };
}

/** The row after a message was added or changed. Its counts are told with the chat. */
export function withMessageOf(
  row: InboxRow,
  id: string,
  action: LiveNotification['action'],
  resource: Partial<Message>,
): InboxRow {
  const last = row.last_message;
  if (action === 'changed') return last?.id === id ? { ...row, last_message: changedLast(last, resource) } : row;
  const message = resource as Message;
  const isNew = last === null || placeOf(message) > placeOf(last);
  return action === 'added' && message.type === 'msg' && isNew ? { ...row, last_message: lastMessage(message) } : row;
}

function lastMessage(message: Message): LastMessage {
  const { id, created_at, sender_type, sender_id, sender_name, is_encrypted, deleted_at, delivery_status } = message;
  return {
    id,
    created_at,
    sender_type,
    sender_id,
    sender_name,
    message: is_encrypted ? null : cut(message.message),
    is_encrypted,
    attachment_count: message.attachments.length,
    deleted_at,
    delivery_status,
  };
}

function changedLast(
  last: LastMessage,
  { message, deleted_at, delivery_status, attachments }: Partial<Message>,
): LastMessage {
  return {
    ...last,
    ...(message === undefined ? {} : { message: last.is_encrypted ? null : cut(message) }),
    ...(deleted_at === undefined ? {} : { deleted_at }),
    ...(delivery_status === undefined ? {} : { delivery_status }),
    ...(attachments === undefined ? {} : { attachment_count: attachments.length }),
  };
}

/** The row with the first characters of a draft. */
export function withDraft(row: InboxRow, draft: Draft | null): InboxRow {
  const shown = draft === null ? null : { ...draft, message: cut(draft.message) ?? '' };
  const isSame = shown?.message === row.draft?.message && shown?.updated_at === row.draft?.updated_at;
  return isSame ? row : { ...row, draft: shown };
}

/** SQLite counts code points, and so does this. */
function cut(text: string | null): string | null {
  return text === null || text.length <= CHARACTERS ? text : Array.from(text).slice(0, CHARACTERS).join('');
}

/** The row after a change of anybody's membership. `known`: what is known of the member beside the row. */
export function withMember(
  row: InboxRow,
  memberId: string,
  { action, resource }: LiveNotification,
  known: Participant | undefined,
): InboxRow | Unclear {
  const change = resource as Partial<Membership>;
  const isEnded = action === 'removed';
  if (memberId === row.visitor?.id) {
    const visitor = changedVisitor(row.visitor, change);
    return isEnded ? 'unclear' : visitor === row.visitor ? row : { ...row, visitor };
  }
  // A visitor's membership follows their chat.
  if (change.member_type === 'visitor') return 'unclear';
  const participants = changedParticipants(row.participants, memberId, isEnded ? null : change, known);
  if (participants === 'unclear') return participants;
  return participants === row.participants ? row : { ...row, participants };
}

/** The row after a change of the user's own membership. */
export function withOwnMembership(row: InboxRow, { action, resource }: LiveNotification): InboxRow | Unclear {
  const own = changedOwn(row, action, resource as Partial<Membership>);
  if (own === 'unclear') return own;
  return own === row.own ? row : { ...row, own };
}

function changedVisitor(
  visitor: NonNullable<InboxRow['visitor']>,
  { member_name, is_present }: Partial<Membership>,
): NonNullable<InboxRow['visitor']> {
  if (member_name === undefined && is_present === undefined) return visitor;
  return {
    ...visitor,
    name: member_name === undefined ? visitor.name : member_name,
    is_present: is_present ?? visitor.is_present,
  };
}

/** What a row shows of a member. The other attributes, typing and what they have seen, change often. */
const SHOWN_OF_MEMBER = [
  'member_name',
  'member_public_name',
  'member_avatar',
  'is_bot',
  'is_present',
  'is_participating',
];

function changedParticipants(
  all: readonly Participant[],
  memberId: string,
  change: Partial<Membership> | null,
  known: Participant | undefined,
): readonly Participant[] | Unclear {
  if (change !== null && !SHOWN_OF_MEMBER.some((name) => name in change)) return all;
  const others = all.filter(({ member_id }) => member_id !== memberId);
  const before = all.find(({ member_id }) => member_id === memberId) ?? known;
  const wasThere = others.length < all.length;
  const takesPart = change === null ? false : (change.is_participating ?? wasThere);
  if (!takesPart) {
    if (!wasThere) return all;
    // Somebody who did not fit in may follow.
    return all.length === PARTICIPANTS ? 'unclear' : others;
  }
  const member = { ...before, ...change };
  if (member.member_id === undefined || member.is_bot === undefined) return 'unclear';
  const next = [...others, participant(member as Membership)];
  return next.sort((one, other) => (one.member_id < other.member_id ? -1 : 1)).slice(0, PARTICIPANTS);
}

function participant(member: Membership): Participant {
  const { member_id, member_name, member_public_name, member_avatar, member_organization_id, is_bot, is_present } =
    member;
  return { member_id, member_name, member_public_name, member_avatar, member_organization_id, is_bot, is_present };
}

function changedOwn(
  { own, chat, last_message }: InboxRow,
  action: LiveNotification['action'],
  change: Partial<Membership>,
): InboxRow['own'] | Unclear {
  if (action === 'removed') {
    return { is_participating: false, last_seen_at: null, unread_count: null, message_count: null };
  }
  if (own.message_count === null) {
    if (action === 'changed') return 'unclear';
    const { is_participating = false, last_seen_at = null, message_count = 0 } = change;
    return { is_participating, last_seen_at, unread_count: chat.message_count - message_count, message_count };
  }
  const { is_participating = own.is_participating, message_count = own.message_count, last_seen_at } = change;
  const next = { ...withUnread(own, own.message_count - message_count), is_participating, message_count };
  if (last_seen_at == null) return isSame(next, own) ? own : next;
  const hasSeenAll = last_seen_at >= (last_message?.created_at ?? '');
  return { ...next, last_seen_at, unread_count: hasSeenAll ? 0 : next.unread_count };
}

function isSame(one: InboxRow['own'], other: InboxRow['own']): boolean {
  return one.is_participating === other.is_participating && one.message_count === other.message_count;
}

/** The row with a tag, or without it. */
export function withTag(row: InboxRow, name: string, isThere: boolean): InboxRow {
  const others = row.tags.filter((tag) => tag !== name);
  return { ...row, tags: isThere ? [...others, name].sort() : others };
}
