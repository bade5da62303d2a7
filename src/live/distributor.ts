import type { ThreadUpdate } from '../notifications/notifications.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { type Access, type AccessCache, factsKey } from './access.ts';
import { hubFrame } from './hub-frames.ts';
import type { LoggedEvent } from './hub-store.ts';
import type { CloseReason } from './limits.ts';
import type { LiveSocket } from './live-socket.ts';
import type { LogRange } from './log-rules.ts';
import type { SocketOwner } from './socket-owner.ts';
import type { MatchingSubscriptions } from './subscription-index.ts';
import { UpdateFrames } from './update-frames.ts';

export type DistributorDeps = {
  sockets: () => Iterable<LiveSocket>;
  /** Whom an event concerns. `number`: null for what is not logged. */
  subscriptionsFor: (number: number | null, update: ThreadUpdate) => MatchingSubscriptions<LiveSocket>;
  logRange: () => LogRange;
  eventsAfter: (number: number, limit: number) => LoggedEvent[];
  accessCache: Pick<AccessCache, 'known' | 'lookUp'>;
  close: (socket: LiveSocket, closeReason: CloseReason) => void;
  now: () => number;
  /** Rights could not be looked up: `run` is to be called again some seconds later. */
  retryLater: () => void;
  /** Lets others have their turn in the midst of much work. */
  yieldToOthers: () => Promise<void>;
};

/** A socket that is behind gets so many events of the log at a time. */
const EVENTS_AT_A_TIME = 100;
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
  readonly #deps: DistributorDeps;
  /** Sockets whose owners' rights are being read, and sockets whose owners' rights could not be read since `run` was called. */
  readonly #asking = new Set<LiveSocket>();
  readonly #unknown = new Set<LiveSocket>();
  #isWanted = false;
  #running: Promise<void> | null = null;
  /** Resolves when there is something new, or rights were looked up. */
  #changed = Promise.withResolvers<void>();

  constructor(deps: DistributorDeps) {
    this.#deps = deps;
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
    const { logRange, accessCache, subscriptionsFor } = this.#deps;
    const frames = new UpdateFrames(null, update, subscriptionsFor(null, update));
    const { head } = logRange();
    const unknown: LiveSocket[] = [];
    for (const socket of frames.subscriptions.keys()) {
      if (!socket.isOpen || socket.isPaused || socket.position !== head) continue;
      const access = accessCache.known(socket.owner);
      if (access === null) unknown.push(socket);
      else this.#send(socket, [frames], access);
    }
    if (unknown.length === 0) return;
    const accesses = await accessCache.lookUp(unknown.map(({ owner }) => owner));
    for (const socket of unknown) {
      const access = accesses.get(socket.owner);
      if (access !== undefined && socket.isOpen && !socket.isPaused) this.#send(socket, [frames], access);
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
        for (let isBehind = this.#serve(); isBehind; isBehind = this.#serve()) await this.#deps.yieldToOthers();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#running = null;
    }
  }

  /** Serves each socket that is behind a stretch of the log; answers whether any of them is still behind. */
  #serve(): boolean {
    const asked = this.#serveThose(this.#behind(this.#deps.sockets()), (owner) => this.#deps.accessCache.known(owner));
    if (asked.length > 0) void this.#ask(asked);
    return this.#behind(this.#deps.sockets()).length > 0;
  }

  /** Looks up the rights of sockets' owners and serves them. Never rejects. */
  async #ask(sockets: readonly LiveSocket[]): Promise<void> {
    for (const socket of sockets) this.#asking.add(socket);
    try {
      const accesses = await this.#deps.accessCache.lookUp(sockets.map(({ owner }) => owner));
      for (const socket of sockets) this.#asking.delete(socket);
      const unknown = this.#serveThose(this.#behind(sockets), (owner) => accesses.get(owner) ?? null);
      for (const socket of unknown) this.#unknown.add(socket);
      if (unknown.length > 0) this.#deps.retryLater();
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
    const { logRange } = this.#deps;
    for (const socket of sockets) if (socket.position < logRange().floor) this.#reset(socket);
    const framesAfter = this.#framesAfter();
    const accesses = remembered(accessOf);
    for (const [place, there] of placesFromEnd(sockets)) {
      const frames = framesAfter(place);
      if (frames === null) break;
      for (const socket of there) {
        if (!frames.some(({ subscriptions }) => subscriptions.has(socket))) {
          socket.position = frames.at(-1)?.number ?? place;
        } else {
          const access = accesses(socket.owner);
          if (access === null) unknown.push(socket);
          else this.#send(socket, frames, access);
        }
        socket.save(logRange().head);
      }
    }
    return unknown;
  }

  #behind(sockets: Iterable<LiveSocket>): LiveSocket[] {
    const { head } = this.#deps.logRange();
    return [...sockets].filter(
      (socket) =>
        socket.position < head &&
        socket.isOpen &&
        !socket.isPaused &&
        !this.#asking.has(socket) &&
        !this.#unknown.has(socket),
    );
  }

  /** The log from a number on, as frames that all sockets share; null when enough of it was read. */
  #framesAfter(): (after: number) => UpdateFrames[] | null {
    const { eventsAfter, subscriptionsFor } = this.#deps;
    const shared = new Map<number, UpdateFrames>();
    let characters = 0;
    return (after) => {
      if (characters >= MOST_CHARACTERS) return null;
      return eventsAfter(after, EVENTS_AT_A_TIME).map(({ number, update, characters: more }) => {
        const known = shared.get(number);
        if (known !== undefined) return known;
        characters += more;
        const frames = new UpdateFrames(number, update, subscriptionsFor(number, update));
        shared.set(number, frames);
        return frames;
      });
    };
  }

  #send(socket: LiveSocket, frames: readonly UpdateFrames[], access: Access): void {
    if ('closeReason' in access) {
      this.#deps.close(socket, access.closeReason);
      return;
    }
    for (const each of frames) {
      if (socket.isPaused) break;
      socket.position = each.number ?? socket.position;
      const text = each.frameFor(socket, access.subscriber);
      if (text !== null) socket.send(text, each.number, this.#deps.now());
    }
    socket.save(this.#deps.logRange().head);
  }

  #reset(socket: LiveSocket): void {
    const { head } = this.#deps.logRange();
    socket.position = head;
    socket.send(hubFrame({ type: 'reset', number: head }), head, this.#deps.now());
    socket.save(head);
  }

  #failed(error: unknown): void {
    writeLog('error', 'live_distribution_failed', { error: errorText(error) });
    this.#deps.retryLater();
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
