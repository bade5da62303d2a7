/** Everything for which a thread's alarm may have to ring. Times in ms; null or empty for nothing. */
export type DueTimes = {
  /** When the next hand-over to D1 should be tried, or its acknowledgement written down. */
  projection: number | null;
  /** When each lane with pending deliveries should be offered. */
  lanes: readonly number[];
  /** When the oldest delivery reaches the end of its time. */
  expiry: number | null;
  /** When the open chat ends by itself. */
  chatEnd: number | null;
  /** When somebody who types counts as having stopped. */
  typing: number | null;
  /** When a live hub should be told again, or how far it is written down. */
  hubs: number | null;
  /** When the users' objects should be asked again to watch the open chat. */
  watches: number | null;
};

/** When the alarm should ring: the earliest due time, but not before `now + 1 s`, so that a late one cannot spin. Null for never. */
export function nextAlarm(due: DueTimes, now: number): number | null {
  const { lanes, ...others } = due;
  const times = [...Object.values(others), ...lanes].filter((time) => time !== null);
  return times.length === 0 ? null : Math.max(Math.min(...times), now + 1000);
}
