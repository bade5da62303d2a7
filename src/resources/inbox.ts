import { type ChatFacts, chatResource } from './chat.ts';
import { isInRoomSet, type MemberRooms, type RoomSet, silenceHolds } from './chat-grant.ts';
import { isoTime, isoTimeOrNull } from './clock.ts';
import { type DraftFacts, draftResource } from './draft.ts';
import { countOfOthers, isPresent, type MemberFacts } from './membership.ts';
import { type MentionFacts, mentionResource } from './mention.ts';
import type { MessageFacts, ReportedState } from './message.ts';

/**
 * The views of an inbox. `waiting`, `open`, `bot` and `closed` have chats that are routed to the user, `mine` those in
 * which they take part, `mentioned` those of both in which a note mentions them.
 */
export const INBOX_VIEWS = ['waiting', 'mine', 'mentioned', 'open', 'bot', 'closed'] as const;
export type InboxView = (typeof INBOX_VIEWS)[number];

/** The orders of a view: who waits longest, where somebody wrote last, what began last. */
export const INBOX_ORDERS = ['waiting', 'activity', 'created'] as const;
export type InboxOrder = (typeof INBOX_ORDERS)[number];

/** The views with a number. `closed` would count everything that ever was. */
export const COUNTED_VIEWS = ['waiting', 'mine', 'mentioned', 'open', 'bot'] as const;
export type InboxCounts = { [View in (typeof COUNTED_VIEWS)[number]]: number };

/** Counts go no further: this number stands for itself and for more. */
export const LARGEST_COUNT = 999;

/** Most participants that a row names. `user_member_count` of the chat tells how many users there are. */
export const ROW_PARTICIPANTS = 20;
/** Length of the last message and of a draft in a row, in characters. */
export const ROW_MESSAGE_CHARACTERS = 140;

/** The channel that a chat belongs to, and the name of the thread there. */
export type InboxChannel = { id: string; name: string; messaging_channel: string; thread_id: string | null };

/** The last `msg` of a chat as D1 gives it: the text is cut already. Times in ms. */
export type LastMessage = Pick<
  MessageFacts,
  'id' | 'created_at' | 'sender_type' | 'sender_id' | 'sender_name' | 'message'
> & {
  attachment_count: number;
  deleted_at: number | null;
  state: ReportedState | null;
};

/** What a row is made of. `own`: the user's membership; null for none. */
export type InboxFacts = {
  chat: ChatFacts;
  visitor: MemberFacts | null;
  own: MemberFacts | null;
  participants: MemberFacts[];
  channel: InboxChannel | null;
  last_message: LastMessage | null;
  tags: string[];
  /** What the user has begun to write: its first characters. */
  draft: DraftFacts | null;
  /** That a note mentions the user, who has not opened the chat since. */
  mention: MentionFacts | null;
};

/**
 * Whose texts the user reads: of chats in rooms of `routed` all of them, of chats in which they are a member as `member`
 * says (domain/grants.ts, `textsSince`).
 */
export type TextRights = { routed: RoomSet; member: MemberRooms };

/** A chat of an inbox as its row shows it. */
export function inboxRow(
  { chat, visitor, own, participants, channel, last_message, tags, draft, mention }: InboxFacts,
  rights: TextRights,
) {
  const since = textsSince(chat, own, rights);
  const shown = last_message !== null && last_message.created_at >= since ? last_message : null;
  return {
    chat: chatResource(chat),
    visitor:
      visitor === null
        ? null
        : { id: visitor.member_id, name: visitor.name, is_present: chat.ended_at === null && isPresent(visitor) },
    channel,
    last_message: shown === null ? null : lastMessage(shown, chat),
    participants: participants.map((member) => participant(member, chat)),
    own: ownPart(own, chat),
    tags: Number.isFinite(since) ? tags : [],
    draft: draft === null ? null : draftResource(draft),
    mention: mention === null ? null : mentionResource(mention),
  };
}

export type InboxRow = ReturnType<typeof inboxRow>;

/** From when on (ms) the user reads the texts of a chat: 0 for all of them, infinite for none. */
function textsSince(chat: ChatFacts, own: MemberFacts | null, { routed, member }: TextRights): number {
  if (own?.is_participating === true || isInRoomSet(chat.room, routed)) return 0;
  if (own === null || !silenceHolds(chat, member.organization_id, member.reach)) return Number.POSITIVE_INFINITY;
  return chat.room === null || isInRoomSet(chat.room, member.history) ? 0 : own.created_at;
}

/** A part of a ciphertext cannot be decrypted, so none is shown. */
function lastMessage({ created_at, deleted_at, state, message, ...rest }: LastMessage, { encryption }: ChatFacts) {
  return {
    ...rest,
    message: encryption === undefined ? message : null,
    is_encrypted: encryption !== undefined,
    created_at: isoTime(created_at),
    deleted_at: isoTimeOrNull(deleted_at),
    delivery_status: state ?? ('stored' as const),
  };
}

/** A user who takes part, in the words of memberships. */
function participant(member: MemberFacts, chat: ChatFacts) {
  return {
    member_id: member.member_id,
    member_name: member.name,
    member_public_name: member.public_name,
    member_avatar: member.avatar,
    member_organization_id: member.organization_id,
    is_bot: member.is_bot,
    is_present: chat.ended_at === null && isPresent(member),
  };
}

/** `unread_count`: `msg` of others since the user had last seen all of them. Both counts are null for who is no member. */
function ownPart(own: MemberFacts | null, chat: ChatFacts) {
  if (own === null) return { is_participating: false, last_seen_at: null, unread_count: null, message_count: null };
  const unread = Math.max(0, countOfOthers(own, chat) - (own.seen_count ?? 0));
  return {
    is_participating: own.is_participating,
    last_seen_at: isoTimeOrNull(own.last_seen_at),
    unread_count: unread,
    message_count: chat.message_counts[own.member_id] ?? 0,
  };
}
