import { call } from './call.ts';

/** How long the hub takes somebody for present after the last renewal (s), and how often it is renewed (ms). */
const EXPIRES_IN = 120;
const RENEWED_EVERY = 55_000;
/** After a renewal that the hub has not heard, the next one comes so soon (ms). */
const AGAIN_AFTER = 5_000;

/** `unheard`: the last renewal failed, so the hub may already take the user for absent. */
export type PresenceStatus = 'available' | 'unheard' | 'away';

/**
 * Makes a user present while the console is open, with one client for each tab. Sockets make nobody present. A page that
 * is closed or loaded again leaves its client, so that a short break moves no chat; it ends by itself.
 */
export class Presence {
  readonly #clients: string;
  /** Where the tab keeps its client's id, so that it goes on with it when it is loaded again as the same user. */
  readonly #kept: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #status: PresenceStatus = 'available';
  #isStopped = false;
  /** What the tab has said last. Resolves when the hub has answered. */
  #said: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<() => void>();

  constructor(userId: string) {
    this.#clients = `/api/v5/users/${userId}/clients`;
    this.#kept = `umi.client.${userId}`;
  }

  readonly status = (): PresenceStatus => this.#status;

  /** Calls back when the status is another. Answers how to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Resolves when the hub knows. */
  begin(): Promise<void> {
    this.#become('available');
    this.#said = this.#renew();
    return this.#said;
  }

  /** Resolves when the hub knows what the tab said last. Before that it may take the user for absent. */
  heard(): Promise<void> {
    return this.#said;
  }

  /** After a break the client may have expired. */
  renew(): void {
    if (this.#status === 'away') return;
    this.#said = this.#renew();
    this.#said.catch(reportError);
  }

  /** The page goes: nothing is renewed any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Makes the user absent at once, as far as this tab goes. */
  async end(): Promise<void> {
    this.#become('away');
    clearTimeout(this.#timer);
    const id = sessionStorage.getItem(this.#kept);
    sessionStorage.removeItem(this.#kept);
    if (id !== null) await call(`${this.#clients}/${id}`, { method: 'DELETE' });
  }

  async #renew(): Promise<void> {
    clearTimeout(this.#timer);
    const isHeard = await this.#isRenewed();
    if (this.#isStopped || this.#status === 'away') return;
    this.#become(isHeard ? 'available' : 'unheard');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.renew(), isHeard ? RENEWED_EVERY : AGAIN_AFTER);
  }

  #become(status: PresenceStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const listener of this.#listeners) listener();
  }

  /** Whether the hub has heard it. */
  async #isRenewed(): Promise<boolean> {
    const id = sessionStorage.getItem(this.#kept);
    const body = { presence_expires_in: EXPIRES_IN };
    const renewed = id === null ? null : await call(`${this.#clients}/${id}`, { method: 'PATCH', body });
    if (renewed !== null && (renewed.ok || renewed.status !== 404)) return renewed.ok;
    const made = await call<{ id: string }>(this.#clients, { method: 'POST', body });
    if (made.ok) sessionStorage.setItem(this.#kept, made.body.id);
    return made.ok;
  }
}
