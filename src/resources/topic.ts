import { isUuid } from './uuid.ts';

/**
 * A topic is the path of a REST collection; its subscribers get the changes in it. The API calls it a channel. A
 * pattern of topics has the placeholders {organization_id} and {user_id} for the subscriber's ids, and `*` for exactly
 * one id. Patterns are compared segment by segment as text, ids in lower case; no part is ever evaluated as an expression.
 */

const ROOT = '/api/v5/';
const ORGANIZATION = '{organization_id}';
const USER = '{user_id}';
const ANY = '*';

/** Longest pattern in characters: longer than the longest collection with UUIDs. */
export const MAX_PATTERN_LENGTH = 256;

/** The collections that have topics: the kind of owner and the path after the owner's id. */
const CHATS = {
  owned_chats: ['orgs', 'owned_chats'],
  routed_chats: ['orgs', 'routed_chats'],
  involved_chats: ['orgs', 'involved_chats'],
  room_chats: ['orgs', 'rooms/:room_id/chats'],
  room_pending_chats: ['orgs', 'rooms/:room_id/pending_chats'],
  room_visitor_chats: ['orgs', 'rooms/:room_id/visitors/:visitor_id/chats'],
  user_chats: ['users', 'chats'],
  user_routed_chats: ['users', 'routed_chats'],
  user_pending_chats: ['users', 'pending_chats'],
  visitor_chats: ['public/visitors', 'chats'],
} as const;

const PARTS_OF_CHAT = {
  messages: ':chat_id/messages',
  memberships: ':chat_id/memberships',
  tags: ':chat_id/tags',
  reply_suggestions: ':chat_id/reply_suggestions',
  message_reply_suggestions: ':chat_id/messages/:message_id/reply_suggestions',
  viewers: ':chat_id/viewers',
  notes: ':chat_id/notes',
  // No collection of REST: a purge tells receivers what to delete.
  purges: ':chat_id/purges',
} as const;

/** What no webhook tells of. */
const ONLY_SOCKETS: readonly TopicPart[] = ['drafts', 'mentions', 'viewers', 'notes'];

/** The parts of a chat that visitors see. */
const PARTS_FOR_VISITORS: readonly string[] = ['messages', 'memberships'];

/** The owner of a topic's path: an organization, a user or a visitor. */
export type OwnerKind = 'orgs' | 'users' | 'public/visitors';
/** The collections of chats. */
export type ChatCollection = keyof typeof CHATS;
/** The chats themselves, or one of their parts. */
export type TopicPart =
  | 'chats'
  | keyof typeof PARTS_OF_CHAT
  | 'own_memberships'
  | 'outgoing_invitations'
  | 'incoming_invitations'
  | 'drafts'
  | 'mentions';

type IdName = 'room_id' | 'visitor_id' | 'chat_id' | 'message_id';
type Segment = { name: string } | { id: IdName };
type Collection = { owner: OwnerKind; chats: ChatCollection; part: TopicPart; segments: readonly Segment[] };

const COLLECTIONS: readonly Collection[] = [
  ...(Object.keys(CHATS) as ChatCollection[]).flatMap((chats) => {
    const [owner, path] = CHATS[chats];
    const parts = Object.entries(PARTS_OF_CHAT) as [keyof typeof PARTS_OF_CHAT, string][];
    const shown = parts.filter(([part]) => owner !== 'public/visitors' || PARTS_FOR_VISITORS.includes(part));
    return [
      { owner, chats, part: 'chats' as const, segments: segmentsOf(path) },
      ...shown.map(([part, below]) => ({ owner, chats, part, segments: segmentsOf(`${path}/${below}`) })),
    ];
  }),
  ofUser('user_chats', 'outgoing_invitations', 'chats/:chat_id/outgoing_chat_invitations'),
  ofUser('user_chats', 'own_memberships', 'chat_memberships'),
  ofUser('user_chats', 'incoming_invitations', 'incoming_chat_invitations'),
  ofUser('user_chats', 'drafts', 'drafts'),
  ofUser('user_chats', 'mentions', 'mentions'),
  { ...ofUser('visitor_chats', 'own_memberships', 'chat_memberships'), owner: 'public/visitors' },
];

