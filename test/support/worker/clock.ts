import { vi } from 'vitest';

/** Sets the time of day, here and in the objects. Only `Date` is replaced: timers run as always. */
export function setClock(now: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now });
}

/** Advances the time of day. */
export function passTime(milliseconds: number): void {
  setClock(Date.now() + milliseconds);
}
