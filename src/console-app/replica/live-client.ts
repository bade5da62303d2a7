import type { ClientFrame } from '../../live/client-frames.ts';
import type { HubFrame, LiveNotification, RefusedTopic } from '../../resources/live-frames.ts';
import type { Clock, OpenSocket, Socket } from './ports.ts';

export type LiveStatus =
  | { is: 'connecting' }
  /** Subscribed: the hub tells every change. */
  | { is: 'live' }
  /** Connects again at `until` (ms). `since`: when the connection was lost. */
  | { is: 'waiting'; since: number; until: number }
  /** The session has ended. `resume` goes on from the same number. */
  | { is: 'signed_out' }
  /** Connecting again would not help. */
  | { is: 'refused'; reason: string }
  | { is: 'stopped' };

export type LiveEvents = {
  onStatus(status: LiveStatus): void;
  /** `number` is null when the socket does not count them. */
  onNotifications(notifications: readonly LiveNotification[], number: number | null): void;
  /**
   * The socket has its channels. `isResumed`: it goes on where the last connection was lost, unless a reset follows.
   * `openedAt`: when the connection was opened, by the clock of the hub (ms).
   */
  onSubscribed(isResumed: boolean, refused: readonly RefusedTopic[], openedAt: number): void;
  /** Something may have been missed: what is known must be read by REST again. */
  onReset(): void;
  /** The hub did not understand a frame. */
  onError(detail: string): void;
};

export type LiveDependencies = {
  openSocket: OpenSocket;
  clock: Clock;
  /** From 0 to 1, so that not all clients connect at the same time. */
  random(): number;
  /** Whether the session still holds. A page does not learn why a handshake failed. Rejects when there was no answer. */
  isSignedIn(): Promise<boolean>;
};

/** Times in ms. */
export const PING_EVERY = { visible: 10_000, hidden: 30_000 } as const;
export const LONGEST_PONG = 4_000;
const LONGEST_CONNECT = 10_000;
const SHORTEST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
/** After 1013: the hub is overloaded. */
const WAIT_WHEN_BUSY = 5_000;
/** An acknowledgement is due after as many frames, or characters of them (docs/live.md). */
const ACKNOWLEDGE_AFTER = { frames: 100, characters: 400_000 } as const;

/**
 * One live socket that lasts: it finds out when it is dead, connects again for ever, and resumes from the number of the
 * last notification (docs/live.md).
 */
export class LiveClient {
  /** The number to resume from; null before the first subscription. */
  number: number | null = null;
  status: LiveStatus = { is: 'stopped' };
  readonly #dependencies: LiveDependencies;
  readonly #channels: readonly string[];
  readonly #events: LiveEvents;
  #socket: Socket | null = null;
  /** Grows with each connection, so that what an earlier one still says is known. */
  #connection = 0;
  /** When the connection was opened, by the clock of the hub (ms). */
  #openedAt = 0;
  #failures = 0;
  #lostAt: number | null = null;
  #isVisible = true;
  #heardAt = 0;
  #unread = { frames: 0, characters: 0 };
  /** How to cancel what will happen. */
  readonly #timers = new Map<'connect' | 'ping' | 'pong', () => void>();

  constructor(dependencies: LiveDependencies, channels: readonly string[], events: LiveEvents) {
    this.#dependencies = dependencies;
    this.#channels = channels;
    this.#events = events;
  }

  start(): void {
    if (this.status.is === 'stopped') this.#connect();
  }

  stop(): void {
    this.#leave();
    this.#become({ is: 'stopped' });
  }

  /** Connects now instead of later: the network is back, or the user has signed in again. */
  resume(): void {
    if (this.status.is !== 'waiting' && this.status.is !== 'signed_out') return;
    this.#failures = 0;
    this.#connect();
  }

  /** The browser says that the network is gone: the socket may stay silent for long. */
  loseNetwork(): void {
    if (this.status.is === 'live' || this.status.is === 'connecting') this.#again(0);
  }

