import { beforeAll, describe, expect, it } from 'vitest';
import { listMembershipsOfUser, listVisitorMemberships } from '../../../src/chats/list-memberships.ts';
import { findNewestChatOfVisitor } from '../../../src/chats/visitor-chats.ts';
import type { MemberRooms } from '../../../src/resources/chat-grant.ts';
import {
  AT,
  type CopiedChat,
  copiedChat,
  cost,
  database,
  type Read,
  walkPages,
  writeChats,
} from '../../support/worker/copied-chats.ts';

const CHATS = 4_000;

/** Chats of a visitor and of others. An agent is a member of every second one and participates in every tenth. */
const chats: CopiedChat[] = Array.from({ length: CHATS }, (_, number) =>
  copiedChat(AT + number * 1000, {
    visitor_id: number % 4 === 0 ? 'visitor' : `visitor-${number}`,
    is_ended: number % 10 !== 0,
    members: [
      { id: number % 4 === 0 ? 'visitor' : `visitor-${number}`, organization_id: null, is_participating: true },
      ...(number % 2 === 0 ? [{ id: 'agent', organization_id: 'own', is_participating: number % 10 === 0 }] : []),
      ...(number % 1000 === 8 ? [{ id: 'guest', organization_id: 'partner', is_participating: true }] : []),
    ],
  }),
);

beforeAll(async () => await writeChats(chats));

const keyOf = ({ chat }: { chat: { id: string } }) => [chat.id];
const idsWhere = (test: (number: number) => boolean) => chats.filter((_, number) => test(number)).map(({ id }) => id);
const expectRows = (reads: readonly Read[], most: (read: Read) => number) => {
  for (const read of reads) {
    expect(read.trips).toBe(1);
    expect(read.rows).toBeLessThanOrEqual(most(read));
  }
};
const budget = ({ results }: Read) => 3 * results + 4;
/** Reads index, membership and chat of each id; on the last page the walk once more. */
const scanned = ({ results }: Read) => 5 * results + 4;
const rooms = (organization_id: string, room_ids: string[]): MemberRooms => ({
  organization_id,
  reach: { organization_id: null, room_ids },
  history: { organization_id: null, room_ids: [] },
});

describe('memberships of a user', () => {
  it.each([
    [{}, 'room', (number: number) => number % 2 === 0, scanned],
    [{ is_participating: true }, 'room', (number: number) => number % 10 === 0, budget],
    [{ is_participating: false }, 'room', (number: number) => number % 2 === 0 && number % 10 !== 0, () => 1000],
    // A silent membership is listed while it holds.
    [{}, 'another', (number: number) => number % 10 === 0, () => 1000],
    [{ is_participating: false }, 'another', () => false, () => 1000],
  ] as const)('with %j, reached by %s: each chat once, oldest first, within the bounds', async (...row) => {
    const [filters, room, test, most] = row;
    const list = (keyset: Parameters<typeof listMembershipsOfUser>[4]) =>
      listMembershipsOfUser(database, 'agent', rooms('own', [room]), filters, keyset);
    const { forth, back, reads } = await walkPages(50, list, keyOf);
    expect(forth).toEqual(idsWhere(test));
    expect(back).toEqual(forth);
    expectRows(reads, most);
  });

  it('are those of the organization only', async () => {
    const { forth } = await walkPages(
      50,
      (keyset) => listMembershipsOfUser(database, 'agent', rooms('other', ['room']), {}, keyset),
      keyOf,
    );
    expect(forth).toEqual([]);
  });
});

describe('memberships of a visitor', () => {
  it.each([
    ['agent', 'room', (number: number) => number % 4 === 0],
    ['agent', 'another', (number: number) => number % 20 === 0],
    ['guest', 'another', (number: number) => number % 1000 === 8],
    ['stranger', 'room', () => false],
  ] as const)('are those in the chats of which the user is a member: %s by %s', async (user_id, room, test) => {
    const of = { visitor_id: 'visitor', user_id, rooms: rooms('own', [room]) };
    const list = (keyset: Parameters<typeof listVisitorMemberships>[2]) => listVisitorMemberships(database, of, keyset);
    const { forth, back, reads } = await walkPages(50, list, keyOf);
    expect(forth).toEqual(idsWhere(test));
    expect(back).toEqual(forth);
    expectRows(reads, () => 1000);
  });
});

describe('the newest chat of a visitor', () => {
  it('is the one that started last, in that room', async () => {
    const id = chats[CHATS - 4]?.id;
    expect(await findNewestChatOfVisitor(database, 'room', 'visitor')).toEqual({ chat_id: id, is_ended: true });
    expect(await findNewestChatOfVisitor(database, 'room', 'visitor-1')).toMatchObject({ chat_id: chats[1]?.id });
    const before = cost.d1.rowsRead;
    expect(await findNewestChatOfVisitor(database, 'elsewhere', 'visitor-1')).toBeNull();
    // The chats of the visitor, who belongs to another room, and not those of the room.
    expect(await findNewestChatOfVisitor(database, 'room', 'nobody')).toBeNull();
    expect(cost.d1.rowsRead - before).toBeLessThanOrEqual(4);
    expect(await findNewestChatOfVisitor(database, 'elsewhere', 'visitor')).toBeNull();
    expect(await findNewestChatOfVisitor(database, 'room', 'nobody')).toBeNull();
  });
});
