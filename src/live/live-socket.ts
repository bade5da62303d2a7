import type { readClientFrame } from './client-frames.ts';
import type { Ending } from './endings.ts';
import type { SocketOwner } from './socket-owner.ts';
import type { Subscription } from './subscribe.ts';
import { isFull, type Window, withAcknowledged, withSent } from './window.ts';

/** What of the platform's socket is used here. */
export type Wire = {
  readonly readyState: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  serializeAttachment(attachment: unknown): void;
};

/** What outlives the hub's sleep with the platform's socket, without a written row. Times are ms. */
export type Attachment = {
  id: string;
  /** The number up to which the socket was served; null: the log's last. */
  position: number | null;
  window: Window;
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
  readonly wire: Wire;
  readonly owner: SocketOwner;
  readonly subscriptions: Map<string, Subscription>;
  readonly state: Attachment;
  /** The number up to which it was served. */
  position: number;
  /** Its frames are handled one after the other: those that wait. */
  waiting: ReturnType<typeof readClientFrame>[] = [];
  isBusy = false;
  #needs: string | null = null;

  constructor(
    wire: Wire,
    owner: SocketOwner,
    state: Attachment,
    subscriptions: Map<string, Subscription>,
    head: number,
  ) {
    this.wire = wire;
    this.owner = owner;
    this.state = state;
    this.subscriptions = subscriptions;
    this.position = state.position ?? head;
  }

  get isOpen(): boolean {
    return this.wire.readyState === OPEN;
  }

  get isFull(): boolean {
    return this.state.full_since !== null;
  }

  /** Which kinds of collections its channels are of: sockets of one user with the same have the same rights. */
  get needs(): string {
    this.#needs ??= [
      ...new Set([...this.subscriptions.values()].map(({ channel }) => `${channel.chats} ${channel.part}`)),
    ]
      .toSorted()
      .join();
    return this.#needs;
  }

  subscribe(subscription: Subscription): void {
    this.subscriptions.set(subscription.text, subscription);
    this.#needs = null;
  }

  /** False when it was not subscribed. */
  unsubscribe(text: string): boolean {
    this.#needs = null;
    return this.subscriptions.delete(text);
  }

  /** Sends a frame and counts it. `save` must follow before the turn ends. A socket that has gone takes nothing. */
  send(text: string, now: number): void {
    if (!this.isOpen) return;
    this.wire.send(text);
    this.state.window = withSent(this.state.window, this.position, text.length);
    if (this.state.full_since === null && isFull(this.state.window)) this.state.full_since = now;
  }

  acknowledge(number: number): void {
    this.state.window = withAcknowledged(this.state.window, number);
    if (!isFull(this.state.window)) this.state.full_since = null;
  }

  /** Writes down what must outlive the hub's sleep. `head`: the log's last number. */
  save(head: number): void {
    if (!this.isOpen) return;
    this.state.position = this.position === head ? null : this.position;
    this.wire.serializeAttachment(this.state);
  }

  close({ code, reason }: Ending): void {
    if (this.isOpen) this.wire.close(code, reason);
  }
}
