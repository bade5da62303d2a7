/**
 * The rows of an inbox, from D1's copy: a page in one trip, and the numbers of all views in another. Nothing is stored
 * for it: last message, members, tags and channel of a chat are found by primary keys.
 */

import type { OrganizationDatabase, Statement } from '../db/database.ts';
import { type Keyset, type KeysetValue, keysetClauses } from '../db/keyset.ts';
import type { ChatFacts } from '../resources/chat.ts';
import type { MemberRooms, RoomSet } from '../resources/chat-grant.ts';
import type { DraftFacts } from '../resources/draft.ts';
import {
  COUNTED_VIEWS,
  type InboxChannel,
  type InboxCounts,
  type InboxFacts,
  type InboxOrder,
  type InboxView,
  LARGEST_COUNT,
  type LastMessage,
  ROW_MESSAGE_CHARACTERS,
  ROW_PARTICIPANTS,
} from '../resources/inbox.ts';
import type { MemberFacts } from '../resources/membership.ts';
import type { MentionFacts } from '../resources/mention.ts';
import { copiedChat } from './copied-chat.ts';
import { walkSql } from './id-walk.ts';
import { chatListing } from './list-chats.ts';
import { MENTIONED } from './mentions.ts';
import { idRange, type Listing, type Scan, scan } from './scan.ts';
import { inRoomsSql, roomsParameter, silenceHoldsSql, silenceParameter } from './silence.ts';

/**
 * Whose inbox, and what of it. `reach`: the rooms that reach the user, or the one of them that is chosen. `room_id`: the
 * chosen room, also for the chats in which the user takes part; null for all.
 */
export type Inbox = {
  user_id: string;
  reach: RoomSet;
  rooms: MemberRooms;
  room_id: string | null;
};

/** Orders that no index has sort this many chats: of those that wait the oldest, else the newest. */
const SORTED_CHATS = 1000;

/** Sorts after every time, for chats that do not wait. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** The key of a row in an order (ms, id). */
export function inboxKey(order: InboxOrder): (row: InboxFacts) => readonly KeysetValue[] {
  if (order === 'waiting') return ({ chat }) => [chat.waiting_started_at ?? NEVER, chat.id];
  if (order === 'activity') return ({ chat }) => [chat.last_activity_at ?? chat.created_at, chat.id];
  return ({ chat }) => [chat.id];
}

const SORT_KEYS = {
  waiting: { key: `coalesce(chat.facts ->> '$.waiting_started_at', ${NEVER})`, descending: false },
  activity: { key: "coalesce(chat.facts ->> '$.last_activity_at', chat.facts ->> '$.created_at')", descending: true },
} as const;

type Column = 'facts' | 'visitor' | 'own' | 'participants' | 'channel' | 'last_message' | 'tags' | 'draft' | 'mention';
type Row = { facts: string } & { [Name in Exclude<Column, 'facts'>]: string | null };

/** The columns of a row over `chat`, a row of `chats`. The parameter `user` holds the user's id. */
function columnsFor(chat: string, user: string): Record<Column, string> {
  const member = (id: string) => `(SELECT facts FROM members WHERE chat_id = ${chat}.id AND member_id = ${id})`;
  return {
    facts: `${chat}.facts`,
    visitor: member(`${chat}.visitor_id`),
    own: member(user),
    participants: `(SELECT json_group_array(json(facts)) FROM (SELECT facts FROM members WHERE chat_id = ${chat}.id
      AND is_participating = 1 AND facts ->> '$.member_type' = 'user' LIMIT ${ROW_PARTICIPANTS}))`,
    channel: `(SELECT json_object('id', channels.id, 'name', channels.name,
        'messaging_channel', channels.messaging_channel, 'thread_id', threads.thread_id)
      FROM threads CROSS JOIN channels ON channels.id = threads.channel_id WHERE threads.id = ${chat}.thread)`,
    last_message: lastMessageSql(chat),
    draft: `(SELECT json_object('chat_id', chat_id, 'message', substr(message, 1, ${ROW_MESSAGE_CHARACTERS}),
        'updated_at', updated_at)
      FROM drafts WHERE user_id = ${user} AND chat_id = ${chat}.id)`,
    mention: `(SELECT json_object('chat_id', chat_id, 'note_id', note_id, 'created_at', created_at)
      FROM mentions WHERE user_id = ${user} AND chat_id = ${chat}.id)`,
    tags: `(SELECT json_group_array(name) FROM tags WHERE chat_id = ${chat}.id AND facts IS NOT NULL)`,
  };
}

/**
 * The chat's last `msg`. Its place begins with its time and the address of its thread (domain/address.ts), which the
 * chat's id has too. So the key of `messages` leads to it, however many messages the organization has.
 */
