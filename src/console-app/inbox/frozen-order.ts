import type { InboxRow } from '../replica/known.ts';

/** A row as the list shows it. */
export type ListedRow = { readonly row: InboxRow; readonly hasLeft: boolean };

export type FrozenList = {
  readonly listed: readonly ListedRow[];
  /** How many rows wait until the list may move again. */
  readonly hidden: number;
};

/**
 * The list while somebody points at it: the rows keep their places, those that have left the view stay, and new ones
 * wait. A row that moves under a pointer makes people open the wrong chat. `before`: what is shown. `rows`: the view as it
 * is. `known`: the newest copy of a row that has left the view.
 */
export function holdOrder(
  before: readonly ListedRow[],
  rows: readonly InboxRow[],
  known: (chatId: string) => InboxRow | undefined,
): FrozenList {
  const fresh = new Map(rows.map((row) => [row.chat.id, row]));
  const listed = before.map(({ row }) => {
    const now = fresh.get(row.chat.id);
    return now === undefined ? { row: known(row.chat.id) ?? row, hasLeft: true } : { row: now, hasLeft: false };
  });
  const shown = new Set(before.map(({ row }) => row.chat.id));
  return { listed, hidden: rows.filter(({ chat }) => !shown.has(chat.id)).length };
}
