/**
 * What a socket was sent and has not acknowledged. The runtime takes whatever is sent to a socket that never reads and says nothing of it,
 * so acknowledgements are the only sign of how much lies there. Frames are counted in stretches, oldest first, which keeps the
 * window small enough for the socket's attachment: [the highest number in it, frames, characters].
 */
export type Window = readonly (readonly [number: number, frames: number, characters: number])[];

/** Nothing more is sent above either: frames, and characters. */
export const MOST_FRAMES = 1000;
export const MOST_CHARACTERS = 4_000_000;

const FRAMES_OF_STRETCH = 50;
const CHARACTERS_OF_STRETCH = 250_000;

/** The window after one more frame. `number` is the highest that the socket has been sent with it. */
export function withSent(window: Window, number: number, characters: number): Window {
  const last = window.at(-1);
  if (last === undefined || last[1] >= FRAMES_OF_STRETCH || last[2] >= CHARACTERS_OF_STRETCH) {
    return [...window, [number, 1, characters]];
  }
  return [...window.slice(0, -1), [number, last[1] + 1, last[2] + characters]];
}

/** The window after the client has said that it has read all up to `number`: a stretch goes when all of it was read. */
export function withAcknowledged(window: Window, number: number): Window {
  return window.filter(([highest]) => highest > number);
}

export function isFull(window: Window): boolean {
  let frames = 0;
  let characters = 0;
  for (const stretch of window) {
    frames += stretch[1];
    characters += stretch[2];
  }
  return frames >= MOST_FRAMES || characters >= MOST_CHARACTERS;
}