  /** A page that comes into view asks at once whether its connection is alive. */
  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (!isVisible) return;
    if (this.status.is === 'live') this.#ping();
    else this.resume();
  }

  #connect(): void {
    this.#leave();
    this.#become({ is: 'connecting' });
    const connection = this.#connection;
    const isCurrent = () => connection === this.#connection;
    let isWelcome = false;
    this.#unread = { frames: 0, characters: 0 };
    this.#later('connect', LONGEST_CONNECT, () => {
      if (this.status.is === 'connecting') this.#again(0);
    });
    this.#socket = this.#dependencies.openSocket({
      onText: (text) => {
        if (!isCurrent()) return;
        this.#heardAt = this.#dependencies.clock.now();
        if (text === 'pong') return;
        isWelcome = true;
        this.#receive(JSON.parse(text) as HubFrame, text.length);
      },
      onClose: (code, reason) => {
        if (isCurrent()) this.#closed(code, reason, isWelcome);
      },
    });
  }

  #receive(frame: HubFrame, characters: number): void {
    switch (frame.type) {
      case 'welcome':
        this.#openedAt = Date.parse(frame.time);
        this.#say({ type: 'subscribe', channels: [...this.#channels], after: this.number });
        break;
      case 'subscribed': {
        const isResumed = this.number !== null;
        this.number ??= frame.number;
        this.#failures = 0;
        this.#lostAt = null;
        this.#events.onSubscribed(isResumed, frame.refused, this.#openedAt);
        this.#become({ is: 'live' });
        this.#pingLater();
        break;
      }
      case 'notifications':
        this.#events.onNotifications(frame.notifications, frame.number);
        this.number = frame.number ?? this.number;
        break;
      case 'reset':
        this.number = frame.number;
        this.#events.onReset();
        break;
      case 'error':
        this.#events.onError(frame.detail);
        break;
      case 'unsubscribed':
      case 'acknowledge':
        break;
    }
    this.#count(characters, frame.type === 'acknowledge');
  }

  #count(characters: number, isAsked: boolean): void {
    this.#unread.frames += 1;
    this.#unread.characters += characters;
    const { frames, characters: sum } = ACKNOWLEDGE_AFTER;
    const isDue = isAsked || this.#unread.frames >= frames || this.#unread.characters >= sum;
    if (!isDue || this.number === null) return;
    this.#say({ type: 'ack', number: this.number });
    this.#unread = { frames: 0, characters: 0 };
  }

  #say(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #pingLater(): void {
    this.#later('ping', this.#isVisible ? PING_EVERY.visible : PING_EVERY.hidden, () => {
      this.#ping();
      this.#pingLater();
    });
  }

  #ping(): void {
    const asked = this.#dependencies.clock.now();
    this.#heardAt = Math.min(this.#heardAt, asked - 1);
    this.#socket?.send('ping');
    this.#later('pong', LONGEST_PONG, () => {
      if (this.#heardAt < asked) this.#again(0);
    });
  }

  #closed(code: number, reason: string, wasWelcome: boolean): void {
    if (code === 4403 || code === 1008) this.#end({ is: 'refused', reason });
    else {
      this.#again(code === 1013 ? WAIT_WHEN_BUSY : 0);
      // A session that was prolonged ends its socket with 4401 all the same.
      if (!wasWelcome || code === 4401) this.#askWhy();
    }
  }

  #askWhy(): void {
    const connection = this.#connection;
    this.#dependencies.isSignedIn().then(
      (isSignedIn) => {
        if (!isSignedIn && connection === this.#connection) this.#end({ is: 'signed_out' });
      },
      // No answer: the network is gone, which is why it waits already.
      () => {},
    );
  }

  #end(status: LiveStatus): void {
    this.#leave();
    this.#become(status);
  }

  /** Connects again after 1 s, 2 s, 4 s … 30 s, and up to half as much more. `least` in ms. */
  #again(least: number): void {
    this.#leave();
    const { clock, random } = this.#dependencies;
    this.#lostAt ??= clock.now();
    const wait = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** Math.min(this.#failures, 10)) * (1 + random() / 2);
    this.#failures += 1;
    const until = clock.now() + Math.max(least, wait);
    this.#become({ is: 'waiting', since: this.#lostAt, until });
    this.#later('connect', until - clock.now(), () => this.#connect());
  }

  #become(status: LiveStatus): void {
    this.status = status;
    this.#events.onStatus(status);
  }

  #later(name: 'connect' | 'ping' | 'pong', milliseconds: number, then: () => void): void {
    this.#timers.get(name)?.();
    this.#timers.set(name, this.#dependencies.clock.after(milliseconds, then));
  }

  #leave(): void {
    this.#connection += 1;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
