import type { ThreadUpdate } from '../notifications/notifications.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { type Access, type AccessCache, factsKey } from './access.ts';
import type { FileLinks } from './file-links.ts';
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
  /** The subscriptions that an update matches. `number` is null for an ephemeral update. */
  subscriptionsFor: (number: number | null, update: ThreadUpdate) => MatchingSubscriptions<LiveSocket>;
  logRange: () => LogRange;
  eventsAfter: (number: number, limit: number) => LoggedEvent[];
  accessCache: Pick<AccessCache, 'known' | 'lookUp'>;
  files: Pick<FileLinks, 'isReady' | 'prepare' | 'shown'>;
  close: (socket: LiveSocket, closeReason: CloseReason) => void;
  now: () => number;
  /** Called when rights could not be looked up: `run` must be called again some seconds later. */
  retryLater: () => void;
  /** Yields to the event loop between chunks. */
  yieldToOthers: () => Promise<void>;
};

/** Most events of the log for a socket at a time. */
const EVENTS_AT_A_TIME = 100;
/** Limits of one pass, because its events are all in memory: positions in the log, and characters. */
const MOST_PLACES = 20;
const MOST_CHARACTERS = 4_000_000;

type AccessOf = (owner: SocketOwner) => Access | null;

/**
 * Brings every socket to the end of the log. Each has its own position and gets the events after it in order, whether
 * it resumes, was paused or is up to date. No socket delays another, neither by missing acknowledgements nor by rights
 * that must be looked up.
 */
export class Distributor {
  readonly #deps: DistributorDeps;
  /** Sockets whose owners' rights are being looked up, and sockets whose look-up has failed since `run` was called. */
  readonly #asking = new Set<LiveSocket>();
  readonly #unknown = new Set<LiveSocket>();
  #isWanted = false;
  /** The next events have files whose URLs cannot be made yet. */
  #lacksUrls = false;
  #running: Promise<void> | null = null;
  /** Resolves when there are new events, or a look-up has ended. */
  #changed = Promise.withResolvers<void>();

  constructor(deps: DistributorDeps) {
    this.#deps = deps;
  }

  /** Sends every socket its events. Resolves when that is done. Never rejects. */
  run(): Promise<void> {
    this.#unknown.clear();
    this.#want();
    this.#running ??= this.#loop();
    return this.#running;
  }

  /** Sends an ephemeral update to the sockets that are up to date. Never rejects. */
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
    // The caller needs the promise before the loop can end.
    await Promise.resolve();
    try {
      while (this.#isWanted || this.#asking.size > 0) {
        await this.#changed.promise;
        this.#changed = Promise.withResolvers();
        this.#isWanted = false;
        for (let isBehind = this.#serve(); isBehind; isBehind = this.#serve()) {
          if (this.#lacksUrls) await this.#deps.files.prepare();
          this.#lacksUrls = false;
          await this.#deps.yieldToOthers();
        }
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#running = null;
    }
  }

  /** Sends each socket the next events of the log. Answers whether any socket is still behind. */
  #serve(): boolean {
    const asked = this.#serveThose(this.#behind(this.#deps.sockets()), (owner) => this.#deps.accessCache.known(owner));
    if (asked.length > 0) void this.#ask(asked);
    return this.#behind(this.#deps.sockets()).length > 0;
  }

  /** Looks up the rights of the sockets' owners, then sends. Never rejects. */
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

  /**
   * Sends the next events to each of these sockets. Answers the sockets that would get some but whose owner's access is
   * unknown.
   */
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

  /** Reads the log after a position, as frames that all sockets share. Null when the limit of this pass is reached. */
  #framesAfter(): (after: number) => UpdateFrames[] | null {
    const { eventsAfter, subscriptionsFor, files } = this.#deps;
    const shared = new Map<number, UpdateFrames>();
    let characters = 0;
    return (after) => {
      if (characters >= MOST_CHARACTERS) return null;
      const events = eventsAfter(after, EVENTS_AT_A_TIME);
      this.#lacksUrls ||= events.some(({ update }) => !files.isReady(update));
      if (this.#lacksUrls) return null;
      return events.map(({ number, update, characters: more }) => {
        const known = shared.get(number);
        if (known !== undefined) return known;
        characters += more;
        const frames = new UpdateFrames(number, files.shown(update), subscriptionsFor(number, update));
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

/**
 * Sockets by position, from the end of the log and at most MOST_PLACES positions. A socket that is nearly up to date
 * does not wait for one that is far behind.
 */
function placesFromEnd(sockets: readonly LiveSocket[]): [number, LiveSocket[]][] {
  const places = [...Map.groupBy(sockets, ({ position }) => position)];
  return places.toSorted(([one], [other]) => other - one).slice(0, MOST_PLACES);
}

/** Looks an access up once for all sockets with the same credential, so that they share the frames of a subscriber. */
function remembered(accessOf: AccessOf): AccessOf {
  const known = new Map<string, Access | null>();
  return (owner) => {
    const key = `${factsKey(owner)}/${owner.expires_at}`;
    const access = known.get(key) ?? accessOf(owner);
    known.set(key, access);
    return access;
  };
}
