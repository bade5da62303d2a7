import { noCost } from '../db/cost.ts';
import { cachedHubKeys } from '../directory/signing-keys.ts';
import type { SigningKeys } from '../directory/token-keys.ts';
import { FILE_URL_LIFE, fileUrls } from '../files/file-urls.ts';
import type { Notification, ThreadUpdate } from '../notifications/notifications.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { type FileUrl, hasFiles, withFileUrls } from '../resources/file-links.ts';

export type FileLinksDeps = {
  keys: () => Promise<SigningKeys>;
  /** Origin of the URLs; empty: they are paths. */
  origin: () => string;
  now: () => number;
};

/** How long URLs are made with the same end, and how long none is made after the keys could not be read (ms). */
const RENEWED_EVERY = 600_000;
const RETRIED_AFTER = 5_000;

/**
 * The URLs of files on live sockets. The hub logs updates without them. Frames are made without waiting, so the keys must be
 * there: who finds that an update is not ready calls `prepare` first.
 */
export class FileLinks {
  readonly #deps: FileLinksDeps;
  #made: { urlOf: FileUrl | null; until: number } | null = null;

  constructor(deps: FileLinksDeps) {
    this.#deps = deps;
  }

  /** Whether an update can be shown: it has no files, or their URLs can be made. */
  isReady(update: ThreadUpdate): boolean {
    return this.#current() !== null || !update.notifications.some(hasMessageFiles);
  }

  /** Reads the keys. Never rejects: when they cannot be read, updates are shown without URLs for some seconds. */
  async prepare(): Promise<void> {
    const { keys, origin, now } = this.#deps;
    try {
      const urlOf = fileUrls(await keys(), origin(), now(), FILE_URL_LIFE.socket);
      this.#made = { urlOf, until: now() + RENEWED_EVERY };
    } catch (error) {
      writeLog('error', 'live_file_urls_unavailable', { error: errorText(error) });
      this.#made = { urlOf: null, until: now() + RETRIED_AFTER };
    }
  }

  /** The update with the URLs of its files. */
  shown(update: ThreadUpdate): ThreadUpdate {
    const urlOf = this.#current()?.urlOf;
    if (urlOf == null || !update.notifications.some(hasMessageFiles)) return update;
    const notifications = update.notifications.map((each) =>
      hasMessageFiles(each) ? { ...each, resource: withFileUrls(each.resource, urlOf) } : each,
    );
    return { ...update, notifications };
  }

  #current(): { urlOf: FileUrl | null } | null {
    return this.#made !== null && this.#deps.now() < this.#made.until ? this.#made : null;
  }
}

/** The URLs of a deployment's hubs. */
export function fileLinksIn(env: Env): FileLinks {
  return new FileLinks({
    keys: async () => (await cachedHubKeys(env, noCost())).signing,
    origin: () => env.PUBLIC_ORIGIN,
    now: () => Date.now(),
  });
}

function hasMessageFiles({ kind, resource }: Notification): boolean {
  return kind === 'message' && hasFiles(resource);
}
