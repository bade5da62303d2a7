import { call } from './call.ts';

/** How long the hub takes somebody for present after the last renewal (s), and how often it is renewed (ms). */
const EXPIRES_IN = 120;
const RENEWED_EVERY = 50_000;

/**
 * Makes a user present while the console is open, with one client for each tab. Sockets make nobody present. A page that
 * is closed or loaded again leaves its client, so that a short break moves no chat; it ends by itself.
 */
export class Presence {
  readonly #clients: string;
  /** Where the tab keeps its client's id, so that it goes on with it when it is loaded again as the same user. */
  readonly #kept: string;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isAway = false;
  readonly #listeners = new Set<() => void>();

  constructor(userId: string) {
    this.#clients = `/api/v5/users/${userId}/clients`;
    this.#kept = `umi.client.${userId}`;
  }

  readonly isAway = (): boolean => this.#isAway;

  /** Calls back when the user has said that they are away, or back. Answers how to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Resolves when the hub knows. */
  async begin(): Promise<void> {
    this.#become(false);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.renew(), RENEWED_EVERY);
    await this.#renewed();
  }

  /** After a break the client may have expired. */
  renew(): void {
    if (!this.#isAway) this.#renewed().catch(console.error);
  }

  /** The page goes: nothing is renewed any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Makes the user absent at once, as far as this tab goes. */
  async end(): Promise<void> {
    this.#become(true);
    clearInterval(this.#timer);
    const id = sessionStorage.getItem(this.#kept);
    sessionStorage.removeItem(this.#kept);
    if (id !== null) await call(`${this.#clients}/${id}`, { method: 'DELETE' });
  }

  #become(isAway: boolean): void {
    this.#isAway = isAway;
    for (const listener of this.#listeners) listener();
  }

  async #renewed(): Promise<void> {
    const id = sessionStorage.getItem(this.#kept);
    const body = { presence_expires_in: EXPIRES_IN };
    const renewed = id === null ? null : await call(`${this.#clients}/${id}`, { method: 'PATCH', body });
    if (renewed !== null && (renewed.ok || renewed.status !== 404)) return;
    const made = await call<{ id: string }>(this.#clients, { method: 'POST', body });
    if (made.ok) sessionStorage.setItem(this.#kept, made.body.id);
  }
}
