import { vi } from 'vitest';

/** Sets the time of day, here and in the objects. Only `Date`: what waits goes on waiting as ever. */
export function setClock(now: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now });
}

/** Moves the time of day on. */
export function passTime(milliseconds: number): void {
  setClock(Date.now() + milliseconds);
}
