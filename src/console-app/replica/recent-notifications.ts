import type { LiveNotification } from '../../resources/live-frames.ts';
import { applyNotifications, asksToRead, chatOf, isToldOnce } from './apply-notification.ts';
import type { Known } from './known.ts';
import type { Clock } from './ports.ts';

/**
 * Lists are read from D1's copy, which follows a change within a second, and within ten after a crash. So what was told
 * in this time before a request may be newer than its answer. In ms.
 */
const COPY_IS_BEHIND = 15_000;
/** What was told so long before a request is in its answer, unless the hub has had a crash. In ms. */
const USUALLY_BEHIND = 1_500;

/** The notifications of the last time: they are applied again to what REST answers. */
export class RecentNotifications {
  readonly #clock: Clock;
  #entries: { at: number; notification: LiveNotification }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(notifications: readonly LiveNotification[]): void {
    const at = this.#clock.now();
    for (const notification of notifications) {
      if (notification.channel.endsWith('/purges')) this.#forgetTexts(chatOf(notification));
      this.#entries.push({ at, notification });
    }
    // A request may take as long as a page waits for it, so twice the time is kept.
    const isOld = this.#entries.findIndex((entry) => entry.at >= at - 2 * COPY_IS_BEHIND);
    if (isOld > 0) this.#entries.splice(0, isOld);
  }

  forget(): void {
    this.#entries = [];
  }

  /** What was purged must not come back from here: REST has what is left of it. */
  #forgetTexts(chatId: string): void {
    const isText = ({ channel }: LiveNotification) => /\/(messages|reply_suggestions)$/.test(channel);
    this.#entries = this.#entries.filter(
      ({ notification }) => chatOf(notification) !== chatId || !isText(notification),
    );
  }

  /**
   * The copy after an answer to a request of the time `asked` (ms) about something, with what was told of it since, and
   * a while before. What asked to read a chat well before the request has been done.
   */
  replay(known: Known, isAbout: (told: LiveNotification) => boolean, userId: string, asked: number): Known {
    const about = this.#entries.filter(({ at, notification }) => {
      const isDone = at < asked - USUALLY_BEHIND && asksToRead(notification);
      // A socket that was away is not told of these, so what it was told before may be old.
      const from = isToldOnce(notification) ? asked : asked - COPY_IS_BEHIND;
      return at >= from && !isDone && isAbout(notification);
    });
    return applyNotifications(
      known,
      about.map(({ notification }) => notification),
      userId,
    );
  }
}
