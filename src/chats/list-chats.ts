import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, type KeysetValue, keysetClauses } from '../db/keyset.ts';
import type { ChatFacts } from '../resources/chat.ts';
import type { ChatGrant } from '../resources/chat-grant.ts';
import { chatSources, type Narrowing } from './chat-sources.ts';
import { copiedChat } from './copied-chat.ts';
import { type Source, walkSql } from './id-walk.ts';
import { type IdRange, idRange, type Listing, type Scan, scan } from './scan.ts';
import { silenceHoldsSql, silenceParameter } from './silence.ts';

/** The orders of lists of chats. Ids of chats sort by the time the chat started, so the id is the key. */
export type ChatOrdering = 'created_at' | '-created_at';

/** The orders of a member's chats (Chats API, List chats of a user). */
export type MemberChatOrdering = ChatOrdering | 'updated_at' | '-updated_at';

/**
 * The filters of lists of chats (Chats API, Chats). Times in ms. `is_participating` applies only to a member's grant.
 */
export type ChatFilters = {
  is_waiting?: boolean | undefined;
  is_ended?: boolean | undefined;
  has_messages?: boolean | undefined;
  has_user_messages?: boolean | undefined;
  has_visitor_messages?: boolean | undefined;
  is_participating?: boolean | undefined;
  created_at_after?: number | undefined;
  created_at_before?: number | undefined;
};

/**
 * Lists in the order of the last change contain this many of a member's newest chats, because no index has that time.
 */
const SORTED_CHATS = 1000;

/** The keyset's key of a chat: its id, or the time of its last change (ms) and its id. */
export function chatKey(ordering: MemberChatOrdering): (chat: ChatFacts) => readonly KeysetValue[] {
  return isByUpdate(ordering) ? (chat) => [chat.updated_at, chat.id] : (chat) => [chat.id];
}

/** The chats that a grant covers, in one trip. Orders by `updated_at` exist only for a member's grant. */
export async function listChats(
  database: OrganizationDatabase,
  grant: ChatGrant,
  filters: ChatFilters,
  ordering: MemberChatOrdering,
  keyset: Keyset,
): Promise<Scan<ChatFacts>> {
  const listing = chatListing(grant, filters);
  if (listing === null) return { rows: [], cut_at: null };
  const made = { after: filters.created_at_after, before: filters.created_at_before };
  if (isByUpdate(ordering)) {
    const [source] = listing.sources;
    if (grant.kind !== 'member' || source === undefined) throw new Error(`${grant.kind} has no order by update`);
    const range = idRange({ key: null, direction: 'next', limit: SORTED_CHATS }, true, made);
    return sortByUpdate(database, { ...listing, source }, range, ordering, keyset);
  }
  const found = await scan(database, listing, idRange(keyset, ordering === '-created_at', made), keyset.limit);
  return { rows: found.rows.map(chatOf), cut_at: found.cut_at };
}

/** A condition, its parameter, which is ?4, and the rows that it reads for an id. */
type Rule = { condition: string; parameter: string; rows: number };

/**
 * The rule by which a chat of which a user or an organization is a member is in the list; null when `isOpen` says that
 * the user takes part. An involved organization is ?3.
 */
function membershipRule(grant: ChatGrant, isOpen: boolean): Rule | null {
  if (grant.kind === 'member') {
    if (grant.rooms === undefined) throw new Error('a list of memberships needs the rooms in which they hold');
    if (isOpen) return null;
    const { organization_id, reach } = grant.rooms;
    const isThere = `walk.facts ->> '$.is_removed' IS NULL`;
    const condition = `(walk.is_participating = 1 OR (${isThere} AND ${silenceHoldsSql('?4')}))`;
    return { condition, parameter: silenceParameter(organization_id, reach), rows: 2 };
  }
  if (grant.kind !== 'involved') return null;
  if (grant.reach === undefined) throw new Error('a list of involvements needs the rooms in which they hold');
  const isMember = `members.is_participating = 1 OR (members.facts ->> '$.is_removed' IS NULL AND ${silenceHoldsSql('?4')})`;
  const condition = `EXISTS (SELECT 1 FROM members WHERE members.chat_id = walk.id
    AND members.facts ->> '$.organization_id' = ?3 AND (${isMember}))`;
  return { condition, parameter: silenceParameter(grant.organization_id, grant.reach), rows: 4 };
}

