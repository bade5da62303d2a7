import type { LiveNotification } from '../../resources/live-frames.ts';
import { type Known, type Message, placeOf, receivedAt } from './known.ts';

/** What others wrote in a chat while the console was away: the first message, and how many there are. */
export type Missed = { readonly first_id: string; readonly last_place: number; readonly count: number };

/** By chat. */
export type CatchUp = ReadonlyMap<string, Missed>;

/**
 * A time without a connection. `until`: when it ended, by the clock of the hub (ms). `seen`: the place of the newest message
 * that the page had of each chat when it began.
 */
export type Break = { readonly until: number; readonly seen: ReadonlyMap<string, number> };

export const NO_BREAK: Break = { until: Number.NEGATIVE_INFINITY, seen: new Map() };

/** A break that is shorter is not worth a mark. In ms. */
export const WORTH_A_MARK = 30_000;

const MESSAGES = /\/([^/]+)\/messages$/;

/** The place of the newest message of each chat in a copy. */
export function newestPlaces({ rows, threads }: Known): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [chatId, { last_message }] of rows) if (last_message !== null) places.set(chatId, placeOf(last_message));
  for (const [chatId, { messages }] of threads) {
    const newest = messages.at(-1);
    if (newest !== undefined) places.set(chatId, Math.max(placeOf(newest), places.get(chatId) ?? 0));
  }
  return places;
}

/**
 * The marks with those messages of others, among some notifications, that the hub got before the console was back. The hub
 * may tell of a message only after a break that the page had read before: it was not missed. One that is told twice counts
 * once. Answers the same marks when there is none.
 */
export function withMissed(
  missed: CatchUp,
  notifications: readonly LiveNotification[],
  { until, seen }: Break,
  userId: string,
): CatchUp {
  let next = missed;
  for (const { channel, action, resource } of notifications) {
    const chatId = MESSAGES.exec(channel)?.[1];
    if (chatId === undefined || action !== 'added') continue;
    const message = resource as Message;
    const mark = next.get(chatId);
    const place = placeOf(message);
    const isKnown = place <= Math.max(mark?.last_place ?? 0, seen.get(chatId) ?? 0);
    if (message.type !== 'msg' || message.sender_id === userId || isKnown || receivedAt(message) > until) continue;
    const { first_id = message.id, count = 0 } = mark ?? {};
    next = new Map([...next, [chatId, { first_id, last_place: place, count: count + 1 }]]);
  }
  return next;
}
