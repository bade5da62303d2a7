import type { Clock } from './ports.ts';

/** What ends by itself after a time, unless it begins again or is ended before. */
export class Passing {
  readonly #clock: Clock;
  /** How to cancel the end, by name. */
  readonly #ends = new Map<string, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `lasts` in ms. */
  begin(name: string, lasts: number, onEnd: () => void): void {
    this.end(name);
    const then = () => {
      this.#ends.delete(name);
      onEnd();
    };
    this.#ends.set(name, this.#clock.after(lasts, then));
  }

  end(name: string): void {
    this.#ends.get(name)?.();
    this.#ends.delete(name);
  }

  stop(): void {
    for (const name of [...this.#ends.keys()]) this.end(name);
  }
}
