import type { LiveNotification } from '../../resources/live-frames.ts';
import {
  type Chat,
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

/** The row after a change of the chat's own attributes. */
export function withChange(row: InboxRow, change: Partial<Chat>): InboxRow {
  return { ...row, chat: { ...row.chat, ...change } };
}

/** The row after a message was added or changed. A repeated one counts once. */
export function withMessageOf(
  row: InboxRow,
  id: string,
  action: LiveNotification['action'],
  resource: Partial<Message>,
  userId: string,
): InboxRow {
  const last = row.last_message;
  if (action === 'changed') return last?.id === id ? { ...row, last_message: changedLast(last, resource) } : row;
  const message = resource as Message;
  const isNew = last === null || placeOf(message) > placeOf(last);
  if (action === 'removed' || message.type !== 'msg' || !isNew) return row;
  const { unread_count } = row.own;
  const unread = unread_count === null || message.sender_id === userId ? unread_count : unread_count + 1;
  return { ...row, last_message: lastMessage(message), own: { ...row.own, unread_count: unread } };
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

/** SQLite counts code points, and so does this. */
function cut(text: string | null): string | null {
  return text === null || text.length <= CHARACTERS ? text : Array.from(text).slice(0, CHARACTERS).join('');
}

/** The row after a change of a membership. `known`: the whole membership before it, if it is at hand. */
export function withMember(
  row: InboxRow,
  memberId: string,
  { action, resource }: LiveNotification,
  known: Membership | undefined,
  userId: string,
): InboxRow | Unclear {
  const change = resource as Partial<Membership>;
  const isEnded = action === 'removed';
  if (memberId === row.visitor?.id)
    return isEnded ? 'unclear' : { ...row, visitor: changedVisitor(row.visitor, change) };
  // A visitor's membership follows their chat.
  if (change.member_type === 'visitor') return 'unclear';
  const participants = changedParticipants(row.participants, memberId, isEnded ? null : change, known);
  const own = memberId === userId ? changedOwn(row, action, change) : row.own;
  return participants === 'unclear' || own === 'unclear' ? 'unclear' : { ...row, participants, own };
}

function changedVisitor(
  visitor: NonNullable<InboxRow['visitor']>,
  { member_name, is_present }: Partial<Membership>,
): InboxRow['visitor'] {
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
  known: Membership | undefined,
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
  if (action === 'removed') return { is_participating: false, last_seen_at: null, unread_count: null };
  if (own.unread_count === null) {
    if (action === 'changed') return 'unclear';
    const { is_participating = false, last_seen_at = null, message_count = 0 } = change;
    return { is_participating, last_seen_at, unread_count: chat.message_count - message_count };
  }
  const { is_participating = own.is_participating, last_seen_at = own.last_seen_at } = change;
  const hasSeenAll = change.last_seen_at != null && change.last_seen_at >= (last_message?.created_at ?? '');
  return { is_participating, last_seen_at, unread_count: hasSeenAll ? 0 : own.unread_count };
}

/** The row with a tag, or without it. */
export function withTag(row: InboxRow, name: string, isThere: boolean): InboxRow {
  const others = row.tags.filter((tag) => tag !== name);
  return { ...row, tags: isThere ? [...others, name].sort() : others };
}
