import { isUuid } from './uuid.ts';

/**
 * Channels (protocol.md 6.2 and 7): the path of a REST collection names what changes in it. A pattern of channels has the
 * placeholders {organization_id} and {user_id} for the installation's own ids and `*` for exactly one segment. All of it is compared
 * segment by segment as text: no part of a pattern is ever run as an expression.
 */

const ROOT = '/api/v5/';
const ORGANIZATION = '{organization_id}';
const USER = '{user_id}';
const ANY = '*';

/** Longest pattern in characters; longer than the longest known collection with UUIDs. */
export const MAX_PATTERN_LENGTH = 256;

/** What stands in a collection's path where an id does. */
type IdKind = 'uuid' | 'visitor';
type Segment = { name: string } | { id: IdKind };

const CHATS_OF_ORGANIZATION = ['owned_chats', 'routed_chats', 'involved_chats'];
const CHATS_OF_ROOMS = ['rooms/:uuid/chats', 'rooms/:uuid/pending_chats', 'rooms/:uuid/visitors/:visitor/chats'];
const CHATS_OF_USER = ['chats', 'routed_chats', 'pending_chats'];
const PARTS_OF_CHAT = ['messages', 'memberships', 'tags', 'reply_suggestions', 'messages/:uuid/reply_suggestions'];

/** The collections that notify (protocol.md 7), below /api/v5/orgs/<id>/ and /api/v5/users/<id>/. */
const COLLECTIONS: { readonly [owner in 'orgs' | 'users']: readonly (readonly Segment[])[] } = {
  orgs: [...CHATS_OF_ORGANIZATION, ...CHATS_OF_ROOMS].flatMap(withPartsOfChat).map(segmentsOf),
  users: [
    ...CHATS_OF_USER.flatMap(withPartsOfChat),
    'chats/:uuid/outgoing_chat_invitations',
    'chat_memberships',
    'incoming_chat_invitations',
  ].map(segmentsOf),
};

function withPartsOfChat(chats: string): string[] {
  return [chats, ...PARTS_OF_CHAT.map((part) => `${chats}/:uuid/${part}`)];
}

function segmentsOf(path: string): Segment[] {
  return path.split('/').map((part) => {
    if (part === ':uuid') return { id: 'uuid' };
    return part === ':visitor' ? { id: 'visitor' } : { name: part };
  });
}

/** Whose ids an app's pattern may name: its owner's, and a bot user's when the app brings one. */
export type PatternOwner = { organization_id: string; has_app_user: boolean };

/** What is wrong with an app's channel pattern, as a message for the field; null when nothing is. */
export function problemOfPattern(pattern: string, owner: PatternOwner): string | null {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return `Ensure this field has no more than ${MAX_PATTERN_LENGTH} characters.`;
  if (!pattern.startsWith(ROOT)) return `A channel pattern starts with ${ROOT}.`;
  if (pattern.includes('?') || pattern.includes('#')) return 'A channel pattern has no query and no fragment.';
  if (pattern.endsWith('/')) return 'A channel pattern has no trailing slash.';
  const [kind, id, ...rest] = pattern.slice(ROOT.length).split('/');
  if (kind === 'orgs') {
    if (id !== ORGANIZATION && id !== owner.organization_id) {
      return `A channel pattern names its organization as ${ORGANIZATION}.`;
    }
  } else if (kind === 'users') {
    if (id !== USER) return `A channel pattern names its user as ${USER}.`;
    if (!owner.has_app_user) return `${USER} needs an app with a bot user.`;
  } else {
    return `A channel pattern lies under ${ROOT}orgs/${ORGANIZATION}/ or ${ROOT}users/${USER}/.`;
  }
  const isKnown = COLLECTIONS[kind].some((collection) => fits(rest, collection));
  return isKnown ? null : 'No collection with this path can be subscribed.';
}

/** Whether segments are a collection's: its names as they are, and `*` or an id where it has ids. */
function fits(segments: readonly string[], collection: readonly Segment[]): boolean {
  if (segments.length !== collection.length) return false;
  return collection.every((expected, place) => {
    const segment = segments[place] ?? '';
    if ('name' in expected) return segment === expected.name;
    return segment === ANY || (expected.id === 'uuid' ? isUuid(segment) : /^[0-9a-f]{32}$/.test(segment));
  });
}

/** A pattern for one installation: its segments as they must be; null stands for any one segment. */
export type CompiledPattern = readonly (string | null)[];

/**
 * A pattern with the ids of an installation (`user_id`: its bot user, null without one) in place of the placeholders. Null when it
 * matches nothing for it: it is malformed, names a bot user that is not there, or an organization or user that is not the installation's own.
 */
export function compilePattern(
  pattern: string,
  ids: { organization_id: string; user_id: string | null },
): CompiledPattern | null {
  const problem = problemOfPattern(pattern, {
    organization_id: ids.organization_id,
    has_app_user: ids.user_id !== null,
  });
  if (problem !== null) return null;
  return pattern
    .split('/')
    .map((segment) =>
      segment === ORGANIZATION
        ? ids.organization_id
        : segment === USER
          ? ids.user_id
          : segment === ANY
            ? null
            : segment,
    );
}

/** Whether a channel, a collection's path with its ids, is one that the pattern means. */
export function matchesChannel(compiled: CompiledPattern, channel: string): boolean {
  const segments = channel.split('/');
  if (segments.length !== compiled.length) return false;
  return compiled.every((expected, place) =>
    expected === null ? segments[place] !== '' : segments[place] === expected,
  );
}
