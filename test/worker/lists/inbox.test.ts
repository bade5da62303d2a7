import { beforeAll, describe, expect, it } from 'vitest';
import { countInbox, type Inbox, inboxKey, listInbox } from '../../../src/chats/inbox.ts';
import type { OrganizationDatabase } from '../../../src/db/database.ts';
import type { RoomSet } from '../../../src/resources/chat-grant.ts';
import { INBOX_ORDERS, INBOX_VIEWS, type InboxOrder, type InboxView } from '../../../src/resources/inbox.ts';
import {
  AT,
  type CopiedChat,
  copiedChat,
  cost,
  database,
  page,
  walkPages,
  writeChats,
} from '../../support/worker/copied-chats.ts';

const CHATS = 2_400;
const ROOMS = Array.from({ length: 20 }, (_, room) => `room-${room}`);

const chats: CopiedChat[] = Array.from({ length: CHATS }, (_, number) => {
  const isPending = number % 5 === 0;
  const takesPart = number % 6 === 1;
  return copiedChat(AT + number * 1000, {
    organization_id: 'own',
    room_id: `room-${number % 20}`,
    is_waiting: isPending,
    is_pending: isPending,
    is_ended: !isPending && number % 3 === 2,
    members: [
      { id: `visitor-${number}`, organization_id: null, is_participating: true },
      ...(takesPart ? [{ id: 'agent', organization_id: 'own', is_participating: true }] : []),
    ],
  });
});

const isMentioned = (chat: CopiedChat) => chats.indexOf(chat) % 7 === 3;

beforeAll(async () => {
  await writeChats(chats);
  const ids = JSON.stringify(chats.filter(isMentioned).map(({ id }) => id));
  await database.run(`INSERT INTO mentions SELECT 'agent', value, 'own', value, ${AT} FROM json_each(?)`, ids);
});

const inbox = (reach: RoomSet, room_id: string | null = null): Inbox => ({
  user_id: 'agent',
  reach,
  rooms: { organization_id: 'own', reach, history: reach },
  room_id,
});
const INBOXES = {
  'of an organization': inbox({ organization_id: 'own', room_ids: [] }),
  'of twenty rooms': inbox({ organization_id: null, room_ids: ROOMS }),
  'of one room': inbox({ organization_id: null, room_ids: ['room-4'] }, 'room-4'),
};

const ORDERED = INBOX_VIEWS.flatMap((view) =>
  (view === 'closed' ? (['created'] as const) : INBOX_ORDERS).map((order) => ({ view, order })),
);

const isIn = (view: InboxView, { room_id: chosen, reach }: Inbox, chat: CopiedChat): boolean => {
  if (reach.organization_id === null && !reach.room_ids.includes(String(chat.room_id))) return false;
  if (chosen !== null && chat.room_id !== chosen) return false;
  if (view === 'waiting') return chat.is_pending;
  if (view === 'closed') return chat.is_ended;
  if (view === 'mentioned') return isMentioned(chat);
  const takesPart = chat.members.some(({ id }) => id === 'agent');
  return !chat.is_ended && (view === 'open' || (view === 'mine' && takesPart));
};

/** Chats began in the order of their waiting and of their activity. */
const expected = (view: InboxView, order: InboxOrder, own: Inbox): string[] => {
  const found = chats.filter((chat) => isIn(view, own, chat));
  if (order === 'created') return found.map(({ id }) => id).toReversed();
  const sorted = order === 'waiting' ? found.slice(0, 1000) : found.slice(-1000).toReversed();
  const waiting = sorted.filter(({ is_waiting }) => is_waiting);
  const rest = sorted.filter(({ is_waiting }) => !is_waiting);
  return (order === 'waiting' ? [...waiting, ...rest] : sorted).map(({ id }) => id);
};

describe.each(Object.entries(INBOXES))('an inbox %s', (_, own) => {
  it.each(ORDERED)('shows $view by $order, in both directions, a page in one trip', async ({ view, order }) => {
    const list = (keyset: Parameters<typeof listInbox>[4]) => listInbox(database, own, view, order, keyset);
    const { forth, back, reads } = await walkPages(150, list, inboxKey(order));
    const isAll = chats.filter((chat) => isIn(view, own, chat)).length <= 1000;
    const ids = expected(view, order, own);
    if (isAll || order === 'created') expect(forth).toEqual(ids);
    else expect(forth).toHaveLength(1000);
    expect(back).toEqual(forth);
    for (const { trips, rows, results } of reads) {
      expect(trips).toBeLessThanOrEqual(1);
      // The sort reads 1,000 ids, merged from their rooms, with their chats; a row reads its parts by keys.
      expect(rows).toBeLessThanOrEqual(6_500 + 12 * results);
    }
  });

  it('counts each view in one trip', async () => {
    const before = { ...cost.d1 };
    const counts = await countInbox(database, own);
    const of = (view: InboxView) => Math.min(999, chats.filter((chat) => isIn(view, own, chat)).length);
    expect(counts).toEqual({
      waiting: of('waiting'),
      mine: of('mine'),
      mentioned: of('mentioned'),
      open: of('open'),
      bot: 0,
    });
    expect(cost.d1.trips - before.trips).toBe(1);
    expect(cost.d1.rowsRead - before.rowsRead).toBeLessThanOrEqual(20_000);
  });
});

describe('the plan of an inbox', () => {
  const steps: string[] = [];
  const explained = {
    ...database,
    async all<Row>(sql: string, ...parameters: unknown[]) {
      const plan = await database.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters);
      steps.push(...plan.map(({ detail }) => detail));
      return [] as Row[];
    },
    async batch(statements: readonly (readonly [string, ...unknown[]])[]) {
      for (const [sql, ...parameters] of statements) await explained.all(sql, ...parameters);
      return statements.map(() => []);
    },
  } as OrganizationDatabase;

  it.each(Object.entries(INBOXES))('reads tables by an index only: %s', async (_, own) => {
    steps.length = 0;
    for (const { view, order } of ORDERED) {
      await listInbox(explained, own, view, order, page(51));
      const key = order === 'created' ? ['0190a000'] : [AT, '0190a000'];
      await listInbox(explained, own, view, order, page(51, key));
    }
    await countInbox(explained, own);
    const tables = /^(SCAN|SEARCH) (chats|chat|members|mentions|messages|tags|threads|channels)\b/;
    const reads = steps.filter((step) => tables.test(step));
    expect(reads.length).toBeGreaterThan(200);
    const scans = reads.filter((step) => step.startsWith('SCAN'));
    expect(scans).toEqual([]);
    expect(
      reads.some((step) => step.includes('messages USING PRIMARY KEY (organization_id=? AND place>? AND place<?)')),
    ).toBe(true);
  });
});
