import type { ThreadUpdate } from '../notifications/notifications.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { type Access, type AccessCache, factsKey } from './access.ts';
import { hubFrame } from './hub-frames.ts';
import type { CloseReason } from './limits.ts';
import type { LiveSocket } from './live-socket.ts';
import type { LogRange } from './log-rules.ts';
import type { SocketOwner } from './socket-owner.ts';
import type { LoggedEvent } from './store.ts';
import type { MatchingSubscriptions } from './subscription-index.ts';
import { UpdateFrames } from './update-frames.ts';

export type DistributorDeps = {
  sockets: () => Iterable<LiveSocket>;
  /** Whom an event concerns. `number`: null for what is not logged. */
  subscriptionsFor: (number: number | null, update: ThreadUpdate) => MatchingSubscriptions<LiveSocket>;
  extent: () => LogRange;
  eventsAfter: (number: number, limit: number) => LoggedEvent[];
  rights: Pick<AccessCache, 'known' | 'lookUp'>;
  end: (socket: LiveSocket, ending: CloseReason) => void;
  now: () => number;
  /** Rights could not be looked up: `run` is to be called again some seconds later. */
  retryLater: () => void;
  /** Lets others have their turn in the midst of much work. */
  breathe: () => Promise<void>;
};

/** A socket that is behind gets so many events of the log at a time. */
const STRETCH = 100;
/** From so many places the log is read at a time, and so many characters in all, because all of it is in memory then. */
const MOST_PLACES = 20;
const MOST_CHARACTERS = 4_000_000;

type AccessOf = (owner: SocketOwner) => Access | null;

/**
 * Brings every socket to the end of the log. Each stands at a number of its own and is served from there in order, so whoever resumes, who
 * was told to wait and who is up to date are served alike. A socket holds up no other: neither one that does not acknowledge nor one
 * whose owner's rights must be looked up.
 */
export class Distributor {
  readonly #parts: DistributorDeps;
  /** Sockets whose owners' rights are being read, and sockets whose owners' rights could not be read since `run` was called. */
  readonly #asking = new Set<LiveSocket>();
  readonly #unknown = new Set<LiveSocket>();
  #isWanted = false;
  #running: Promise<void> | null = null;
  /** Resolves when there is something new, or rights were looked up. */
  #changed = Promise.withResolvers<void>();

  constructor(parts: DistributorDeps) {
    this.#parts = parts;
  }

  /** Resolves when everybody has what there is for them. Never rejects. */
  run(): Promise<void> {
    this.#unknown.clear();
    this.#want();
    this.#running ??= this.#loop();
    return this.#running;
  }

  /** Tells those who are up to date of something that is not logged. Never rejects. */
  async sendEphemeral(update: ThreadUpdate): Promise<void> {
    const { extent, rights, subscriptionsFor } = this.#parts;
    const frames = new UpdateFrames(null, update, subscriptionsFor(null, update));
    const { head } = extent();
    const unknown: LiveSocket[] = [];
    for (const socket of frames.subscriptions.keys()) {
      if (!socket.isOpen || socket.isFull || socket.position !== head) continue;
      const access = rights.known(socket.owner);
      if (access === null) unknown.push(socket);
      else this.#send(socket, [frames], access);
    }
    if (unknown.length === 0) return;
    const accesses = await rights.lookUp(unknown.map(({ owner }) => owner));
    for (const socket of unknown) {
      const access = accesses.get(socket.owner);
      if (access !== undefined && socket.isOpen && !socket.isFull) this.#send(socket, [frames], access);
    }
  }

