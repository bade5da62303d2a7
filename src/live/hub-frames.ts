import { isoTime } from '../resources/clock.ts';
import type { HubFrame } from '../resources/live-frames.ts';
import { HEARTBEAT_EVERY } from './limits.ts';
import { MOST_TOPICS } from './subscribe.ts';

/** The text of a frame. Those of notifications are made in update-frames.ts. */
export function hubFrame(frame: Exclude<HubFrame, { type: 'notifications' | 'welcome' }>): string {
  return JSON.stringify(frame);
}

/** The text of the first frame. `number`: the end of the log. `now`: in ms. */
export function welcomeFrame(number: number, now: number): string {
  const frame = { type: 'welcome', number, time: isoTime(now) } satisfies HubFrame;
  return JSON.stringify({ ...frame, heartbeat_seconds: HEARTBEAT_EVERY / 1000, most_channels: MOST_TOPICS });
}
