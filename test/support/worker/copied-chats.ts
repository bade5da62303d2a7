import type { Scan } from '../../../src/chats/scan.ts';
import { noCost } from '../../../src/db/cost.ts';
import type { Keyset, KeysetValue } from '../../../src/db/keyset.ts';
import { placePage } from '../../../src/http/collection.ts';
import { type ChatFacts, ENDLESS, newChatFacts } from '../../../src/resources/chat.ts';
import type { InvitationFacts } from '../../../src/resources/invitation.ts';
import type { MemberFacts } from '../../../src/resources/membership.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { firstDatabase } from './first-database.ts';

export const cost = noCost();
export const database = firstDatabase(cost);

/** The facts of a chat that a test sets. The others have defaults. `at` in ms. */
export type CopiedChat = {
  id: string;
  at: number;
  updated_at: number;
  organization_id: string;
  room_id: string | null;
  visitor_id: string | null;
  is_ended: boolean;
  is_waiting: boolean;
  is_pending: boolean;
  user_messages: number;
  visitor_messages: number;
  members: { id: string; organization_id: string | null; is_participating: boolean }[];
};

export const AT = 1_772_000_000_000;

export function copiedChat(at: number, of: Partial<CopiedChat>): CopiedChat {
  return {
    id: newUuid(at),
    at,
    updated_at: at,
    organization_id: 'organization',
    room_id: 'room',
    visitor_id: null,
    is_ended: false,
    is_waiting: false,
    is_pending: false,
    user_messages: 0,
    visitor_messages: 0,
    members: [],
    ...of,
  };
}

/** Writes chats with their members and involvements directly into the replica in D1, as the projection does. */
export async function writeChats(chats: readonly CopiedChat[]): Promise<void> {
  for (let from = 0; from < chats.length; from += 500) await writeSome(chats.slice(from, from + 500));
}

async function writeSome(chats: readonly CopiedChat[]): Promise<void> {
  const rows = chats.map((chat) => ({ ...chat, facts: chatFacts(chat) }));
  const members = chats.flatMap((chat) =>
    chat.members.map((member) => ({ chat, member, facts: memberFacts(chat, member) })),
  );
  const involved = chats.flatMap((chat) => {
    const organizations = new Set(chat.members.flatMap(({ organization_id: id }) => (id === null ? [] : [id])));
    return [...organizations].map((organization_id) => ({ organization_id, chat }));
  });
  await database.batch([
    [
      `INSERT INTO chats
         (id, thread, seq, organization_id, room_id, visitor_id, chat_type, is_ended, is_waiting, is_pending, updated_at, facts)
       SELECT value ->> 'id', 'thread', 1, value ->> 'organization_id', value ->> 'room_id', value ->> 'visitor_id', 'external',
         value ->> 'is_ended', value ->> 'is_waiting', value ->> 'is_pending', value ->> 'updated_at', value -> 'facts'
       FROM json_each(?)`,
      JSON.stringify(rows),
    ],
    [
      `INSERT INTO members (chat_id, member_id, seq, facts, is_participating, is_ended)
       SELECT value ->> '$.chat.id', value ->> '$.member.id', 1, value -> 'facts',
         value ->> '$.member.is_participating', value ->> '$.chat.is_ended'
       FROM json_each(?)`,
      JSON.stringify(members),
    ],
    [
      `INSERT INTO involvements (organization_id, chat_id, seq, is_ended)
       SELECT value ->> 'organization_id', value ->> '$.chat.id', 1, value ->> '$.chat.is_ended' FROM json_each(?)`,
      JSON.stringify(involved),
    ],
  ]);
}