function lastMessageSql(chat: string): string {
  const at = `(${chat}.facts ->> '$.last_message_at')`;
  const start = `(printf('%08x-%04x', ${at} / 65536, ${at} % 65536) || substr(${chat}.id, 14, 15))`;
  const field = (name: string) => `'${name}', facts ->> '$.${name}'`;
  return `(SELECT json_object(${['id', 'created_at', 'sender_type', 'sender_id', 'sender_name'].map(field).join(', ')},
      'message', substr(facts ->> '$.message', 1, ${ROW_MESSAGE_CHARACTERS}),
      'attachment_count', json_array_length(facts, '$.attachments'),
      'deleted_at', facts ->> '$.deleted_at', 'state', facts ->> '$.status.state')
    FROM messages WHERE organization_id = ${chat}.organization_id AND place > ${start} AND place < ${start} || 'g'
      AND chat_id = ${chat}.id AND type = 'msg' ORDER BY place DESC LIMIT 1)`;
}

/** The chats of a view. Null when none can match. */
function listingOf(inbox: Inbox, view: InboxView): Listing<'facts'> | null {
  const { reach, rooms, room_id, user_id } = inbox;
  if (view === 'mentioned') return mentionedListing(inbox);
  if (view !== 'mine') {
    const filters = view === 'waiting' ? {} : { is_ended: view === 'closed' };
    const listing = chatListing({ kind: 'reach', reach, is_pending: view === 'waiting' }, filters);
    return listing === null || view !== 'bot' ? listing : narrowed(listing, WITH_BOT_ONLY, 4);
  }
  const filters = { is_participating: true, is_ended: false };
  const listing = chatListing({ kind: 'member', user_id, rooms }, filters);
  if (listing === null || room_id === null) return listing;
  return narrowed(listing, `chat.room_id = ${nextParameter(listing)}`, 0, room_id);
}

/** The chats in which the user is mentioned, open or ended, as far as they still see them. */
function mentionedListing({ reach, rooms, room_id, user_id }: Inbox): Listing<'facts'> {
  const isMember = `EXISTS (SELECT 1 FROM members WHERE chat_id = chat.id AND member_id = ?3
    AND (is_participating = 1 OR (facts ->> '$.is_removed' IS NULL AND ${silenceHoldsSql('?5')})))`;
  const listing: Listing<'facts'> = {
    sources: [{ index: MENTIONED, owner: user_id }],
    columns: { facts: 'chat.facts' },
    joins: 'CROSS JOIN chats AS chat ON chat.id = walk.id',
    match: `((chat.room_id IS NOT NULL AND ${inRoomsSql('?4')}) OR ${isMember})`,
    rowsOfId: 2,
    parameters: [roomsParameter(reach), silenceParameter(rooms.organization_id, rooms.reach)],
  };
  return room_id === null ? listing : narrowed(listing, `chat.room_id = ${nextParameter(listing)}`, 0, room_id);
}

function narrowed<Columns extends string>(
  listing: Listing<Columns>,
  condition: string,
  rows: number,
  ...parameters: string[]
): Listing<Columns> {
  return {
    ...listing,
    match: listing.match === null ? condition : `${listing.match} AND ${condition}`,
    rowsOfId: listing.rowsOfId + rows,
    parameters: [...(listing.parameters ?? []), ...parameters],
  };
}

function nextParameter({ parameters = [] }: Listing<string>): string {
  return `?${parameters.length + 4}`;
}

const isParticipant = (isBot: 0 | 1) => `EXISTS (SELECT 1 FROM members WHERE chat_id = chat.id AND is_participating = 1
  AND facts ->> '$.member_type' = 'user' AND facts ->> '$.is_bot' = ${isBot})`;
/** A bot takes part, and no human user. */
const WITH_BOT_ONLY = `${isParticipant(1)} AND NOT ${isParticipant(0)}`;

/** A page of a view, in one trip. A page by creation may end early (`cut_at`). */
export async function listInbox(
  database: OrganizationDatabase,
  inbox: Inbox,
  view: InboxView,
  order: InboxOrder,
  keyset: Keyset,
): Promise<Scan<InboxFacts>> {
  const found = listingOf(inbox, view);
  if (found === null || found.sources.length === 0) return { rows: [], cut_at: null };
  const user = nextParameter(found);
  const parameters = [...(found.parameters ?? []), inbox.user_id];
  if (order === 'created') {
    const listing: Listing<Column> = { ...found, columns: columnsFor('chat', user), parameters };
    const { rows, cut_at } = await scan(database, listing, idRange(keyset, true), keyset.limit);
    return { rows: (rows as unknown as Row[]).map(factsOf), cut_at };
  }
  const [sql, ...values] = sortedPage({ ...found, columns: columnsFor('page', user), parameters }, order, keyset);
  const rows = await database.all<Row>(sql, ...values);
  return { rows: rows.map(factsOf), cut_at: null };
}