  #want(): void {
    this.#isWanted = true;
    this.#changed.resolve();
  }

  async #loop(): Promise<void> {
    // The caller must have the promise before the loop can end.
    await Promise.resolve();
    try {
      while (this.#isWanted || this.#asking.size > 0) {
        await this.#changed.promise;
        this.#changed = Promise.withResolvers();
        this.#isWanted = false;
        for (let isBehind = this.#serve(); isBehind; isBehind = this.#serve()) await this.#parts.breathe();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#running = null;
    }
  }

  /** Serves each socket that is behind a stretch of the log; answers whether any of them is still behind. */
  #serve(): boolean {
    const asked = this.#serveThose(this.#behind(this.#parts.sockets()), (owner) => this.#parts.rights.known(owner));
    if (asked.length > 0) void this.#ask(asked);
    return this.#behind(this.#parts.sockets()).length > 0;
  }

  /** Looks up the rights of sockets' owners and serves them. Never rejects. */
  async #ask(sockets: readonly LiveSocket[]): Promise<void> {
    for (const socket of sockets) this.#asking.add(socket);
    try {
      const accesses = await this.#parts.rights.lookUp(sockets.map(({ owner }) => owner));
      for (const socket of sockets) this.#asking.delete(socket);
      const unknown = this.#serveThose(this.#behind(sockets), (owner) => accesses.get(owner) ?? null);
      for (const socket of unknown) this.#unknown.add(socket);
      if (unknown.length > 0) this.#parts.retryLater();
    } catch (error) {
      for (const socket of sockets) this.#asking.delete(socket);
      this.#failed(error);
    } finally {
      this.#changed.resolve();
    }
  }

  /** Serves each of the sockets a stretch of the log; answers those that it concerns whose owners' access is not known. */
  #serveThose(sockets: readonly LiveSocket[], accessOf: AccessOf): LiveSocket[] {
    const unknown: LiveSocket[] = [];
    const { extent } = this.#parts;
    for (const socket of sockets) if (socket.position < extent().floor) this.#reset(socket);
    const stretches = this.#stretches();
    const accesses = remembered(accessOf);
    for (const [place, there] of placesFromEnd(sockets)) {
      const stretch = stretches(place);
      if (stretch === null) break;
      for (const socket of there) {
        if (!stretch.some(({ subscriptions }) => subscriptions.has(socket))) {
          socket.position = stretch.at(-1)?.number ?? place;
        } else {
          const access = accesses(socket.owner);
          if (access === null) unknown.push(socket);
          else this.#send(socket, stretch, access);
        }
        socket.save(extent().head);
      }
    }
    return unknown;
  }

  #behind(sockets: Iterable<LiveSocket>): LiveSocket[] {
    const { head } = this.#parts.extent();
    return [...sockets].filter(
      (socket) =>
        socket.position < head &&
        socket.isOpen &&
        !socket.isFull &&
        !this.#asking.has(socket) &&
        !this.#unknown.has(socket),
    );
  }

  /** The log from a number on, as frames that all sockets share; null when enough of it was read. */
  #stretches(): (after: number) => UpdateFrames[] | null {
    const { eventsAfter, subscriptionsFor } = this.#parts;
    const shared = new Map<number, UpdateFrames>();
    let characters = 0;
    return (after) => {
      if (characters >= MOST_CHARACTERS) return null;
      return eventsAfter(after, STRETCH).map(({ number, update, characters: more }) => {
        const known = shared.get(number);
        if (known !== undefined) return known;
        characters += more;
        const frames = new UpdateFrames(number, update, subscriptionsFor(number, update));
        shared.set(number, frames);
        return frames;
      });
    };
  }

  #send(socket: LiveSocket, stretch: readonly UpdateFrames[], access: Access): void {
    if ('ending' in access) {
      this.#parts.end(socket, access.ending);
      return;
    }
    for (const frames of stretch) {
      if (socket.isFull) break;
      socket.position = frames.number ?? socket.position;
      const text = frames.frameFor(socket, access.subscriber);
      if (text !== null) socket.send(text, frames.number, this.#parts.now());
    }
    socket.save(this.#parts.extent().head);
  }

  #reset(socket: LiveSocket): void {
    const { head } = this.#parts.extent();
    socket.position = head;
    socket.send(hubFrame({ type: 'reset', number: head }), head, this.#parts.now());
    socket.save(head);
  }

  #failed(error: unknown): void {
    writeLog('error', 'live_distribution_failed', { error: errorText(error) });
    this.#parts.retryLater();
  }
}

/** Sockets by their places in the log, those at the MOST_PLACES highest first: who is nearly up to date does not wait for who has much to catch up. */
function placesFromEnd(sockets: readonly LiveSocket[]): [number, LiveSocket[]][] {
  const places = [...Map.groupBy(sockets, ({ position }) => position)];
  return places.toSorted(([one], [other]) => other - one).slice(0, MOST_PLACES);
}

/** Asks once for all sockets that somebody has opened by one credential, so that they share what is made for a subscriber. */
function remembered(accessOf: AccessOf): AccessOf {
  const known = new Map<string, Access | null>();
  return (owner) => {
    const key = `${factsKey(owner)}/${owner.expires_at}`;
    const access = known.get(key) ?? accessOf(owner);
    known.set(key, access);
    return access;
  };
}
