import { errorText, writeLog } from '../platform/log.ts';
import type { Access, AccessCache } from './access.ts';
import { type ClientFrame, LONGEST_FRAME, readClientFrame } from './client-frames.ts';
import { hubFrame } from './hub-frames.ts';
import { CLOSE_REASONS, type CloseReason } from './limits.ts';
import type { LiveSocket } from './live-socket.ts';
import { canResume, type LogRange } from './log-rules.ts';
import { subscriberIdOf } from './socket-owner.ts';
import { decideSubscriptions, MOST_TOPICS, type Subscription } from './subscribe.ts';

export type FrameServerDeps = {
  logRange: () => LogRange;
  accessCache: Pick<AccessCache, 'known' | 'lookUp'>;
  /** How many more topics the hub accepts. */
  freeSubscriptions: () => number;
  /** Stores or deletes subscriptions of a socket. */
  keep: (socket: LiveSocket, added: readonly Subscription[]) => void;
  drop: (socket: LiveSocket, texts: readonly string[]) => void;
  close: (socket: LiveSocket, closeReason: CloseReason) => void;
  /** What a client of the user carries in `subscribed_channels`; null when they have no such client. */
  channelsOf: (userId: string, clientId: string) => Promise<readonly string[] | null>;
  now: () => number;
};

/** Most invalid frames of a connection. */
const MOST_FAULTS = 10;
/**
 * Limits of the frames of one socket that wait for a look-up of rights: number, and characters. A client may subscribe
 * to each topic with a frame of its own.
 */
const MOST_WAITING = MOST_TOPICS;
const MOST_WAITING_CHARACTERS = 4 * LONGEST_FRAME;

/**
 * Answers the frames of clients. Those of one socket are handled one after the other, except acknowledgements, which do
 * not wait.
 */
export class FrameServer {
  readonly #deps: FrameServerDeps;

  constructor(deps: FrameServerDeps) {
    this.#deps = deps;
  }

  /** Handles a frame. Afterwards the socket may be behind the log, and the distributor must run. */
  async receive(socket: LiveSocket, data: string | ArrayBuffer): Promise<void> {
    socket.hear(this.#deps.now());
    const read = readClientFrame(data);
    if ('frame' in read && read.frame.type === 'ack') {
      this.#acknowledge(socket, read.frame.number);
      return;
    }
    socket.waiting.push({ read, characters: 'frame' in read && typeof data === 'string' ? data.length : 0 });
    if (isTooMuch(socket.waiting)) this.#deps.close(socket, CLOSE_REASONS.flood);
    await this.#work(socket);
  }

  /** The client that a socket follows has changed. Afterwards the distributor must run. */
  async followAgain(socket: LiveSocket, clientId: string): Promise<void> {
    if (socket.state.client_id !== clientId) return;
    // A frame that waits reads the channels later than this call.
    const waits = socket.waiting.some(({ read }) => 'frame' in read && isFollowing(read.frame, clientId));
    const frame = { type: 'follow' as const, client_id: clientId, after: null, isAgain: true as const };
    if (!waits) socket.waiting.push({ read: { frame }, characters: 0 });
    await this.#work(socket);
  }

  async #work(socket: LiveSocket): Promise<void> {
    if (socket.isBusy) return;
    socket.isBusy = true;
    try {
      for (let next = socket.waiting.shift(); next !== undefined; next = socket.waiting.shift()) {
        if (socket.isOpen) await this.#handle(socket, next.read);
      }
    } finally {
      socket.isBusy = false;
    }
  }

  async #handle(socket: LiveSocket, read: ReturnType<typeof readClientFrame>): Promise<void> {
    if (socket.isStalled) this.#deps.close(socket, CLOSE_REASONS.slow);
    else if ('problem' in read) this.#complain(socket, read.problem);
    else if (read.frame.type === 'subscribe') await this.#subscribe(socket, read.frame);
    else if (read.frame.type === 'follow') await this.#follow(socket, read.frame);
    else if (read.frame.type === 'unsubscribe') this.#unsubscribe(socket, read.frame.channels);
    socket.save(this.#deps.logRange().head);
  }

