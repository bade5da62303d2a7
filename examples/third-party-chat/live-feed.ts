import type { ServerResponse } from 'node:http';

/** Proxies cut a connection on which nothing comes for a while. */
const HEARTBEAT_MILLISECONDS = 20_000;

/** The open pages of all browsers, each of which is sent what it shows whenever the store has something new for it. */
export class LiveFeed {
  readonly #watchers = new Map<string, Set<() => void>>();

  /**
   * Answers a page's request for server-sent events: what it shows at once, and anew each time `tell` names the session. The page always gets
   * the whole, so one that was cut off has missed nothing when it connects again, and one that reads slowly may skip some.
   */
  serve(response: ServerResponse, session: string, view: () => unknown): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    let isBehind = false;
    const send = () => {
      // A page that does not read would have one copy of the whole after the other wait for it in memory.
      isBehind = response.writableNeedDrain;
      // JSON has no line breaks, which would end the event.
      if (!isBehind) response.write(`data: ${JSON.stringify(view())}\n\n`);
    };
    response.on('drain', () => {
      if (isBehind) send();
    });
    const watchers = this.#watchers.get(session) ?? new Set();
    this.#watchers.set(session, watchers.add(send));
    const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MILLISECONDS);
    response.once('close', () => {
      clearInterval(heartbeat);
      watchers.delete(send);
      if (watchers.size === 0) this.#watchers.delete(session);
    });
    send();
  }

  /** Something that the pages of this session show has changed. */
  tell(session: string): void {
    for (const send of this.#watchers.get(session) ?? []) send();
  }
}
