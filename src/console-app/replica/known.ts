import type { ChatResource } from '../../resources/chat.ts';
import type { invitationResource } from '../../resources/invitation.ts';
import type { MembershipResource } from '../../resources/membership.ts';
import type { MessageResource } from '../../resources/message.ts';
import type { replySuggestionResource } from '../../resources/reply-suggestion.ts';
import type { tagResource } from '../../resources/tag.ts';

/** The resources of REST, as the console gets them. */
export type Chat = ChatResource;
export type Message = MessageResource;
export type Membership = MembershipResource;
export type Tag = ReturnType<typeof tagResource>;
export type Suggestion = ReturnType<typeof replySuggestionResource>;
export type Invitation = ReturnType<typeof invitationResource>;

/** A line of the inbox, as REST gives it. */
export type InboxRow = {
  readonly chat: Chat;
  readonly visitor: { readonly id: string; readonly name: string | null; readonly is_present: boolean } | null;
  readonly channel: {
    readonly id: string;
    readonly name: string;
    readonly messaging_channel: string;
    readonly thread_id: string | null;
  } | null;
  /** The last `msg`, cut at 140 characters. Null also when the user may not read it. */
  readonly last_message: LastMessage | null;
  /** The users who take part: the first 20 of them, by id. */
  readonly participants: readonly Participant[];
  /** `unread_count` is null for who is no member. */
  readonly own: {
    readonly is_participating: boolean;
    readonly last_seen_at: string | null;
    readonly unread_count: number | null;
  };
  /** Names, in order. */
  readonly tags: readonly string[];
};

export type LastMessage = Pick<
  Message,
  'id' | 'created_at' | 'sender_type' | 'sender_id' | 'sender_name' | 'message' | 'deleted_at' | 'delivery_status'
> & { readonly attachment_count: number };

export type Participant = Pick<
  Membership,
  | 'member_id'
  | 'member_name'
  | 'member_public_name'
  | 'member_avatar'
  | 'member_organization_id'
  | 'is_bot'
  | 'is_present'
>;

/** What the user may know of a chat that they have opened. */
export type Thread = {
  /** In the order of REST. All that are newer than the oldest one are here. */
  readonly messages: readonly Message[];
  /** Where the older messages are; null when all are here. */
  readonly older: string | null;
  readonly memberships: ReadonlyMap<string, Membership>;
  /** By name. */
  readonly tags: ReadonlyMap<string, Tag>;
  readonly suggestions: ReadonlyMap<string, Suggestion>;
};

/** The copy of what the hub has. It is never changed: an update gives a new one, which shares what is the same. */
export type Known = {
  readonly rows: ReadonlyMap<string, InboxRow>;
  readonly threads: ReadonlyMap<string, Thread>;
  /** The invitations to the user. */
  readonly invitations: ReadonlyMap<string, Invitation>;
  /** Chats whose row is missing here, or wrong: it must be read by REST. */
  readonly staleRows: ReadonlySet<string>;
  /** The same of threads. */
  readonly staleThreads: ReadonlySet<string>;
};

export const NOTHING_KNOWN: Known = {
  rows: new Map(),
  threads: new Map(),
  invitations: new Map(),
  staleRows: new Set(),
  staleThreads: new Set(),
};

/** The place of a message in its thread: the last 32 bits of its id. REST lists messages in this order. */
export function placeOf(message: { id: string }): number {
  return Number.parseInt(message.id.slice(-8), 16);
}

/** The messages with another one at its place. A message that is there already is replaced. */
export function withMessage(messages: readonly Message[], message: Message): readonly Message[] {
  const place = placeOf(message);
  let after = messages.length;
  for (; after > 0; after--) {
    const other = messages[after - 1];
    if (other === undefined || placeOf(other) <= place) break;
  }
  const isThere = messages[after - 1]?.id === message.id;
  return messages.toSpliced(isThere ? after - 1 : after, isThere ? 1 : 0, message);
}
