import { HEARTBEAT_EVERY } from './limits.ts';
import { MOST_TOPICS, type RefusedTopic } from './subscribe.ts';

/** The frames of the hub, except notifications (update-frames.ts). */
export type HubFrame =
  /** `number`: the end of the log. */
  | { type: 'welcome'; number: number }
  /** `number`: the added topics get the events after it. */
  | {
      type: 'subscribed';
      channels: readonly string[];
      refused: readonly RefusedTopic[];
      refused_count: number;
      number: number;
    }
  | { type: 'unsubscribed'; channels: readonly string[] }
  /** Events may be missing. The socket goes on after `number`. */
  | { type: 'reset'; number: number }
  /** The socket gets nothing more until it acknowledges. Sent only if the client cannot know that. */
  | { type: 'acknowledge' }
  | { type: 'error'; detail: string };

/** The text of a frame. */
export function hubFrame(frame: HubFrame): string {
  if (frame.type !== 'welcome') return JSON.stringify(frame);
  return JSON.stringify({ ...frame, heartbeat_seconds: HEARTBEAT_EVERY / 1000, most_channels: MOST_TOPICS });
}