/** The chats that a grant covers and filters choose; null when no chat can match. */
export function chatListing(grant: ChatGrant, filters: ChatFilters): Listing<'facts'> | null {
  const isPending = grant.kind === 'reach' && grant.is_pending;
  // A pending chat waits, and a chat that waits is open.
  if (isPending && filters.is_waiting === false) return null;
  const isOpen =
    isPending || filters.is_waiting === true ? true : filters.is_ended === undefined ? null : !filters.is_ended;
  if (isOpen === true && filters.is_ended === true) return null;
  const wished: Narrowing[] = [];
  if (isPending) wished.push('pending');
  if (isOpen === true) wished.push('open');
  const isParticipating = grant.kind === 'member' ? filters.is_participating : undefined;
  if (isParticipating === true) wished.push('participating');
  const { sources, narrowing } = chatSources(grant, wished);

  const rule = membershipRule(grant, isParticipating === true);
  const conditions: string[] = rule === null ? [] : [rule.condition];
  const choose = (expression: string, value: boolean | undefined): void => {
    if (value !== undefined) conditions.push(`${value ? '' : 'NOT '}(${expression})`);
  };
  if (narrowing !== 'pending') {
    choose('chat.is_waiting', filters.is_waiting);
    if (narrowing !== 'open' && isOpen !== null) choose('chat.is_ended', !isOpen);
  }
  if (narrowing !== 'participating') choose(PARTICIPATES, isParticipating);
  choose(`${USER_MESSAGES} + ${VISITOR_MESSAGES} > 0`, filters.has_messages);
  choose(`${USER_MESSAGES} > 0`, filters.has_user_messages);
  choose(`${VISITOR_MESSAGES} > 0`, filters.has_visitor_messages);
  return {
    sources,
    carried: rule !== null && grant.kind === 'member' ? ['is_participating', 'facts'] : [],
    columns: { facts: 'chat.facts' },
    joins: 'CROSS JOIN chats AS chat ON chat.id = walk.id',
    match: conditions.length === 0 ? null : conditions.join(' AND '),
    rowsOfId: 1 + (rule?.rows ?? 0) + (isParticipating === undefined ? 0 : 1),
    parameters: rule !== null ? [rule.parameter] : grant.kind === 'visitor' ? [grant.room_id] : [],
  };
}

const USER_MESSAGES = "(chat.facts ->> '$.user_message_count')";
const VISITOR_MESSAGES = "(chat.facts ->> '$.visitor_message_count')";
/** Whether the member ?3, whose chats are listed, participates. */
const PARTICIPATES = `EXISTS (SELECT 1 FROM members WHERE member_id = ?3 AND chat_id = walk.id AND is_participating = 1)`;

async function sortByUpdate(
  database: OrganizationDatabase,
  { source, carried = [], match, parameters = [] }: Listing<'facts'> & { source: Source },
  range: IdRange,
  ordering: MemberChatOrdering,
  keyset: Keyset,
): Promise<Scan<ChatFacts>> {
  const walk = walkSql({ sources: [source], descending: range.descending, depth: SORTED_CHATS, carried });
  const columns = ['chat.updated_at', 'chat.id'];
  const clauses = keysetClauses({ columns, descending: ordering === '-updated_at' }, keyset);
  // A placeholder without a number takes the next one after those of `match`.
  const rows = await database.all<{ facts: string }>(
    `${walk.sql} SELECT chat.facts FROM walk CROSS JOIN chats AS chat ON chat.id = walk.id
     WHERE ${match ?? 'TRUE'} AND ${clauses.where} ORDER BY ${clauses.orderBy}`,
    range.low,
    range.high,
    walk.owners,
    ...parameters,
    ...clauses.parameters,
  );
  return { rows: rows.map(chatOf), cut_at: null };
}

function isByUpdate(ordering: MemberChatOrdering): boolean {
  return ordering === 'updated_at' || ordering === '-updated_at';
}

function chatOf({ facts }: { facts: string }): ChatFacts {
  return copiedChat(facts);
}
