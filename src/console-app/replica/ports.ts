/** What the replica needs from where it runs. `browser-ports.ts` has those of a page; tests bring their own. */

/** Times in ms. `after` answers how to cancel. */
export type Clock = {
  now(): number;
  after(milliseconds: number, then: () => void): () => void;
};

export type SocketEvents = {
  onText(text: string): void;
  /** Once. 1006 when there was no connection, or it broke. */
  onClose(code: number, reason: string): void;
};

export type Socket = {
  send(text: string): void;
  close(): void;
};

/** Opens a live socket of the user. After `close` its events no longer matter. */
export type OpenSocket = (events: SocketEvents) => Socket;

export type HubRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, from `/api/v5/` on. */
  path: string;
  body?: object;
  idempotencyKey?: string;
};

export type HubAnswer = {
  status: number;
  /** The parsed JSON; null when there is none. */
  body: unknown;
  /** Seconds of `Retry-After`; null when it is missing. */
  retryAfter: number | null;
};

/** A REST call with the user's rights. Rejects when there was no answer. */
export type CallHub = (request: HubRequest) => Promise<HubAnswer>;

/** A place for texts that outlives a reload of the page, and that the tabs of a browser share. */
export type Storage = {
  read(key: string): string | null;
  /** Null deletes. Throws when the place is full or forbidden. */
  write(key: string, text: string | null): void;
  keys(prefix: string): string[];
};

/** The value in a stored text; null for none and for one that is broken, which must not keep the page from beginning. */
export function storedValue(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
