import { beforeAll, describe, expect, it } from 'vitest';
import { type ChatFilters, chatKey, listChats, type MemberChatOrdering } from '../../../src/chats/list-chats.ts';
import type { ChatGrant, RoomSet } from '../../../src/resources/chat-grant.ts';
import {
  AT,
  type CopiedChat,
  copiedChat,
  cost,
  database,
  page,
  type Read,
  walkPages,
  writeChats,
} from '../../support/worker/copied-chats.ts';

/** Each chat shares its millisecond with the next. */
const CHATS = 2_000;
const time = (number: number) => AT + Math.floor(number / 2) * 1000;
const ROOMS = Array.from({ length: 20 }, (_, room) => `room-${room}`);

/** Chats of two organizations in forty rooms, mixed so that each filter selects a part of each grant. */
const chats: CopiedChat[] = Array.from({ length: CHATS }, (_, number) => {
  const own = number % 2 === 0;
  const isPending = number % 60 < 2;
  const isWaiting = isPending || number % 17 === 0;
  return copiedChat(time(number), {
    organization_id: own ? 'own' : 'other',
    room_id: number % 101 === 0 ? null : `${own ? 'room' : 'shared'}-${Math.floor(number / 2) % 20}`,
    visitor_id: `visitor-${number % 40}`,
    updated_at: AT + ((number * 7919) % 3000) * 10_000,
    is_ended: !isWaiting && number % 10 > 1,
    is_waiting: isWaiting,
    is_pending: isPending,
    user_messages: number % 7 === 0 ? 3 : 0,
    visitor_messages: number % 5 < 3 ? 2 : 0,
    members: [
      ...(number % 3 === 0 ? [{ id: 'agent', organization_id: 'own', is_participating: number % 12 === 0 }] : []),
      ...(number % 6 === 0 ? [{ id: 'colleague', organization_id: 'own', is_participating: true }] : []),
      ...(number % 900 === 0 ? [{ id: 'newcomer', organization_id: 'third', is_participating: true }] : []),
    ],
  });
});

beforeAll(async () => await writeChats(chats));

const reach = (organization_id: string | null, room_ids: string[], is_pending = false): ChatGrant => ({
  kind: 'reach',
  reach: { organization_id, room_ids },
  is_pending,
});
const SHARED = ROOMS.map((room) => room.replace('room', 'shared'));

const EVERYWHERE: RoomSet = { organization_id: 'own', room_ids: SHARED };
const NOWHERE: RoomSet = { organization_id: null, room_ids: [] };
const member = (user_id: string, organization_id: string, rooms: RoomSet): ChatGrant => ({
  kind: 'member',
  user_id,
  rooms: { organization_id, reach: rooms, history: NOWHERE },
});

const GRANTS: Record<string, ChatGrant> = {
  member: member('agent', 'own', EVERYWHERE),
  'member whom few rooms reach': member('agent', 'own', { organization_id: null, room_ids: ['room-4', 'shared-3'] }),
  'member whom no room reaches': member('agent', 'own', NOWHERE),
  'member of few': member('newcomer', 'third', NOWHERE),
  'member of none': member('stranger', 'own', EVERYWHERE),
  involved: { kind: 'involved', organization_id: 'own', reach: { organization_id: 'own', room_ids: ['shared-3'] } },
  'involved of a partner': { kind: 'involved', organization_id: 'third', reach: NOWHERE },
  visitor: { kind: 'visitor', room_id: 'room-7', visitor_id: 'visitor-14' },
  owned: reach('own', []),
  'organization and one shared room': reach('own', ['shared-3']),
  'organization and twenty shared rooms': reach('own', SHARED),
  'one room': reach(null, ['room-4']),
  'twenty rooms': reach(null, ROOMS),
  'rooms of both': reach(null, ['room-1', 'shared-2', 'room-3', 'room-3', 'nowhere']),
  'pending of the organization': reach('own', [], true),
  'pending of a room': reach(null, ['room-0'], true),
  'pending of rooms': reach('own', SHARED, true),
  nobody: reach(null, []),
};