function ofUser(chats: ChatCollection, part: TopicPart, path: string): Collection {
  return { owner: 'users', chats, part, segments: segmentsOf(path) };
}

function segmentsOf(path: string): Segment[] {
  return path.split('/').map((part) => (part.startsWith(':') ? { id: part.slice(1) as IdName } : { name: part }));
}

/** A parsed topic or pattern. A null id matches any id, or does not occur in the path. */
export type Topic = { [name in IdName]: string | null } & {
  chats: ChatCollection;
  part: TopicPart;
  /** The organization, user or visitor that owns the path. */
  owner_id: string;
};

/** The ids of a changed resource that may occur in a topic's path. */
export type TopicIds = { [name in IdName]: string | null };

/** Answers the id that a text means as the owner of a path, or what is wrong with it. */
type OwnerReader = (kind: OwnerKind, text: string) => { id: string } | { problem: string };

function readTopic(text: string, ownerOf: OwnerReader): { topic: Topic } | { problem: string } {
  if (text.length > MAX_PATTERN_LENGTH) {
    return { problem: `Ensure this field has no more than ${MAX_PATTERN_LENGTH} characters.` };
  }
  if (!text.startsWith(ROOT)) return { problem: `A channel pattern must start with ${ROOT}.` };
  if (text.includes('?') || text.includes('#'))
    return { problem: 'A channel pattern must not have a query or a fragment.' };
  if (text.endsWith('/')) return { problem: 'A channel pattern must not have a trailing slash.' };
  const segments = text.slice(ROOT.length).split('/');
  const kind = segments[0] === 'public' ? segments.splice(0, 2).join('/') : segments.shift();
  if (kind !== 'orgs' && kind !== 'users' && kind !== 'public/visitors') return { problem: WRONG_PLACE };
  const owner = ownerOf(kind, segments.shift() ?? '');
  if ('problem' in owner) return owner;
  for (const collection of COLLECTIONS) {
    const ids = collection.owner === kind ? idsIn(segments, collection.segments) : null;
    if (ids !== null) {
      return { topic: { ...ids, chats: collection.chats, part: collection.part, owner_id: owner.id } };
    }
  }
  return { problem: UNKNOWN_CHANNEL };
}

const UNKNOWN_CHANNEL = 'There is no channel with this path.';

const WRONG_PLACE = `A channel pattern must be under ${ROOT}orgs/${ORGANIZATION}/ or ${ROOT}users/${USER}/.`;

/**
 * The ids in the segments of a collection's path, null for `*`. Null when the segments belong to another collection.
 */
function idsIn(segments: readonly string[], path: readonly Segment[]): TopicIds | null {
  if (segments.length !== path.length) return null;
  const ids: TopicIds = { room_id: null, visitor_id: null, chat_id: null, message_id: null };
  for (const [place, expected] of path.entries()) {
    const segment = segments[place] ?? '';
    if ('name' in expected) {
      if (segment !== expected.name) return null;
    } else if (segment !== ANY) {
      const id = segment.toLowerCase();
      const isId = expected.id === 'visitor_id' ? /^[0-9a-f]{32}$/.test(id) : isUuid(id);
      if (!isId) return null;
      ids[expected.id] = id;
    }
  }
  return ids;
}

/**
 * Whether a topic covers the chats of rooms, or parts of them. Such topics always need the scope `reports` (Chats API).
 */
export function isListOfRoom(chats: ChatCollection): chats is 'room_chats' | 'room_pending_chats' {
  return chats === 'room_chats' || chats === 'room_pending_chats';
}

/**
 * What an app's pattern may name: its owner's id; a bot user's id if the app has one; chats of rooms if its
 * installations have the scope `reports`.
 */
export type PatternOwner = { organization_id: string; has_app_user: boolean; has_reports: boolean };

