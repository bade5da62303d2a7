import type { ServerResponse } from 'node:http';

/** Proxies close a connection that is silent for a while. */
const HEARTBEAT_MILLISECONDS = 20_000;

/** The open pages of all browsers. Each gets its content again whenever the store has something new for it. */
export class LiveFeed {
  readonly #watchers = new Map<string, Set<() => void>>();

  /**
   * Answers a page's request for server-sent events: its content at once, and again each time `tell` names the session.
   * The page always gets the whole content, so a page that reconnects has missed nothing, and a slow page may skip some
   * events.
   */
  serve(response: ServerResponse, session: string, view: () => unknown): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    let isBehind = false;
    const send = () => {
      // Otherwise the copies for a page that does not read would pile up in memory.
      isBehind = response.writableNeedDrain;
      // A line break would end the event. JSON has none.
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

  /** Notifies the pages of a session of a change. */
  tell(session: string): void {
    for (const send of this.#watchers.get(session) ?? []) send();
  }
}