/** Writes an invitation of a chat. Returns its id. */
export async function writeInvitation(
  chatId: string,
  inviteeId: string,
  of: { created_at: number; accepted_at?: number; expired_at?: number },
): Promise<string> {
  const inviter = {
    id: 'inviter',
    first_name: 'Ina',
    last_name: 'Inviter',
    organization_id: newUuid(of.created_at),
    alias: null,
    avatar: null,
    is_bot: false,
    is_staff: false,
  };
  const facts: InvitationFacts = {
    id: newUuid(of.created_at),
    invitee: { kind: 'user', id: inviteeId, name: 'Invited' },
    invited_by_user: inviter,
    accepted_by_user: null,
    created_at: of.created_at,
    updated_at: of.created_at,
    accepted_at: of.accepted_at ?? null,
    expired_at: of.expired_at ?? null,
  };
  await database.run(
    'INSERT INTO invitations (chat_id, id, seq, invitee_id, facts) VALUES (?, ?, 1, ?, ?)',
    chatId,
    facts.id,
    inviteeId,
    JSON.stringify(facts),
  );
  return facts.id;
}

export type Read = { rows: number; trips: number; results: number };

export function page(
  limit: number,
  key: readonly KeysetValue[] | null = null,
  direction: Keyset['direction'] = 'next',
): Keyset {
  return { limit, key, direction };
}

/**
 * Follows `next` from the first page to the last and `previous` back to the first, as a client does. Returns the keys
 * in the order of the list for both directions, and what each page read.
 */
export async function walkPages<Row>(
  size: number,
  list: (keyset: Keyset) => Promise<Scan<Row>>,
  keyOf: (row: Row) => readonly KeysetValue[],
): Promise<{ forth: KeysetValue[]; back: KeysetValue[]; reads: Read[] }> {
  const reads: Read[] = [];
  const id = (row: Row) => keyOf(row).at(-1) ?? '';
  const readPage = async (keyset: Keyset) => {
    const before = { ...cost.d1 };
    const { rows, cut_at } = await list(keyset);
    const cutAt = cut_at === null ? null : [cut_at];
    const placed = placePage({ size, ordering: 'of the test', keyset }, rows, keyOf, { cutAt });
    reads.push({
      rows: cost.d1.rowsRead - before.rowsRead,
      trips: cost.d1.trips - before.trips,
      results: placed.rows.length,
    });
    return placed;
  };
  let current = await readPage(page(size + 1));
  const forth = current.rows.map(id);
  while (current.next !== null && current.next !== 'first') {
    current = await readPage(page(size + 1, current.next.key));
    forth.push(...current.rows.map(id));
  }
  const back = [current.rows.map(id)];
  while (current.previous !== null) {
    current = await readPage(page(size + 1, current.previous.key, 'previous'));
    back.unshift(current.rows.map(id));
  }
  return { forth, back: back.flat(), reads };
}

function chatFacts(chat: CopiedChat): ChatFacts {
  const { id, organization_id, visitor_id, is_waiting } = chat;
  const room = chat.room_id === null ? null : { id: chat.room_id, name: 'Support', organization_id };
  const kind = { chat_type: 'external' as const, is_private: false, lifetime: ENDLESS };
  return {
    ...newChatFacts({ id, created_at: chat.at, room, organization_id, visitor_id, ...kind }),
    updated_at: chat.updated_at,
    is_waiting,
    waiting_started_at: is_waiting ? chat.at : null,
    ended_at: chat.is_ended ? chat.updated_at : null,
    user_message_count: chat.user_messages,
    visitor_message_count: chat.visitor_messages,
    member_count: chat.members.length,
    user_member_count: chat.members.length,
  };
}

function memberFacts(chat: CopiedChat, member: CopiedChat['members'][number]): MemberFacts {
  return {
    member_id: member.id,
    member_type: member.organization_id === null ? 'visitor' : 'user',
    name: null,
    public_name: null,
    avatar: null,
    organization_id: member.organization_id,
    is_bot: false,
    created_at: chat.at,
    updated_at: chat.at,
    last_seen_at: null,
    is_participating: member.is_participating,
    is_present: false,
  };
}
