import type { HubFrame } from '../resources/live-frames.ts';
import { HEARTBEAT_EVERY } from './limits.ts';
import { MOST_TOPICS } from './subscribe.ts';

/** The text of a frame. Those of notifications are made in update-frames.ts. */
export function hubFrame(frame: Exclude<HubFrame, { type: 'notifications' }>): string {
  if (frame.type !== 'welcome') return JSON.stringify(frame);
  return JSON.stringify({ ...frame, heartbeat_seconds: HEARTBEAT_EVERY / 1000, most_channels: MOST_TOPICS });
}
