import type { LiveNotification } from '../../resources/live-frames.ts';
import { type Message, placeOf } from './known.ts';

/** What others wrote in a chat while the console was away: the first message, and how many there are. */
export type Missed = { readonly first_id: string; readonly last_place: number; readonly count: number };

/** By chat. */
export type CatchUp = ReadonlyMap<string, Missed>;

/** A break that is shorter is not worth a mark. In ms. */
export const WORTH_A_MARK = 30_000;

const MESSAGES = /\/([^/]+)\/messages$/;

/** The marks with the messages among some notifications that came late. One that is told twice counts once. */
export function withMissed(missed: CatchUp, notifications: readonly LiveNotification[], userId: string): CatchUp {
  const next = new Map(missed);
  for (const { channel, action, resource } of notifications) {
    const chatId = MESSAGES.exec(channel)?.[1];
    if (chatId === undefined || action !== 'added') continue;
    const counted = withMessages(next.get(chatId), [resource as Message], userId);
    if (counted !== undefined) next.set(chatId, counted);
  }
  return next;
}

/** The mark of a chat with some messages, in their order. */
function withMessages(mark: Missed | undefined, messages: readonly Message[], userId: string): Missed | undefined {
  let next = mark;
  for (const message of messages) {
    const place = placeOf(message);
    if (message.type !== 'msg' || message.sender_id === userId || place <= (next?.last_place ?? 0)) continue;
    next = { first_id: next?.first_id ?? message.id, last_place: place, count: (next?.count ?? 0) + 1 };
  }
  return next;
}
