/** How a key press is told. */
export type KeyPress = {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
};

/** So long (ms) the first key of two waits for the second. */
const PATIENCE = 1_500;

/**
 * Finds the command of key presses, such as `t` or `g w`. A press with Alt is the browser's. `now` in ms.
 */
export class KeySequence {
  readonly #keys: ReadonlySet<string>;
  #begun = '';
  #begunAt = 0;

  constructor(keys: readonly string[]) {
    this.#keys = new Set(keys);
  }

  /** The command's keys, or null when the press belongs to none yet. */
  press(event: KeyPress, now: number): string | null {
    if (event.altKey) return null;
    const name = nameOfPress(event);
    const two = now - this.#begunAt < PATIENCE && this.#begun !== '' ? `${this.#begun} ${name}` : '';
    this.#begun = '';
    if (this.#keys.has(two)) return two;
    if (this.#keys.has(name)) return name;
    if ([...this.#keys].some((each) => each.startsWith(`${name} `))) {
      this.#begun = name;
      this.#begunAt = now;
    }
    return null;
  }
}

function nameOfPress({ key, ctrlKey, metaKey, shiftKey }: KeyPress): string {
  if (ctrlKey || metaKey) return `Ctrl+${key.toUpperCase()}`;
  return shiftKey && /^[a-zA-Z]$/.test(key) ? `Shift+${key.toUpperCase()}` : key;
}