/** What is wrong with an app's pattern, as a message for its field; null when it is valid. */
export function problemOfPattern(pattern: string, owner: PatternOwner): string | null {
  const user_id = owner.has_app_user ? USER : null;
  const read = readTopic(pattern, (kind, text) => ownerInApp(kind, text, owner.organization_id, user_id));
  if ('problem' in read) return read.problem;
  if (ONLY_SOCKETS.includes(read.topic.part)) return UNKNOWN_CHANNEL;
  const isRefused = isListOfRoom(read.topic.chats) && !owner.has_reports;
  return isRefused ? 'This channel needs an app that requires the scope "reports".' : null;
}

/**
 * One form for all texts of a pattern that match the same in the organization that owns the app: ids in lower case, and
 * the placeholder instead of the organization's own id.
 */
export function samePattern(pattern: string, organizationId: string): string {
  return pattern.toLowerCase().replaceAll(organizationId, ORGANIZATION);
}

/**
 * A pattern with the ids of an installation in place of its placeholders (`user_id`: its bot user, null for none). Null
 * when the pattern is malformed, names a bot user that does not exist, or an organization or user that is not the
 * installation's own.
 */
export function compilePattern(
  pattern: string,
  ids: { organization_id: string; user_id: string | null },
): Topic | null {
  const read = readTopic(pattern, (kind, text) => ownerInApp(kind, text, ids.organization_id, ids.user_id));
  return 'topic' in read && !ONLY_SOCKETS.includes(read.topic.part) ? read.topic : null;
}

function ownerInApp(
  kind: OwnerKind,
  text: string,
  organizationId: string,
  userId: string | null,
): ReturnType<OwnerReader> {
  if (kind === 'orgs') {
    const isOwn = text === ORGANIZATION || text.toLowerCase() === organizationId;
    return isOwn ? { id: organizationId } : { problem: `A channel pattern names its organization as ${ORGANIZATION}.` };
  }
  if (kind === 'public/visitors') return { problem: WRONG_PLACE };
  if (text !== USER) return { problem: `A channel pattern must name its user as ${USER}.` };
  return userId === null ? { problem: `${USER} needs an app with a bot user.` } : { id: userId };
}

/** The subscriber on a socket: a user of an organization, or a visitor. */
export type SubscriberId = { organization_id: string; user_id: string } | { visitor_id: string };

/**
 * Parses a topic or pattern that a client names on a socket, or answers what is wrong with it. Ids of others are
 * refused.
 */
export function subscribedTopic(text: string, subscriberId: SubscriberId): { topic: Topic } | { problem: string } {
  return readTopic(text, (kind, id) => {
    if ('visitor_id' in subscriberId) {
      const isOwn = kind === 'public/visitors' && id.toLowerCase() === subscriberId.visitor_id;
      return isOwn
        ? { id: subscriberId.visitor_id }
        : { problem: 'Visitors subscribe to channels under their own path only.' };
    }
    if (kind === 'orgs' && (id === ORGANIZATION || id.toLowerCase() === subscriberId.organization_id)) {
      return { id: subscriberId.organization_id };
    }
    if (kind === 'users' && (id === USER || id.toLowerCase() === subscriberId.user_id))
      return { id: subscriberId.user_id };
    return { problem: 'Users subscribe to channels of their own organization and their own only.' };
  });
}

const PATHS: ReadonlyMap<string, Collection> = new Map(
  COLLECTIONS.map((collection) => [`${collection.chats} ${collection.part}`, collection]),
);

/** The path of the collection, with the ids of the changed resource. */
export function topicPath(topic: Topic, ids: TopicIds): string {
  const collection = PATHS.get(`${topic.chats} ${topic.part}`);
  if (collection === undefined) throw new Error('a channel of a collection that does not exist');
  const below = collection.segments.map((segment) => ('name' in segment ? segment.name : (ids[segment.id] ?? '')));
  return `${ROOT}${collection.owner}/${topic.owner_id}/${below.join('/')}`;
}

/** Whether a topic matches these ids. */
export function takesIds(topic: Topic, ids: TopicIds): boolean {
  return (
    (topic.chat_id === null || topic.chat_id === ids.chat_id) &&
    (topic.room_id === null || topic.room_id === ids.room_id) &&
    (topic.visitor_id === null || topic.visitor_id === ids.visitor_id) &&
    (topic.message_id === null || topic.message_id === ids.message_id)
  );
}
