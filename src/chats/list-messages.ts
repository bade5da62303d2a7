import type { OrganizationDatabase } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import { type MessageFacts, messagePlace } from '../resources/message.ts';
import { copiedChat } from './copied-chat.ts';
import { type IdRange, idRange, type Scan, scan } from './scan.ts';

/** A message with its chat and room. */
export type CopiedMessage = { message: MessageFacts; chat_id: string; room_id: string };

/** The filters of lists of messages. Times in ms, both exclusive. An empty list of types filters nothing. */
export type MessageFilters = {
  created_at_after?: number | undefined;
  created_at_before?: number | undefined;
  room_id?: string | undefined;
  chat_id?: string | undefined;
  sender_type?: MessageFacts['sender_type'] | undefined;
  type__in?: readonly string[] | undefined;
  type__not_in?: readonly string[] | undefined;
};

/** Limit of a page in characters of messages, since it is in memory as a whole. A single message may be longer. */
const PAGE_CHARACTERS = 4_000_000;
/** Messages above this length are read separately: 200 of this length fill a page. */
const SHORT_CHARACTERS = 16_384;

const MESSAGES = { table: 'messages', name: null, owner: 'organization_id', id: 'place', where: 'TRUE' };

type Column = 'chat_id' | 'room_id' | 'facts' | 'size';
type Found = { [Name in Exclude<Column, 'facts' | 'size'>]: string } & {
  id: string;
  facts: string | null;
  size: number;
};

/** The keyset's key of a message: its position among all messages of the organization. */
export function messageKey({ message }: CopiedMessage): readonly string[] {
  return [messagePlace(message)];
}

/**
 * Lists messages in the rooms of an organization in the order in which they were written. `isCut`: the page ended early
 * because it was too large. The messages of one chat are looked for only in its time.
 */
export async function listMessages(
  database: OrganizationDatabase,
  organizationId: string,
  filters: MessageFilters,
  newestFirst: boolean,
  keyset: Keyset,
): Promise<Scan<CopiedMessage> & { isCut: boolean }> {
  const span = await chatSpan(database, organizationId, filters.chat_id);
  if (span === null) return { rows: [], cut_at: null, isCut: false };
  const found = await scan<Column>(
    database,
    {
      sources: [{ index: MESSAGES, owner: organizationId }],
      carried: ['chat_id', 'room_id', 'sender_type', 'type', 'facts'],
      columns: {
        chat_id: 'walk.chat_id',
        room_id: 'walk.room_id',
        facts: `CASE WHEN length(walk.facts) <= ${SHORT_CHARACTERS} THEN walk.facts END`,
        size: 'length(walk.facts)',
      },
      joins: '',
      ...matching(filters),
      rowsOfId: 0,
    },
    within(idRange(keyset, newestFirst, { after: filters.created_at_after, before: filters.created_at_before }), span),
    keyset.limit,
  );
  const rows = found.rows as unknown as Found[];
  const fitting = rows.slice(0, fittingCount(rows));
  const long = await longFacts(database, organizationId, fitting);
  return {
    rows: fitting.map(({ id, chat_id, room_id, facts }) => ({
      message: JSON.parse(facts ?? long.get(id) ?? 'null') as MessageFacts,
      chat_id,
      room_id,
    })),
    cut_at: found.cut_at,
    isCut: fitting.length < rows.length,
  };
}

/** The condition of the filters without an index. Its values are ?4 and following. */
function matching(filters: MessageFilters): { match: string | null; parameters: unknown[] } {
  const { room_id, chat_id, sender_type, type__in = [], type__not_in = [] } = filters;
  const conditions: string[] = [];
  const parameters: unknown[] = [];
  const choose = (condition: (place: string) => string, value: unknown): void => {
    if (value === undefined) return;
    conditions.push(condition(`?${4 + parameters.length}`));
    parameters.push(value);
  };
  const listed = (types: readonly string[]) => (types.length === 0 ? undefined : JSON.stringify(types));
  choose((place) => `walk.room_id = ${place}`, room_id);
  choose((place) => `walk.chat_id = ${place}`, chat_id);
  choose((place) => `walk.sender_type = ${place}`, sender_type);
  choose((place) => `walk.type IN (SELECT value FROM json_each(${place}))`, listed(type__in));
  choose((place) => `walk.type NOT IN (SELECT value FROM json_each(${place}))`, listed(type__not_in));
  return { match: conditions.length === 0 ? null : conditions.join(' AND '), parameters };
}

/**
 * Times (ms) between which all messages of a chat lie, bounds excluded; no bounds without a chat. Null when there is no
 * such chat.
 */
async function chatSpan(
  database: OrganizationDatabase,
  organizationId: string,
  chatId: string | undefined,
): Promise<{ after?: number; before?: number } | null> {
  if (chatId === undefined) return {};
  const row = await database.first<{ facts: string }>(
    'SELECT facts FROM chats WHERE id = ? AND organization_id = ? AND room_id IS NOT NULL',
    chatId,
    organizationId,
  );
  if (row === null) return null;
  const { created_at, first_message_at, oldest_message_at, newest_message_at } = copiedChat(row.facts);
  // Messages that were imported or synced may be older than their chat.
  const after = Math.min(created_at, first_message_at ?? created_at, oldest_message_at ?? created_at) - 1;
  return newest_message_at === null ? { after } : { after, before: newest_message_at + 1 };
}

function within(range: IdRange, { after, before }: { after?: number; before?: number }): IdRange {
  const span = idRange({ key: null, direction: 'next', limit: 0 }, true, { after, before });
  const [, low = range.low] = [span.low, range.low].sort();
  const [high = range.high] = [span.high, range.high].sort();
  return { low, high, descending: range.descending };
}

/** How many of the rows fit into a page. The first always fits. */
function fittingCount(rows: readonly { size: number }[]): number {
  let total = 0;
  const tooMany = rows.findIndex(({ size }, place) => {
    total += size;
    return place > 0 && total > PAGE_CHARACTERS;
  });
  return tooMany === -1 ? rows.length : tooMany;
}

async function longFacts(
  database: OrganizationDatabase,
  organizationId: string,
  rows: readonly Found[],
): Promise<ReadonlyMap<string, string>> {
  const places = rows.filter(({ facts }) => facts === null).map(({ id }) => id);
  if (places.length === 0) return new Map();
  const found = await database.all<{ place: string; facts: string }>(
    'SELECT place, facts FROM messages WHERE organization_id = ? AND place IN (SELECT value FROM json_each(?))',
    organizationId,
    JSON.stringify(places),
  );
  return new Map(found.map(({ place, facts }) => [place, facts]));
}
