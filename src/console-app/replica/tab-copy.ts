import type { Counts } from './hub-reads.ts';
import type { InboxRow } from './known.ts';
import { storedValue } from './ports.ts';
import type { ReplicaState } from './store.ts';
import { rowsOfView } from './views.ts';

/** What a page leaves for the next one of its tab: the lists that are shown, as of a number from which a socket resumes. */
export type TabCopy = {
  readonly number: number;
  readonly rows: readonly InboxRow[];
  /** Those of the rows that are routed to the user. */
  readonly routed: readonly string[];
  /** By the key of a view: the last row that is here, if there are more; else null. */
  readonly ends: Readonly<Record<string, string | null>>;
  readonly counts: Counts | null;
  readonly counted_room: string | null;
};

/** Most rows of a list, and most characters of all, that are left. */
const ROWS = 200;
const CHARACTERS = 1_000_000;

/** Whose copy it is, and which program has made it: another one may not know its rows. */
type Maker = { readonly version: string; readonly user_id: string };

/**
 * The text of a copy; null when there is nothing to leave. `number`: what was told up to it is in the state. Texts are those
 * of the rows alone: the first characters of a message and of a draft.
 */
export function writeCopy(state: ReplicaState, number: number, maker: Maker): string | null {
  const { known, views, counts, countedRoom: counted_room } = state;
  const rows = new Map<string, InboxRow>();
  const ends: Record<string, string | null> = {};
  for (const [key, view] of views) {
    if (view.load.is !== 'ready') continue;
    // What a row is that must be read again, nobody knows.
    const all = rowsOfView(known, view).filter(({ chat }) => !known.staleRows.has(chat.id));
    const kept = all.slice(0, ROWS);
    for (const row of kept) rows.set(row.chat.id, row);
    ends[key] = kept.length < all.length || view.end !== null ? (kept.at(-1)?.chat.id ?? null) : null;
  }
  if (Object.keys(ends).length === 0) return null;
  const routed = [...rows.keys()].filter((id) => known.routed.has(id));
  const copy: TabCopy = { number, rows: [...rows.values()], routed, ends, counts, counted_room };
  const text = JSON.stringify({ ...maker, ...copy });
  return text.length > CHARACTERS ? null : text;
}

/** The copy in a text; null for none, one of another user or program, and one that is broken. */
export function readCopy(text: string | null, maker: Maker): TabCopy | null {
  const copy = storedValue(text) as (Partial<TabCopy> & Partial<Maker>) | null;
  if (copy?.version !== maker.version || copy.user_id !== maker.user_id) return null;
  const { number, rows, routed, ends, counts = null, counted_room = null } = copy;
  if (typeof number !== 'number' || !Array.isArray(rows) || !Array.isArray(routed)) return null;
  if (typeof ends !== 'object' || ends === null || !rows.every(isRow)) return null;
  const ids = new Set(rows.map(({ chat }) => chat.id));
  if (!Object.values(ends).every((id) => id === null || ids.has(id))) return null;
  return { number, rows, routed, ends, counts, counted_room };
}

function isRow(row: unknown): boolean {
  const { chat, own, participants, tags } = (row ?? {}) as Partial<InboxRow>;
  const areLists = Array.isArray(participants) && Array.isArray(tags);
  return typeof chat?.id === 'string' && typeof own === 'object' && own !== null && areLists;
}
