import { isoTime } from './clock.ts';

/** For how long (ms) a view counts after it was said last. */
export const VIEW_LASTS = 30_000;

/** A user who looks at a chat, until when (ms) at most. */
export type Viewer = { user_id: string; name: string; until: number };

/** The viewer as others see them (an extension). */
export function viewerResource({ user_id, name, until }: Viewer) {
  return { user_id, name, expires_at: isoTime(until) };
}
