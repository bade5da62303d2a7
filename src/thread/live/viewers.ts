import { VIEW_LASTS, type Viewer } from '../../resources/viewer.ts';

/** Most viewers of a chat that are remembered: the newest. */
const MOST_VIEWERS = 50;

/**
 * Who looks at the chats of a thread. In memory only, like typing: a new instance knows nobody until they say it again.
 */
export class Viewers {
  readonly #chats = new Map<string, Map<string, Viewer>>();

  /** Notes at `now` (ms) that a user looks at a chat. */
  note(chatId: string, user: Pick<Viewer, 'user_id' | 'name'>, now: number): Viewer {
    const viewer = { ...user, until: now + VIEW_LASTS };
    const viewers = this.#current(chatId, now);
    // The order of the map is that of the times.
    viewers.delete(user.user_id);
    viewers.set(user.user_id, viewer);
    for (const oldest of viewers.keys()) {
      if (viewers.size <= MOST_VIEWERS) break;
      viewers.delete(oldest);
    }
    this.#chats.set(chatId, viewers);
    return viewer;
  }

  /** Notes that a user looks at a chat no longer. */
  leave(chatId: string, userId: string): void {
    this.#chats.get(chatId)?.delete(userId);
  }

  /** Who looks at a chat at `now` (ms), the longest silent first. */
  of(chatId: string, now: number): Viewer[] {
    return [...this.#current(chatId, now).values()];
  }

  /** Forgets those whose time is over, in all chats. */
  #current(chatId: string, now: number): Map<string, Viewer> {
    for (const [id, viewers] of this.#chats) {
      for (const [userId, { until }] of viewers) if (until <= now) viewers.delete(userId);
      if (viewers.size === 0) this.#chats.delete(id);
    }
    return this.#chats.get(chatId) ?? new Map();
  }
}
