/**
 * What a socket was sent and has not acknowledged. The runtime accepts frames for a socket that never reads, so only
 * acknowledgements show how much is waiting. Frames are counted in groups, oldest first: [the highest number, frames,
 * characters]. That keeps the window small enough for the socket's state. A frame without a number counts with those
 * before it.
 */
export type SendWindow = readonly (readonly [number: number, frames: number, characters: number])[];

/** At either limit a socket is paused: frames, and characters. hub-load.ts limits all sockets together. */
export const MOST_FRAMES = 1000;
export const MOST_CHARACTERS = 4_000_000;
/** A paused socket still gets this much in answers to its own frames. */
const ANSWERED_FRAMES = 100;
const ANSWERED_CHARACTERS = 1_000_000;

const FRAMES_OF_ENTRY = 50;
const CHARACTERS_OF_ENTRY = 250_000;

/** The window after one more frame. `number` is null for a frame without one. */
export function withSent(window: SendWindow, number: number | null, characters: number): SendWindow {
  const last = window.at(-1);
  const highest = Math.max(number ?? 0, last?.[0] ?? 0);
  if (last === undefined || last[1] >= FRAMES_OF_ENTRY || last[2] >= CHARACTERS_OF_ENTRY) {
    return [...window, [highest, 1, characters]];
  }
  return [...window.slice(0, -1), [highest, last[1] + 1, last[2] + characters]];
}

/** The window after the client has read everything up to `number`. A group goes when all of it was read. */
export function withAcknowledged(window: SendWindow, number: number): SendWindow {
  return window.filter(([highest]) => highest > number);
}

/** Whether the window is full. */
export function isPaused(window: SendWindow): boolean {
  return holds(window, MOST_FRAMES, MOST_CHARACTERS);
}

/** Whether a client that reads nothing has had so many answers that it must be closed. */
export function isStalled(window: SendWindow): boolean {
  return holds(window, MOST_FRAMES + ANSWERED_FRAMES, MOST_CHARACTERS + ANSWERED_CHARACTERS);
}

/** The number of unacknowledged characters. */
export function charactersIn(window: SendWindow): number {
  return window.reduce((sum, entry) => sum + entry[2], 0);
}

function holds(window: SendWindow, mostFrames: number, mostCharacters: number): boolean {
  const frames = window.reduce((sum, entry) => sum + entry[1], 0);
  return frames >= mostFrames || charactersIn(window) >= mostCharacters;
}