const FILTERS: ChatFilters[] = [
  {},
  { is_ended: false },
  { is_ended: true },
  { is_waiting: true },
  { is_waiting: false },
  { is_waiting: true, is_ended: true },
  { has_messages: true },
  { has_messages: false },
  { has_user_messages: true, has_visitor_messages: false },
  { has_user_messages: false, is_ended: false },
  { is_participating: true },
  { is_participating: false },
  { is_participating: true, is_ended: false },
  { created_at_after: time(1000), created_at_before: time(1400) },
  { created_at_after: time(3000), is_ended: false },
  { created_at_before: time(900), has_user_messages: true },
  { created_at_after: time(2000), created_at_before: time(2000) },
  { created_at_after: -1, created_at_before: 8.64e15 },
  { created_at_after: 2 ** 48 },
  { created_at_before: -1 },
];

/** Some of these members take part, or a silent membership holds. */
const isHeld = (
  { room_id, organization_id }: CopiedChat,
  members: CopiedChat['members'],
  rooms: RoomSet | undefined,
  own: string | undefined,
): boolean => {
  if (members.some(({ is_participating }) => is_participating)) return true;
  if (members.length === 0) return false;
  if (room_id === null) return organization_id === own;
  return organization_id === rooms?.organization_id || rooms?.room_ids.includes(room_id) === true;
};

const isCovered = (grant: ChatGrant, chat: CopiedChat): boolean => {
  switch (grant.kind) {
    case 'member':
      return isHeld(
        chat,
        chat.members.filter(({ id }) => id === grant.user_id),
        grant.rooms?.reach,
        grant.rooms?.organization_id,
      );
    case 'involved':
      return isHeld(
        chat,
        chat.members.filter(({ organization_id }) => organization_id === grant.organization_id),
        grant.reach,
        grant.organization_id,
      );
    case 'invitee':
      return false;
    case 'visitor':
      return chat.room_id === grant.room_id && chat.visitor_id === grant.visitor_id;
    case 'reach': {
      if (chat.room_id === null || (grant.is_pending && !chat.is_pending)) return false;
      return chat.organization_id === grant.reach.organization_id || grant.reach.room_ids.includes(chat.room_id);
    }
  }
};

const isChosen = (grant: ChatGrant, filters: ChatFilters, chat: CopiedChat): boolean => {
  const is = (wanted: boolean | undefined, value: boolean) => wanted === undefined || wanted === value;
  const own = grant.kind === 'member' ? chat.members.find(({ id }) => id === grant.user_id) : undefined;
  return (
    is(filters.is_waiting, chat.is_waiting) &&
    is(filters.is_ended, chat.is_ended) &&
    is(filters.has_messages, chat.user_messages + chat.visitor_messages > 0) &&
    is(filters.has_user_messages, chat.user_messages > 0) &&
    is(filters.has_visitor_messages, chat.visitor_messages > 0) &&
    (own === undefined || is(filters.is_participating, own.is_participating)) &&
    chat.at > (filters.created_at_after ?? -1) &&
    chat.at < (filters.created_at_before ?? Number.POSITIVE_INFINITY)
  );
};

const expected = (grant: ChatGrant, filters: ChatFilters) =>
  chats.filter((chat) => isCovered(grant, chat) && isChosen(grant, filters, chat));

const listOf = (grant: ChatGrant, filters: ChatFilters, ordering: MemberChatOrdering) =>
  walkPages(150, (keyset) => listChats(database, grant, filters, ordering, keyset), chatKey(ordering));

const idsBy = (list: CopiedChat[], ordering: MemberChatOrdering): string[] => {
  const key = (chat: CopiedChat) => (ordering.endsWith('updated_at') ? chat.updated_at : 0);
  const sorted = list.toSorted((a, b) => key(a) - key(b) || (a.id < b.id ? -1 : 1));
  return (ordering.startsWith('-') ? sorted.toReversed() : sorted).map(({ id }) => id);
};

/** Filters that an index answers for every grant that has one (migrations/0002_chats_api.sql). */
const isIndexed = (grant: ChatGrant, filters: ChatFilters): boolean => {
  const names = Object.keys(filters).filter((name) => !name.startsWith('created_at'));
  // Silent memberships that do not hold leave gaps.
  if (grant.kind === 'involved') return false;
  if (grant.kind === 'member') return filters.is_participating === true && names.length === 1;
  if (names.includes('is_participating')) return false;
  if (names.length === 0) return true;
  if (names.length > 1) return false;
  return filters.is_ended === false && grant.kind !== 'visitor';
};

