import { describe, expect, it } from 'vitest';
import { type InboxRow, type Invitation, type Known, NOTHING_KNOWN } from '../../../src/console-app/replica/known.ts';
import {
  openInvitations,
  rowsOfView,
  type ViewName,
  type ViewOrder,
  viewKey,
  viewPath,
} from '../../../src/console-app/replica/views.ts';
import { chat, membership, message, ROW } from '../../support/console-copy.ts';

const at = (second: number) => message(second).created_at;

/** A row whose chat has this id. */
function row(id: string, change: Partial<InboxRow> = {}, ofChat: Partial<InboxRow['chat']> = {}): InboxRow {
  return { ...ROW, ...change, chat: { ...chat, id, ...ofChat } };
}

function known(rows: InboxRow[], notRouted: string[] = []): Known {
  const routed = new Set(rows.map((each) => each.chat.id).filter((id) => !notRouted.includes(id)));
  return { ...NOTHING_KNOWN, rows: new Map(rows.map((each) => [each.chat.id, each])), routed };
}

const shown = (
  all: Known,
  view: ViewName,
  order: ViewOrder = 'created',
  end: InboxRow | null = null,
  room_id: string | null = null,
) =>
  rowsOfView(all, { query: { view, order, room_id }, next: null, end, load: { is: 'ready' } }).map(
    (each) => each.chat.id,
  );

const own = { is_participating: true, last_seen_at: null, unread_count: 0, message_count: 0 };
const bot = membership('bot', { is_bot: true });
const agent = membership('agent');

describe('the rows of a view', () => {
  const all = known(
    [
      row('a', {}, { is_pending: true }),
      row('b', { own, participants: [agent] }),
      row('c', { participants: [bot] }),
      row('d', { participants: [bot, agent] }),
      row('e', { own }, { is_ended: true }),
      row('f', { own }),
    ],
    ['f'],
  );

  it.each([
    ['waiting', ['a']],
    ['mine', ['f', 'b']],
    ['open', ['d', 'c', 'b', 'a']],
    ['bot', ['c']],
    ['closed', ['e']],
  ] as const)('are those of %s', (view, ids) => {
    expect(shown(all, view)).toEqual(ids);
  });

  it('are of the chosen room', () => {
    const rooms = known([row('a', {}, { room_id: 'x' }), row('b', {}, { room_id: 'y' })]);
    expect(shown(rooms, 'open', 'created', null, 'x')).toEqual(['a']);
  });

  it('are in the order of the view, and of their ids when that is the same', () => {
    const last = (second: number) => ({ last_message: { ...message(second), attachment_count: 0 } });
    const rows = known([
      row('a', last(30), { waiting_started_at: at(1) }),
      row('b', last(10), { waiting_started_at: at(1) }),
      row('c', last(20), {}),
      row('d', {}, { waiting_started_at: at(0), created_at: at(20) }),
    ]);
    expect(shown(rows, 'open', 'waiting')).toEqual(['d', 'a', 'b', 'c']);
    expect(shown(rows, 'open', 'activity')).toEqual(['a', 'd', 'c', 'b']);
    expect(shown(rows, 'open', 'created')).toEqual(['d', 'c', 'b', 'a']);
  });

  it('are the same array until a row changes', () => {
    const rows = known([row('a')]);
    const view = {
      query: { view: 'open', order: 'created', room_id: null },
      next: null,
      end: null,
      load: { is: 'ready' },
    } as const;
    expect(rowsOfView({ ...rows, threads: new Map() }, view)).toBe(rowsOfView(rows, view));
    expect(rowsOfView({ ...rows, rows: new Map(rows.rows) }, view)).not.toBe(rowsOfView(rows, view));
  });

  it('end with the last row that was read', () => {
    const rows = ['a', 'b', 'c'].map((id) => row(id));
    expect(shown(known(rows), 'open', 'created', rows[1])).toEqual(['c', 'b']);
  });
});

it('a view is read and kept by what it asks for', () => {
  const query = { view: 'open', order: 'activity', room_id: 'r' } as const;
  expect(viewPath('u', query)).toBe('/api/v5/users/u/inbox?view=open&order=activity&room_id=r');
  expect(viewKey(query)).not.toBe(viewKey({ ...query, room_id: null }));
});

it('open invitations are listed by their age, the oldest first', () => {
  const at = (id: string, created_at: string, closed = {}) =>
    ({ id, created_at, is_accepted: false, is_expired: false, ...closed }) as Invitation;
  const all = [
    at('new', '3'),
    at('accepted', '2', { is_accepted: true }),
    at('old', '1'),
    at('expired', '0', { is_expired: true }),
  ];
  expect(openInvitations(new Map(all.map((each) => [each.id, each]))).map(({ id }) => id)).toEqual(['old', 'new']);
});
