import type { readClientFrame } from './client-frames.ts';
import { hubFrame } from './hub-frames.ts';
import type { HubLoad } from './hub-load.ts';
import type { CloseReason } from './limits.ts';
import { charactersIn, isPaused, isStalled, type SendWindow, withAcknowledged, withSent } from './send-window.ts';
import type { SocketOwner } from './socket-owner.ts';
import type { Subscription } from './subscribe.ts';

/** What of the platform's socket is used here. */
export type PlatformSocket = {
  readonly readyState: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  serializeAttachment(attachment: unknown): void;
};

/** What outlives the hub's sleep with the platform's socket, without a written row. Times are ms. */
export type SocketState = {
  id: string;
  /** The number up to which the socket was served; null: the log's last. */
  position: number | null;
  window: SendWindow;
  /** Since when nothing more may be sent to it; null: it may. */
  full_since: number | null;
  /** When it last sent a frame, but for pings. */
  heard_at: number;
  /** Whether it has subscribed once. */
  has_begun: boolean;
  faults: number;
};

const OPEN = 1;

/** A socket of the hub: where it stands in the log, what it listens to and what it has not acknowledged. */
export class LiveSocket {
  readonly webSocket: PlatformSocket;
  readonly owner: SocketOwner;
  readonly state: SocketState;
  /** The number up to which it was served. */
  position: number;
  /** Its frames are handled one after the other: those that wait. */
  waiting: { read: ReturnType<typeof readClientFrame>; characters: number }[] = [];
  isBusy = false;
  readonly #load: HubLoad<LiveSocket>;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Whether the state differs from what was written down, but for the position. */
  #isChanged = false;

  /** @param head the log's last number. */
  constructor(
    webSocket: PlatformSocket,
    owner: SocketOwner,
    state: SocketState,
    load: HubLoad<LiveSocket>,
    head: number,
  ) {
    this.webSocket = webSocket;
    this.owner = owner;
    this.state = state;
    this.position = state.position ?? head;
    this.#load = load;
    load.sockets += 1;
    load.unacknowledged += charactersIn(state.window);
  }

  get isOpen(): boolean {
    return this.webSocket.readyState === OPEN;
  }

  get isPaused(): boolean {
    return this.state.full_since !== null;
  }

  /** Whether it goes on asking, without acknowledging any answer. */
  get isStalled(): boolean {
    return isStalled(this.state.window) || (this.isPaused && this.#load.isOverloaded);
  }

  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  subscribe(subscription: Subscription): void {
    this.#subscriptions.set(subscription.text, subscription);
    this.#load.subscriptions.add(this, subscription);
  }

  /** False when it was not subscribed. */
  unsubscribe(text: string): boolean {
    const subscription = this.#subscriptions.get(text);
    if (subscription === undefined) return false;
    this.#load.subscriptions.remove(subscription);
    return this.#subscriptions.delete(text);
  }

  /** It has gone, and takes none of the hub's memory any more. */
  leave(): void {
    for (const text of [...this.#subscriptions.keys()]) this.unsubscribe(text);
    this.#load.sockets -= 1;
    this.#load.unacknowledged -= charactersIn(this.state.window);
    this.state.window = [];
  }

  /** It has sent a frame. */
  hear(now: number): void {
    this.state.heard_at = now;
    this.#isChanged = true;
  }

  /** Sends a frame and counts it. `number`: the frame's own. `save` must follow before the turn ends. A socket that has gone takes nothing. */
  send(text: string, number: number | null, now: number): void {
    if (!this.isOpen) return;
    this.#put(text, number);
    if (this.isPaused) return;
    const isAsked = this.#load.isMoreThanShare(charactersIn(this.state.window));
    if (!isAsked && !isPaused(this.state.window)) return;
    this.state.full_since = now;
    this.#load.paused(now);
    // A client acknowledges by its own count, and does not know what the others leave to it.
    if (isAsked) this.#put(ACKNOWLEDGE, null);
  }

  acknowledge(number: number): void {
    const before = charactersIn(this.state.window);
    this.state.window = withAcknowledged(this.state.window, number);
    const left = charactersIn(this.state.window);
    this.#load.unacknowledged -= before - left;
    this.#isChanged = true;
    if (!this.isPaused || isPaused(this.state.window)) return;
    if (this.#load.isMoreThanShare(left)) this.#put(ACKNOWLEDGE, null);
    else this.state.full_since = null;
  }

  /** Writes down what must outlive the hub's sleep, if it has changed. `head`: the log's last number. */
  save(head: number): void {
    if (!this.isOpen) return;
    // One that is full is passed over while the log grows: "the log's last" would skip what came meanwhile.
    const position = this.position === head && !this.isPaused ? null : this.position;
    if (position === this.state.position && !this.#isChanged) return;
    this.state.position = position;
    this.#isChanged = false;
    this.webSocket.serializeAttachment(this.state);
  }

  close({ code, reason }: CloseReason): void {
    if (this.isOpen) this.webSocket.close(code, reason);
  }

  #put(text: string, number: number | null): void {
    this.webSocket.send(text);
    this.state.window = withSent(this.state.window, number, text.length);
    this.#load.unacknowledged += text.length;
    this.#isChanged = true;
  }
}

const ACKNOWLEDGE = hubFrame({ type: 'acknowledge' });