const sourcesOf = (grant: ChatGrant): number =>
  grant.kind === 'reach' ? new Set(grant.reach.room_ids).size + (grant.reach.organization_id === null ? 0 : 1) : 1;

function expectFewReads(reads: readonly Read[], grant: ChatGrant, filters: ChatFilters): void {
  for (const { rows, trips, results } of reads) {
    expect(trips).toBeLessThanOrEqual(1);
    expect(rows).toBeLessThanOrEqual(1000);
    // Each further source of a merged list is named, queried and found at its end.
    if (isIndexed(grant, filters)) expect(rows).toBeLessThanOrEqual(3 * results + 4 + 3 * (sourcesOf(grant) - 1));
  }
}

describe.each(Object.entries(GRANTS))('chats of a grant: %s', (_, grant) => {
  it.each(FILTERS)('with %j: every chat once, forwards and backwards, within the bounds', async (filters) => {
    for (const ordering of ['-created_at', 'created_at'] as const) {
      const { forth, back, reads } = await listOf(grant, filters, ordering);
      const ids = idsBy(expected(grant, filters), ordering);
      expect(forth).toEqual(ids);
      expect(back).toEqual(ids);
      expectFewReads(reads, grant, filters);
    }
  });
});

describe('chats of a member by their last change', () => {
  it.each([{}, { is_participating: true }, { is_ended: false }, { has_user_messages: true }] as ChatFilters[])(
    'with %j: the newest thousand, sorted',
    async (filters) => {
      const grant = member('agent', 'own', EVERYWHERE);
      const indexed: ChatFilters = filters.has_user_messages === undefined ? filters : {};
      // The newest thousand of which the user is a member, and of these the ones that they may see.
      const own = chats.filter(
        (chat) => chat.members.some(({ id }) => id === 'agent') && isChosen(grant, indexed, chat),
      );
      const newest = own.slice(-1000).filter((chat) => isCovered(grant, chat));
      const wanted = newest.filter((chat) => isChosen(grant, filters, chat));
      for (const ordering of ['-updated_at', 'updated_at'] as const) {
        const { forth, back, reads } = await listOf(grant, filters, ordering);
        expect(forth).toEqual(idsBy(wanted, ordering));
        expect(back).toEqual(forth);
        for (const { rows } of reads) expect(rows).toBeLessThanOrEqual(4000);
      }
    },
  );

  it('is refused to other grants: no index holds the time of the last change', async () => {
    const list = listChats(database, reach('own', []), {}, '-updated_at', page(51));
    await expect(list).rejects.toThrow('no order by update');
  });
});

describe('a filter that matches rarely', () => {
  it('cuts the page and continues from there, also when it found nothing', async () => {
    const filters = { has_messages: false, has_user_messages: true };
    const { rows, cut_at } = await listChats(database, reach('own', []), filters, '-created_at', page(51));
    expect(rows).toEqual([]);
    expect(cut_at).not.toBeNull();
    const { forth, reads } = await listOf(reach('own', []), filters, '-created_at');
    expect(forth).toEqual([]);
    expect(reads.length).toBeGreaterThan(5);
  });

  it.each([
    ['one owner', reach('own', []), 3 * 50 + 4],
    ['an organization and twenty rooms', reach('own', SHARED), 5 * 50 + 4 + 3 * 20],
  ])('reads no more than the page needs when it matches often: %s', async (_, grant, most) => {
    const before = cost.d1.rowsRead;
    const { rows, cut_at } = await listChats(database, grant, { is_waiting: false }, '-created_at', page(51));
    expect({ results: rows.length, cut_at }).toEqual({ results: 51, cut_at: null });
    expect(cost.d1.rowsRead - before).toBeLessThanOrEqual(most);
  });

  it('stays within its limit for a hundred rooms together', async () => {
    const rooms = Array.from({ length: 100 }, (_, room) => `room-${room}`);
    const grant = reach(null, rooms);
    const { forth, reads } = await listOf(grant, { has_user_messages: true }, '-created_at');
    expect(forth).toEqual(idsBy(expected(grant, { has_user_messages: true }), '-created_at'));
    for (const { rows } of reads) expect(rows).toBeLessThanOrEqual(1000);
  });
});
