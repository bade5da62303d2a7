import type { LiveNotification } from '../../resources/live-frames.ts';
import { type Message, placeOf, receivedAt } from './known.ts';

/** What others wrote in a chat while the console was away: the first message, and how many there are. */
export type Missed = { readonly first_id: string; readonly last_place: number; readonly count: number };

/** By chat. */
export type CatchUp = ReadonlyMap<string, Missed>;

/** A break that is shorter is not worth a mark. In ms. */
export const WORTH_A_MARK = 30_000;

const MESSAGES = /\/([^/]+)\/messages$/;

/**
 * The marks with those messages of others, among some notifications, that the hub got before the console was back. `until`:
 * when it was back, by the clock of the hub (ms). One that is told twice counts once. Answers the same marks when there is
 * none.
 */
export function withMissed(
  missed: CatchUp,
  notifications: readonly LiveNotification[],
  until: number,
  userId: string,
): CatchUp {
  let next = missed;
  for (const { channel, action, resource } of notifications) {
    const chatId = MESSAGES.exec(channel)?.[1];
    if (chatId === undefined || action !== 'added') continue;
    const message = resource as Message;
    const mark = next.get(chatId);
    const place = placeOf(message);
    const isCounted = place <= (mark?.last_place ?? 0);
    if (message.type !== 'msg' || message.sender_id === userId || isCounted || receivedAt(message) > until) continue;
    const { first_id = message.id, count = 0 } = mark ?? {};
    next = new Map([...next, [chatId, { first_id, last_place: place, count: count + 1 }]]);
  }
  return next;
}
