import { HEARTBEAT_EVERY } from './limits.ts';
import { MOST_TOPICS, type RefusedTopic } from './subscribe.ts';

/** What the hub sends besides notifications (told-frames.ts), as text. */
export type HubFrame =
  /** `number`: the log's last. */
  | { type: 'welcome'; number: number }
  /** `number`: that after which the added topics are told. */
  | {
      type: 'subscribed';
      channels: readonly string[];
      refused: readonly RefusedTopic[];
      refused_count: number;
      number: number;
    }
  | { type: 'unsubscribed'; channels: readonly string[] }
  /** Something may have been missed: it goes on after `number`. */
  | { type: 'reset'; number: number }
  /** The socket is told nothing more until it acknowledges. Said only when it could not know that. */
  | { type: 'acknowledge' }
  | { type: 'error'; detail: string };

export function hubFrame(frame: HubFrame): string {
  if (frame.type !== 'welcome') return JSON.stringify(frame);
  return JSON.stringify({ ...frame, heartbeat_seconds: HEARTBEAT_EVERY / 1000, most_channels: MOST_TOPICS });
}
