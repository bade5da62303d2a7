import type { ChatResource } from '../../resources/chat.ts';
import type { draftResource } from '../../resources/draft.ts';
import type { InboxRow as HubRow } from '../../resources/inbox.ts';
import type { invitationResource } from '../../resources/invitation.ts';
import type { MembershipResource } from '../../resources/membership.ts';
import type { mentionResource } from '../../resources/mention.ts';
import type { MessageResource } from '../../resources/message.ts';
import type { noteResource } from '../../resources/note.ts';
import type { replySuggestionResource } from '../../resources/reply-suggestion.ts';
import type { viewerResource } from '../../resources/viewer.ts';

/** The resources of REST, as the console gets them. */
export type Chat = ChatResource;
export type Message = MessageResource;
export type Membership = MembershipResource;
export type Suggestion = ReturnType<typeof replySuggestionResource>;
export type Invitation = ReturnType<typeof invitationResource>;
export type Draft = ReturnType<typeof draftResource>;
export type Note = ReturnType<typeof noteResource>;
export type Mention = ReturnType<typeof mentionResource>;
export type Viewer = ReturnType<typeof viewerResource>;

/** A line of the inbox. The own counts are null for who is no member. */
export type InboxRow = Omit<HubRow, 'own' | 'participants' | 'tags'> & {
  readonly own: {
    readonly is_participating: boolean;
    readonly last_seen_at: string | null;
    readonly unread_count: number | null;
    readonly message_count: number | null;
  };
  readonly participants: readonly Participant[];
  readonly tags: readonly string[];
};
export type LastMessage = NonNullable<HubRow['last_message']>;
export type Participant = HubRow['participants'][number];

/** What there is in a chat that the user has opened. Its tags are in the row. */
export type Thread = {
  /** In the order of REST. All that are newer than the oldest one are here. */
  readonly messages: readonly Message[];
  /** Where the older messages are; null when all are here. */
  readonly older: string | null;
  readonly memberships: ReadonlyMap<string, Membership>;
  readonly suggestions: ReadonlyMap<string, Suggestion>;
  /** The invitations that the user has sent. Who does not take part has none. */
  readonly outgoing: ReadonlyMap<string, Invitation>;
};

/** The copy of what the hub has. It is never changed: an update gives a new one, which shares what is the same. */
export type Known = {
  readonly rows: ReadonlyMap<string, InboxRow>;
  /** The chats of rooms that reach the user, as far as is known. The others are theirs as a member. */
  readonly routed: ReadonlySet<string>;
  readonly threads: ReadonlyMap<string, Thread>;
  /** The invitations to the user. */
  readonly invitations: ReadonlyMap<string, Invitation>;
  /** What colleagues have noted about chats, by chat and id. Only of chats whose notes were read. */
  readonly notes: ReadonlyMap<string, ReadonlyMap<string, Note>>;
  /** Who writes in chats, by chat: the ids of the members. The user may be among them. */
  readonly typing: ReadonlyMap<string, ReadonlySet<string>>;
  /** Who looks at chats, by chat and user. The user may be among them. */
  readonly viewers: ReadonlyMap<string, ReadonlyMap<string, Viewer>>;
  /** What the user has begun to write on any device, by chat; rows have only its first characters. */
  readonly drafts: ReadonlyMap<string, Draft>;
  /** Chats whose row is missing here, or wrong: it must be read by REST. */
  readonly staleRows: ReadonlySet<string>;
  /** The same of threads. */
  readonly staleThreads: ReadonlySet<string>;
};

export const NOTHING_KNOWN: Known = {
  rows: new Map(),
  routed: new Set(),
  threads: new Map(),
  invitations: new Map(),
  notes: new Map(),
  viewers: new Map(),
  typing: new Map(),
  drafts: new Map(),
  staleRows: new Set(),
  staleThreads: new Set(),
};

/** The place of a message in its thread: the last 32 bits of its id. REST lists messages in this order. */
export function placeOf(message: { id: string }): number {
  return Number.parseInt(message.id.slice(-8), 16);
}

/** When the hub got a message (ms, by its own clock): the first 48 bits of the id. An imported one may be older. */
export function receivedAt({ id }: { id: string }): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The messages with another one at its place. A message that is there already is replaced. */
export function withMessage(messages: readonly Message[], message: Message): readonly Message[] {
  const index = indexOfPlace(messages, placeOf(message));
  return messages.toSpliced(index, messages[index]?.id === message.id ? 1 : 0, message);
}

export function findMessage(messages: readonly Message[], id: string): Message | undefined {
  const found = messages[indexOfPlace(messages, placeOf({ id }))];
  return found?.id === id ? found : undefined;
}

/** The index of the first message that has this place or a later one. Most changes are about the newest messages. */
function indexOfPlace(messages: readonly Message[], place: number): number {
  return messages.findLastIndex((message) => placeOf(message) < place) + 1;
}
