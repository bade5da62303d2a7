import { errorText, writeLog } from '../log.ts';
import type { Told } from '../projections/notifications.ts';
import type { Ending } from './endings.ts';
import { hubFrame } from './hub-frames.ts';
import type { LiveSocket } from './live-socket.ts';
import type { Extent } from './log-rules.ts';
import { factsKey, type Rights, type Standing } from './rights.ts';
import type { LoggedEvent } from './store.ts';
import { ToldFrames } from './told-frames.ts';

export type DistributorParts = {
  sockets: () => Iterable<LiveSocket>;
  extent: () => Extent;
  eventsAfter: (number: number, limit: number) => LoggedEvent[];
  rights: Pick<Rights, 'standingOf'>;
  end: (socket: LiveSocket, ending: Ending) => void;
  now: () => number;
  /** Rights could not be looked up: `run` is to be called again some seconds later. */
  retryLater: () => void;
  /** Lets others have their turn in the midst of much work. */
  breathe: () => Promise<void>;
};

/** A socket that is behind gets so many events of the log at a time. */
const STRETCH = 100;

/**
 * Brings every socket to the end of the log. Each stands at a number of its own and is served from there in order, so whoever resumes, who
 * was told to wait and who is up to date are served alike. A socket that does not acknowledge keeps its place and holds up nobody.
 */
export class Distributor {
  readonly #parts: DistributorParts;
  /** Those whose rights are not known in this run. */
  readonly #unknown = new Set<LiveSocket>();
  #isWanted = false;
  #running: Promise<void> | null = null;

  constructor(parts: DistributorParts) {
    this.#parts = parts;
  }

  /** Resolves when everybody has what there is for him. Never rejects. */
  run(): Promise<void> {
    this.#isWanted = true;
    this.#running ??= this.#loop();
    return this.#running;
  }

  /** Tells those who are up to date of something that is not logged. Never rejects. */
  async mention(told: Told): Promise<void> {
    const frames = new ToldFrames(null, told);
    const { head } = this.#parts.extent();
    const audience = [...this.#parts.sockets()].filter(
      (socket) => socket.isOpen && !socket.isFull && socket.position === head && concerns([frames], socket),
    );
    const standings = await this.#standingsOf(audience);
    for (const [socket, standing] of standings) {
      if (!socket.isOpen || socket.isFull || standing === null) continue;
      if ('ending' in standing) this.#parts.end(socket, standing.ending);
      else this.#send(socket, frames.frameFor(standing.listener, socket.subscriptions.values()));
      socket.save(this.#parts.extent().head);
    }
  }

  async #loop(): Promise<void> {
    // The caller must have the promise before the loop can end.
    await Promise.resolve();
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        this.#unknown.clear();
        while (await this.#serveOnce()) await this.#parts.breathe();
      }
    } catch (error) {
      writeLog('error', 'live_distribution_failed', { error: errorText(error) });
      this.#parts.retryLater();
    } finally {
      this.#running = null;
    }
  }

  /** Serves each socket that is behind a stretch of the log; answers whether any of them is still behind. */
  async #serveOnce(): Promise<boolean> {
    const stretches = this.#stretches();
    const behind = this.#behind().map((socket) => {
      if (socket.position < this.#parts.extent().floor) this.#reset(socket);
      const start = socket.position;
      return { socket, start, frames: stretches(start) };
    });
    const concerned = behind.filter(({ socket, frames }) => concerns(frames, socket)).map(({ socket }) => socket);
    const standings = await this.#standingsOf(concerned);
    for (const { socket, start, frames } of behind) {
      // It may have begun elsewhere in the log meanwhile.
      if (socket.position !== start) continue;
      const standing = standings.get(socket);
      if (standing === null) this.#unknown.add(socket);
      else if (standing === undefined) socket.position = frames.at(-1)?.number ?? start;
      else if ('ending' in standing) this.#parts.end(socket, standing.ending);
      else this.#serve(socket, standing, frames);
      socket.save(this.#parts.extent().head);
    }
    if (this.#unknown.size > 0) this.#parts.retryLater();
    return this.#behind().length > 0;
  }

  #behind(): LiveSocket[] {
    const { head } = this.#parts.extent();
    return [...this.#parts.sockets()].filter(
      (socket) => socket.position < head && socket.isOpen && !socket.isFull && !this.#unknown.has(socket),
    );
  }

  /** The log from a number on, as frames that all sockets share. */
  #stretches(): (after: number) => ToldFrames[] {
    const read = new Map<number, ToldFrames[]>();
    const shared = new Map<number, ToldFrames>();
    const framesOf = ({ number, told }: LoggedEvent): ToldFrames => {
      const frames = shared.get(number) ?? new ToldFrames(number, told);
      shared.set(number, frames);
      return frames;
    };
    return (after) => {
      const known = read.get(after) ?? this.#parts.eventsAfter(after, STRETCH).map(framesOf);
      read.set(after, known);
      return known;
    };
  }

  #serve(socket: LiveSocket, { listener }: Extract<Standing, { listener: unknown }>, stretch: ToldFrames[]): void {
    for (const frames of stretch) {
      if (socket.isFull) return;
      socket.position = frames.number ?? socket.position;
      this.#send(socket, frames.frameFor(listener, socket.subscriptions.values()));
    }
  }

  #send(socket: LiveSocket, text: string | null): void {
    if (text !== null) socket.send(text, this.#parts.now());
  }

  #reset(socket: LiveSocket): void {
    const { head } = this.#parts.extent();
    socket.position = head;
    socket.send(hubFrame({ type: 'reset', number: head }), this.#parts.now());
  }

  /** How each of the sockets' owners stands; null when that cannot be found out at present. What is equal is looked up once. */
  async #standingsOf(sockets: readonly LiveSocket[]): Promise<Map<LiveSocket, Standing | null>> {
    const lookups = new Map<string, Promise<Standing | null>>();
    const found = await Promise.all(
      sockets.map(async (socket) => {
        const key = `${factsKey(socket.owner)}/${socket.owner.expires_at}/${socket.needs}`;
        const lookup = lookups.get(key) ?? this.#standingOf(socket);
        lookups.set(key, lookup);
        return [socket, await lookup] as const;
      }),
    );
    return new Map(found);
  }

  async #standingOf(socket: LiveSocket): Promise<Standing | null> {
    const channels = () => [...socket.subscriptions.values()].map(({ channel }) => channel);
    try {
      return await this.#parts.rights.standingOf(socket.owner, socket.needs, channels);
    } catch (error) {
      writeLog('error', 'live_rights_unavailable', { error: errorText(error) });
      return null;
    }
  }
}

function concerns(stretch: readonly ToldFrames[], socket: LiveSocket): boolean {
  const subscriptions = [...socket.subscriptions.values()];
  return stretch.some((frames) => subscriptions.some((each) => frames.concerns(each)));
}
