import { errorText, writeLog } from '../log.ts';
import { type ClientFrame, readClientFrame } from './client-frames.ts';
import { ENDINGS, type Ending } from './endings.ts';
import { hubFrame } from './hub-frames.ts';
import type { LiveSocket } from './live-socket.ts';
import { canResume, type Extent } from './log-rules.ts';
import type { Rights, Standing } from './rights.ts';
import { subscriberOf } from './socket-owner.ts';
import { decideSubscriptions, type Subscription } from './subscribe.ts';

export type FrameServerParts = {
  extent: () => Extent;
  rights: Pick<Rights, 'standingOf'>;
  /** Writes down what a socket has subscribed, or has no more. */
  keep: (socket: LiveSocket, added: readonly Subscription[]) => void;
  drop: (socket: LiveSocket, texts: readonly string[]) => void;
  end: (socket: LiveSocket, ending: Ending) => void;
  now: () => number;
};

/** A connection may send so many frames that mean nothing. */
const MOST_FAULTS = 10;
/** So many frames of one socket may wait while the rights are looked up for an earlier one. */
const MOST_WAITING = 20;

/** Answers what clients send. The frames of one socket are handled one after the other, but for acknowledgements, which need not wait. */
export class FrameServer {
  readonly #parts: FrameServerParts;

  constructor(parts: FrameServerParts) {
    this.#parts = parts;
  }

  /** Afterwards the socket may be behind the log: the distributor is to run. */
  async receive(socket: LiveSocket, data: string | ArrayBuffer): Promise<void> {
    socket.state.heard_at = this.#parts.now();
    const read = readClientFrame(data);
    if ('frame' in read && read.frame.type === 'ack') {
      this.#acknowledge(socket, read.frame.number);
      return;
    }
    socket.waiting.push(read);
    if (socket.waiting.length > MOST_WAITING) this.#parts.end(socket, ENDINGS.malformed);
    if (socket.isBusy) return;
    socket.isBusy = true;
    try {
      for (let next = socket.waiting.shift(); next !== undefined; next = socket.waiting.shift()) {
        if (socket.isOpen) await this.#handle(socket, next);
      }
    } finally {
      socket.isBusy = false;
    }
  }

  async #handle(socket: LiveSocket, read: ReturnType<typeof readClientFrame>): Promise<void> {
    if ('problem' in read) this.#complain(socket, read.problem);
    else if (read.frame.type === 'subscribe') await this.#subscribe(socket, read.frame);
    else if (read.frame.type === 'unsubscribe') this.#unsubscribe(socket, read.frame.channels);
    socket.save(this.#parts.extent().head);
  }

  #acknowledge(socket: LiveSocket, number: number): void {
    if (number > socket.position) this.#complain(socket, 'That number was not sent on this socket.');
    else socket.acknowledge(number);
    socket.save(this.#parts.extent().head);
  }

  #unsubscribe(socket: LiveSocket, texts: readonly string[]): void {
    const channels = [...new Set(texts)].filter((text) => socket.unsubscribe(text));
    this.#parts.drop(socket, channels);
    socket.send(hubFrame({ type: 'unsubscribed', channels }), this.#parts.now());
  }

  async #subscribe(socket: LiveSocket, frame: ClientFrame & { type: 'subscribe' }): Promise<void> {
    const { after } = frame;
    if (after !== null && socket.state.has_begun) {
      this.#complain(socket, '"after" stands in the first subscription of a connection only.');
      return;
    }
    const standing = await this.#standingOf(socket);
    if (!socket.isOpen) return;
    if ('ending' in standing) {
      this.#parts.end(socket, standing.ending);
      return;
    }
    const extent = this.#parts.extent();
    const resumes = after !== null && canResume(after, extent);
    const since = resumes ? after : extent.head;
    const who = { subscriber: subscriberOf(socket.owner), listener: standing.listener };
    const { added, ...answer } = decideSubscriptions(frame.channels, socket.subscriptions, who, since);
    if (added.length > 0) {
      this.#parts.keep(socket, added);
      for (const subscription of added) socket.subscribe(subscription);
      if (!socket.state.has_begun) socket.position = since;
      socket.state.has_begun = true;
    }
    const { channels, refused, refused_count } = { ...answer, channels: answer.subscribed };
    const now = this.#parts.now();
    socket.send(hubFrame({ type: 'subscribed', channels, refused, refused_count, number: since }), now);
    if (after !== null && !resumes) socket.send(hubFrame({ type: 'reset', number: since }), now);
  }

  /** Which scopes the owner has; reaches are looked up when there is something to tell. */
  async #standingOf({ owner }: LiveSocket): Promise<Standing> {
    try {
      return await this.#parts.rights.standingOf(owner, '', () => []);
    } catch (error) {
      writeLog('error', 'live_rights_unavailable', { error: errorText(error) });
      return { ending: ENDINGS.unavailable };
    }
  }

  #complain(socket: LiveSocket, detail: string): void {
    socket.send(hubFrame({ type: 'error', detail }), this.#parts.now());
    socket.state.faults += 1;
    if (socket.state.faults >= MOST_FAULTS) this.#parts.end(socket, ENDINGS.malformed);
  }
}
