/**
 * What a socket was sent and has not acknowledged. The runtime takes whatever is sent to a socket that never reads and says nothing of it,
 * so acknowledgements are the only sign of how much lies there. Frames are counted in stretches, oldest first, which keeps the
 * window small enough for the socket's attachment: [the highest number in it, frames, characters]. A frame without a number counts with
 * those before it.
 */
export type SendWindow = readonly (readonly [number: number, frames: number, characters: number])[];

/** Nothing more is told a socket above either: frames, and characters. hub-load.ts bounds those of all sockets together. */
export const MOST_FRAMES = 1000;
export const MOST_CHARACTERS = 4_000_000;
/** So much more is answered to what the client itself sends. */
const ANSWERED_FRAMES = 100;
const ANSWERED_CHARACTERS = 1_000_000;

const FRAMES_OF_ENTRY = 50;
const CHARACTERS_OF_ENTRY = 250_000;

/** The window after one more frame. `number` is the frame's own, null when it has none. */
export function withSent(window: SendWindow, number: number | null, characters: number): SendWindow {
  const last = window.at(-1);
  const highest = Math.max(number ?? 0, last?.[0] ?? 0);
  if (last === undefined || last[1] >= FRAMES_OF_ENTRY || last[2] >= CHARACTERS_OF_ENTRY) {
    return [...window, [highest, 1, characters]];
  }
  return [...window.slice(0, -1), [highest, last[1] + 1, last[2] + characters]];
}

/** The window after the client has said that it has read all up to `number`: a stretch goes when all of it was read. */
export function withAcknowledged(window: SendWindow, number: number): SendWindow {
  return window.filter(([highest]) => highest > number);
}

export function isPaused(window: SendWindow): boolean {
  return holds(window, MOST_FRAMES, MOST_CHARACTERS);
}

/** Whether a client that reads nothing has had so much answered above a full window that it must go. */
export function isStalled(window: SendWindow): boolean {
  return holds(window, MOST_FRAMES + ANSWERED_FRAMES, MOST_CHARACTERS + ANSWERED_CHARACTERS);
}

/** How many characters were sent and not acknowledged. */
export function charactersIn(window: SendWindow): number {
  return window.reduce((sum, entry) => sum + entry[2], 0);
}

function holds(window: SendWindow, mostFrames: number, mostCharacters: number): boolean {
  const frames = window.reduce((sum, entry) => sum + entry[1], 0);
  return frames >= mostFrames || charactersIn(window) >= mostCharacters;
}