  #acknowledge(socket: LiveSocket, number: number): void {
    // The answer to a later subscription shows the end of the log, which the socket may not have reached.
    if (number > this.#deps.logRange().head) this.#complain(socket, 'This number was not sent on this socket.');
    else socket.acknowledge(number);
    socket.save(this.#deps.logRange().head);
  }

  #unsubscribe(socket: LiveSocket, texts: readonly string[]): void {
    const channels = [...new Set(texts)].filter((text) => socket.unsubscribe(text));
    this.#deps.drop(socket, channels);
    socket.send(hubFrame({ type: 'unsubscribed', channels }), null, this.#deps.now());
  }

  /**
   * Gives a socket exactly the channels of a client. It follows the client from before they are read, so that a change
   * meanwhile makes it read them again.
   */
  async #follow(socket: LiveSocket, frame: ClientFrame & { type: 'follow' }): Promise<void> {
    const { owner, state } = socket;
    if (owner.kind !== 'user') return this.#complain(socket, 'Visitors have no clients.');
    const { client_id, after, isAgain = false } = frame;
    state.client_id = client_id;
    let channels: readonly string[] | null;
    try {
      channels = await this.#deps.channelsOf(owner.user_id, client_id);
    } catch (error) {
      writeLog('error', 'live_client_unavailable', { error: errorText(error) });
      return this.#deps.close(socket, CLOSE_REASONS.unavailable);
    }
    if (channels === null) {
      state.client_id = null;
      if (!isAgain) return this.#complain(socket, 'The user has no such client.');
    }
    const wanted = channels ?? [];
    const surplus = [...socket.subscriptions.keys()].filter((text) => !wanted.includes(text));
    if (surplus.length > 0) this.#unsubscribe(socket, surplus);
    const isNew = wanted.some((text) => !socket.subscriptions.has(text));
    if (!isAgain || isNew) await this.#subscribe(socket, { type: 'subscribe', channels: [...wanted], after });
  }

  async #subscribe(socket: LiveSocket, frame: ClientFrame & { type: 'subscribe' }): Promise<void> {
    const { after } = frame;
    if (after !== null && socket.state.has_begun) {
      this.#complain(socket, '"after" is allowed only in the first subscription of a connection.');
      return;
    }
    const access = await this.#accessOf(socket);
    if (!socket.isOpen) return;
    if ('closeReason' in access) {
      this.#deps.close(socket, access.closeReason);
      return;
    }
    const logRange = this.#deps.logRange();
    const resumes = after !== null && canResume(after, logRange);
    const since = resumes ? after : logRange.head;
    const who = { id: subscriberIdOf(socket.owner), subscriber: access.subscriber };
    const { added, ...answer } = decideSubscriptions(
      frame.channels,
      socket.subscriptions,
      who,
      since,
      this.#deps.freeSubscriptions(),
    );
    if (added.length > 0) {
      this.#deps.keep(socket, added);
      for (const subscription of added) socket.subscribe(subscription);
      if (!socket.state.has_begun) socket.position = since;
      socket.state.has_begun = true;
    }
    const { channels, refused, refused_count } = { ...answer, channels: answer.subscribed };
    const now = this.#deps.now();
    socket.send(hubFrame({ type: 'subscribed', channels, refused, refused_count, number: since }), null, now);
    if (after !== null && !resumes) socket.send(hubFrame({ type: 'reset', number: since }), null, now);
  }

  async #accessOf({ owner }: LiveSocket): Promise<Access> {
    const { accessCache } = this.#deps;
    return (
      accessCache.known(owner) ??
      (await accessCache.lookUp([owner])).get(owner) ?? { closeReason: CLOSE_REASONS.unavailable }
    );
  }

  #complain(socket: LiveSocket, detail: string): void {
    socket.send(hubFrame({ type: 'error', detail }), null, this.#deps.now());
    socket.state.faults += 1;
    if (socket.state.faults >= MOST_FAULTS) this.#deps.close(socket, CLOSE_REASONS.malformed);
  }
}

function isFollowing(frame: ClientFrame, clientId: string): boolean {
  return frame.type === 'follow' && frame.client_id === clientId;
}

function isTooMuch(waiting: LiveSocket['waiting']): boolean {
  if (waiting.length > MOST_WAITING) return true;
  return waiting.reduce((sum, { characters }) => sum + characters, 0) > MOST_WAITING_CHARACTERS;
}
