import type { readClientFrame } from './client-frames.ts';
import { hubFrame } from './hub-frames.ts';
import type { HubLoad } from './hub-load.ts';
import type { CloseReason } from './limits.ts';
import { charactersIn, isPaused, isStalled, type SendWindow, withAcknowledged, withSent } from './send-window.ts';
import type { SocketOwner } from './socket-owner.ts';
import type { Subscription } from './subscribe.ts';

/** The part of the platform's socket that is used here. */
export type PlatformSocket = {
  readonly readyState: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  serializeAttachment(attachment: unknown): void;
};

/**
 * A socket's state, which the platform keeps with the connection while the hub sleeps. It is serialized, so its keys
 * keep their names. Times are ms.
 */
export type SocketState = {
  id: string;
  /** The number up to which the socket was served. Null: the end of the log. */
  position: number | null;
  window: SendWindow;
  /** Since when the socket is paused; null: it is not. */
  full_since: number | null;
  /** When it last sent a frame other than a ping. */
  heard_at: number;
  /** Whether it has ever subscribed. */
  has_begun: boolean;
  faults: number;
  /** The client whose channels it follows. Missing: none. */
  client_id?: string | null;
};

const OPEN = 1;

/** A socket of the hub: its position in the log, its subscriptions and what it has not acknowledged. */
export class LiveSocket {
  readonly webSocket: PlatformSocket;
  readonly owner: SocketOwner;
  readonly state: SocketState;
  /** The number up to which it was served. */
  position: number;
  /** Frames that wait, since those of one socket are handled one after the other. */
  waiting: { read: ReturnType<typeof readClientFrame>; characters: number }[] = [];
  isBusy = false;
  readonly #load: HubLoad<LiveSocket>;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Whether the state, apart from the position, differs from what was stored. */
  #isChanged = false;

  /** @param head the number of the log's last event. */
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

  /** Whether the connection is open. */
  get isOpen(): boolean {
    return this.webSocket.readyState === OPEN;
  }

  /** Whether it gets no notifications until it acknowledges. */
  get isPaused(): boolean {
    return this.state.full_since !== null;
  }

  /** Whether its client goes on sending frames without acknowledging the answers. */
  get isStalled(): boolean {
    return isStalled(this.state.window) || (this.isPaused && this.#load.isOverloaded);
  }

  /** By the text that the client sent. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  /** Adds a subscription, in memory. */
  subscribe(subscription: Subscription): void {
    this.#subscriptions.set(subscription.text, subscription);
    this.#load.subscriptions.add(this, subscription);
  }

  /** Answers whether it was subscribed. */
  unsubscribe(text: string): boolean {
    const subscription = this.#subscriptions.get(text);
    if (subscription === undefined) return false;
    this.#load.subscriptions.remove(subscription);
    return this.#subscriptions.delete(text);
  }

  /** Releases the memory of a socket that has gone. */
  leave(): void {
    for (const text of [...this.#subscriptions.keys()]) this.unsubscribe(text);
    this.#load.sockets -= 1;
    this.#load.unacknowledged -= charactersIn(this.state.window);
    this.state.window = [];
  }

  /** Notes that it has sent a frame. */
  hear(now: number): void {
    this.state.heard_at = now;
    this.#isChanged = true;
  }

  /**
   * Sends a frame and counts it. `number`: the frame's own. `save` must follow in the same turn. Does nothing when the
   * socket has gone.
   */
  send(text: string, number: number | null, now: number): void {
    if (!this.isOpen) return;
    this.#put(text, number);
    if (this.isPaused) return;
    const isAsked = this.#load.isMoreThanShare(charactersIn(this.state.window));
    if (!isAsked && !isPaused(this.state.window)) return;
    this.state.full_since = now;
    this.#load.paused(now);
    // A client counts only its own frames, and cannot know that other sockets reduce its share.
    if (isAsked) this.#put(ACKNOWLEDGE, null);
  }

  /** Notes that the client has read everything up to a number. A paused socket may go on then. */
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

  /** Stores the state, if it has changed. `head`: the number of the log's last event. */
  save(head: number): void {
    if (!this.isOpen) return;
    // A paused socket stays behind while the log grows: null would skip what comes meanwhile.
    const position = this.position === head && !this.isPaused ? null : this.position;
    if (position === this.state.position && !this.#isChanged) return;
    this.state.position = position;
    this.#isChanged = false;
    this.webSocket.serializeAttachment(this.state);
  }

  /** Closes the connection, if it is open. */
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
