import { useSyncExternalStore } from 'react';

/** One clock for everything on the page that shows how long something lasts. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time in ms, new each second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

/** The time in ms, new each minute. */
export const useMinute = (): number => useSyncExternalStore(subscribe, () => Math.floor(now / 60_000) * 60_000);
