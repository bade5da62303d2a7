/**
 * What a socket was sent and has not acknowledged. The runtime takes whatever is sent to a socket that never reads and says nothing of it,
 * so acknowledgements are the only sign of how much lies there. Frames are counted in stretches, oldest first, which keeps the
 * window small enough for the socket's attachment: [the highest number in it, frames, characters]. A frame without a number counts with
 * those before it.
 */
export type Window = readonly (readonly [number: number, frames: number, characters: number])[];

/** Nothing more is told a socket above either: frames, and characters. hub-load.ts bounds those of all sockets together. */
export const MOST_FRAMES = 1000;
export const MOST_CHARACTERS = 4_000_000;
/** So much more is answered to what the client itself sends. */
const ANSWERED_FRAMES = 100;
const ANSWERED_CHARACTERS = 1_000_000;

const FRAMES_OF_STRETCH = 50;
const CHARACTERS_OF_STRETCH = 250_000;

/** The window after one more frame. `number` is the frame's own, null when it has none. */
export function withSent(window: Window, number: number | null, characters: number): Window {
  const last = window.at(-1);
  const highest = Math.max(number ?? 0, last?.[0] ?? 0);
  if (last === undefined || last[1] >= FRAMES_OF_STRETCH || last[2] >= CHARACTERS_OF_STRETCH) {
    return [...window, [highest, 1, characters]];
  }
  return [...window.slice(0, -1), [highest, last[1] + 1, last[2] + characters]];
}

/** The window after the client has said that it has read all up to `number`: a stretch goes when all of it was read. */
export function withAcknowledged(window: Window, number: number): Window {
  return window.filter(([highest]) => highest > number);
}

export function isFull(window: Window): boolean {
  return holds(window, MOST_FRAMES, MOST_CHARACTERS);
}

/** Whether a client that reads nothing has had so much answered above a full window that it must go. */
export function isOverfull(window: Window): boolean {
  return holds(window, MOST_FRAMES + ANSWERED_FRAMES, MOST_CHARACTERS + ANSWERED_CHARACTERS);
}

/** How many characters were sent and not acknowledged. */
export function charactersIn(window: Window): number {
  return window.reduce((sum, stretch) => sum + stretch[2], 0);
}

function holds(window: Window, mostFrames: number, mostCharacters: number): boolean {
  const frames = window.reduce((sum, stretch) => sum + stretch[1], 0);
  return frames >= mostFrames || charactersIn(window) >= mostCharacters;
}