/** One chat, open or ended, that is routed to the user or theirs as a member. Null for others. */
export async function findInInbox(
  database: OrganizationDatabase,
  { reach, rooms, user_id }: Inbox,
  chatId: string,
): Promise<InboxFacts | null> {
  const grants = [
    { kind: 'reach' as const, reach, is_pending: false },
    { kind: 'member' as const, user_id, rooms },
  ];
  for (const grant of grants) {
    const found = chatListing(grant, {});
    if (found === null) continue;
    const parameters = [...(found.parameters ?? []), user_id];
    const listing: Listing<Column> = { ...found, columns: columnsFor('chat', nextParameter(found)), parameters };
    // Strictly between the id without its last digit and the id with another one.
    const range = { low: chatId.slice(0, -1), high: `${chatId}0`, descending: true };
    const { rows } = await scan(database, listing, range, DIGITS);
    const row = rows.find(({ id }) => id === chatId);
    if (row !== undefined) return factsOf(row as unknown as Row);
  }
  return null;
}

/** Ids that differ in the last digit only. */
const DIGITS = 16;

/** The sort comes first, with few columns; what a row shows is read for the page only. */
function sortedPage(listing: Listing<Column>, order: keyof typeof SORT_KEYS, keyset: Keyset): Statement {
  const { key, descending } = SORT_KEYS[order];
  const range = idRange({ key: null, direction: 'next', limit: SORTED_CHATS }, order !== 'waiting');
  const walk = walkSql({ sources: listing.sources, descending: range.descending, depth: SORTED_CHATS });
  const clauses = keysetClauses({ columns: [key, 'chat.id'], descending }, keyset);
  const columns = Object.entries(listing.columns).map(([name, column]) => `${column} AS ${name}`);
  const parameters = listing.parameters ?? [];
  // Names the last parameter, since a placeholder without a number takes the one after the largest before it.
  const where = `?${parameters.length + 3} IS NOT NULL AND ${listing.match ?? 'TRUE'} AND ${clauses.where}`;
  const isBackwards = keyset.direction === 'previous';
  const direction = descending !== isBackwards ? 'DESC' : 'ASC';
  return [
    `${walk.sql}, page AS MATERIALIZED (
       SELECT chat.id, chat.thread, chat.organization_id, chat.visitor_id, chat.facts, ${key} AS sort_key
       FROM walk ${listing.joins} WHERE ${where} ORDER BY ${clauses.orderBy})
     SELECT ${columns.join(', ')} FROM page ORDER BY sort_key ${direction}, id ${direction}`,
    range.low,
    range.high,
    walk.owners,
    ...parameters,
    ...clauses.parameters,
  ];
}

/** How many chats each view has, up to LARGEST_COUNT, in one trip. */
export async function countInbox(database: OrganizationDatabase, inbox: Inbox): Promise<InboxCounts> {
  const listings = COUNTED_VIEWS.map((view) => ({ view, listing: listingOf(inbox, view) }));
  const counted = listings.flatMap(({ view, listing }) =>
    listing === null || listing.sources.length === 0 ? [] : [{ view, statement: countOf(listing) }],
  );
  const counts: InboxCounts = { waiting: 0, mine: 0, mentioned: 0, open: 0, bot: 0 };
  if (counted.length === 0) return counts;
  const answers = await database.batch(counted.map(({ statement }) => statement));
  for (const [place, { view }] of counted.entries()) counts[view] = Number(answers[place]?.[0]?.['count'] ?? 0);
  return counts;
}

/** Reads SORTED_CHATS ids at most, the newest ones, and counts those that match. */
function countOf({ sources, joins, match, parameters = [] }: Listing<'facts'>): Statement {
  const range = idRange({ key: null, direction: 'next', limit: SORTED_CHATS }, true);
  const walk = walkSql({ sources, descending: range.descending, depth: match === null ? LARGEST_COUNT : SORTED_CHATS });
  const chosen = match === null ? 'walk' : `walk ${joins} WHERE ${match}`;
  return [
    `${walk.sql} SELECT count(*) AS count FROM (SELECT 1 FROM ${chosen} LIMIT ${LARGEST_COUNT})`,
    range.low,
    range.high,
    walk.owners,
    ...parameters,
  ];
}

function factsOf(row: Row): InboxFacts {
  const parsed = <Value>(json: string | null) => (json === null ? null : (JSON.parse(json) as Value));
  const own = parsed<MemberFacts>(row.own);
  const chat: ChatFacts = copiedChat(row.facts);
  return {
    chat,
    visitor: parsed<MemberFacts>(row.visitor),
    own: own?.is_removed === true ? null : own,
    participants: parsed<MemberFacts[]>(row.participants) ?? [],
    channel: parsed<InboxChannel>(row.channel),
    last_message: parsed<LastMessage>(row.last_message),
    tags: parsed<string[]>(row.tags) ?? [],
    draft: parsed<DraftFacts>(row.draft),
    mention: parsed<MentionFacts>(row.mention),
  };
}
