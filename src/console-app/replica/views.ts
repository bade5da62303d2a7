import type { InboxRow, Invitation, Known } from './known.ts';

export type ViewName = 'waiting' | 'mine' | 'mentioned' | 'open' | 'bot' | 'closed';
/** Who waits longest, where somebody wrote last, what began last. */
export type ViewOrder = 'waiting' | 'activity' | 'created';

/** A list of the inbox. `room_id`: only chats of this room; null for all. */
export type ViewQuery = { readonly view: ViewName; readonly order: ViewOrder; readonly room_id: string | null };

/** How far a list was read. */
export type View = {
  readonly query: ViewQuery;
  /** Where the next page is; null when all rows are here. */
  readonly next: string | null;
  /** The last row that was read, if there are more: what comes after it may have gaps, so it is not shown. */
  readonly end: InboxRow | null;
  readonly load: Load;
};

/** What became of reading by REST. What was read before stays shown. */
export type Load =
  | { readonly is: 'loading' }
  | { readonly is: 'ready' }
  /** It is tried again by itself when `status` is 0, 429 or 5xx. */
  | { readonly is: 'failed'; readonly status: number; readonly reason: string };

/** The invitations that the user may still accept; who has waited longest comes first. */
export function openInvitations(invitations: ReadonlyMap<string, Invitation>): readonly Invitation[] {
  const open = [...invitations.values()].filter(({ is_accepted, is_expired }) => !is_accepted && !is_expired);
  return open.sort((one, other) => (one.created_at < other.created_at ? -1 : 1));
}

export function viewKey({ view, order, room_id }: ViewQuery): string {
  return `${view}/${order}/${room_id ?? ''}`;
}

/** Where the list is read. */
export function viewPath(userId: string, { view, order, room_id }: ViewQuery): string {
  const room = room_id === null ? '' : `&room_id=${encodeURIComponent(room_id)}`;
  return `/api/v5/users/${userId}/inbox?view=${view}&order=${order}${room}`;
}

/** What was shown last of a list, so that a change elsewhere sorts nothing again. */
const SHOWN = new WeakMap<View, Pick<Known, 'rows' | 'routed'> & { readonly shown: readonly InboxRow[] }>();

/** The rows that a list shows, in its order. The same array while nothing in the rows has changed. */
export function rowsOfView({ rows, routed }: Known, view: View): readonly InboxRow[] {
  const last = SHOWN.get(view);
  if (last?.rows === rows && last.routed === routed) return last.shown;
  const { query, end } = view;
  const compare = compareRows(query.order);
  const isHere = (row: InboxRow) => isInView(row, query, routed) && (end === null || compare(row, end) <= 0);
  const shown = [...rows.values()].filter(isHere).sort(compare);
  SHOWN.set(view, { rows, routed, shown });
  return shown;
}

/** Whether a row belongs to a list (docs/api.md, Inbox). `routed`: the chats of rooms that reach the user. */
export function isInView(row: InboxRow, { view, room_id }: ViewQuery, routed: ReadonlySet<string>): boolean {
  const { chat, own, participants, mention } = row;
  if (room_id !== null && chat.room_id !== room_id) return false;
  if (view === 'mentioned') return mention !== null;
  if (view === 'mine') return !chat.is_ended && own.is_participating;
  if (!routed.has(chat.id) || chat.is_ended !== (view === 'closed')) return false;
  if (view === 'waiting') return chat.is_pending;
  return view !== 'bot' || (participants.length > 0 && participants.every(({ is_bot }) => is_bot));
}

/** The copy without rows of ended chats that no list and no opened chat shows; of those the last `spare` stay. */
export function withoutOldRows(known: Known, views: readonly View[], spare: number): Known {
  const shown = new Set(views.flatMap((view) => rowsOfView(known, view).map(({ chat }) => chat.id)));
  const old = [...known.rows.values()].filter(
    ({ chat }) => chat.is_ended && !shown.has(chat.id) && !known.threads.has(chat.id),
  );
  const gone = new Set(old.slice(0, Math.max(0, old.length - spare)).map(({ chat }) => chat.id));
  if (gone.size === 0) return known;
  const isKept = (id: string) => !gone.has(id);
  return {
    ...known,
    rows: new Map([...known.rows].filter(([id]) => isKept(id))),
    routed: new Set([...known.routed].filter(isKept)),
    staleRows: new Set([...known.staleRows].filter(isKept)),
  };
}

/** The order of rows; the ids decide between equal ones. Times are texts of one length, so they compare as texts. */
export function compareRows(order: ViewOrder): (one: InboxRow, other: InboxRow) => number {
  const direction = order === 'waiting' ? 1 : -1;
  return (one, other) => {
    const [a, b] = [keyOf(order, one), keyOf(order, other)];
    if (a !== b) return a < b ? -direction : direction;
    if (one.chat.id === other.chat.id) return 0;
    return one.chat.id < other.chat.id ? -direction : direction;
  };
}

/** Sorts after every time. */
const NEVER = '~';

function keyOf(order: ViewOrder, { chat, last_message }: InboxRow): string {
  if (order === 'waiting') return chat.waiting_started_at ?? NEVER;
  return order === 'activity' ? (last_message?.created_at ?? chat.created_at) : '';
}
