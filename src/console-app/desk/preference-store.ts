import { call } from '../hub/call.ts';
import { storedValue } from '../replica/ports.ts';
import { type Preferences, preferencesIn } from './preferences.ts';

/** A change is told to the hub so long (ms) after the last one, and again so long after it was not heard. */
const QUIET = 1_000;
const AGAIN = 30_000;

type Kept = { preferences: unknown; is_told: boolean };

/** The preferences of a user. A change holds here at once; the hub gets it a moment later, and other devices with it. */
export class PreferenceStore {
  readonly #path: string;
  readonly #key: string;
  readonly #listeners = new Set<() => void>();
  readonly #watch = new AbortController();
  #now: Preferences;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ofHub`: what the hub had when the page was loaded. */
  constructor(userId: string, ofHub: unknown) {
    this.#path = `/api/v5/users/${userId}/preferences`;
    this.#key = `umi.preferences.${userId}`;
    const here = this.#read();
    this.#now = preferencesIn(here?.is_told === false ? here.preferences : ofHub);
  }

  /** Tells what an earlier page could not tell, and follows the other tabs until `stop`. */
  start(): void {
    if (this.#read()?.is_told === false) this.#tellAfter(QUIET);
    const heard = ({ key }: StorageEvent) => {
      if (key === this.#key) this.#become(preferencesIn(this.#read()?.preferences));
    };
    addEventListener('storage', heard, { signal: this.#watch.signal });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#watch.abort();
  }

  readonly get = (): Preferences => this.#now;

  /** Answers how to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  change(changes: Partial<Preferences>): void {
    this.#become({ ...this.#now, ...changes });
    this.#keep(false);
    this.#tellAfter(QUIET);
  }

  #become(preferences: Preferences): void {
    this.#now = preferences;
    for (const listener of this.#listeners) listener();
  }

  #tellAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#tell().catch(reportError);
    }, milliseconds);
  }

  async #tell(): Promise<void> {
    const told = this.#now;
    const { ok } = await call(this.#path, { method: 'PATCH', body: { console: told } });
    if (ok && told === this.#now) this.#keep(true);
    else if (!ok) this.#tellAfter(AGAIN);
  }

  #keep(is_told: boolean): void {
    try {
      localStorage.setItem(this.#key, JSON.stringify({ preferences: this.#now, is_told } satisfies Kept));
    } catch {
      // A full browser forgets it with the page, unless the hub was told.
    }
  }

  #read(): Kept | null {
    return storedValue(localStorage.getItem(this.#key)) as Kept | null;
  }
}
