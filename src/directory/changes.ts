/**
 * What isolates remember of the directory, in one place: every such cache is made here and says which changes concern
 * it, and the directory's writes announce them. So no route can forget to, and a change costs nobody else their copies.
 */
import { createIsolateCache, type IsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';

/** What a write may have changed. */
export type DirectoryChange =
  /** The options of an organization. */
  | { kind: 'organization'; organization_id: string }
  /** Its rooms, routers, teams, members of teams or shares. A share concerns the partner too. */
  | { kind: 'routing'; organization_ids: readonly string[] }
  | { kind: 'user'; organization_id: string; user_id: string }
  /** Whose secrets are revoked. */
  | { kind: 'visitors'; organization_id: string }
  | { kind: 'token'; organization_id: string; token_id: string }
  | { kind: 'channel'; organization_id: string; channel_id: string }
  /** An app with its webhooks, wherever it is installed. */
  | { kind: 'app'; app_id: string }
  /** The apps that an organization has installed. */
  | { kind: 'installations'; organization_id: string }
  /** Whether the live hub of an organization is awake. */
  | { kind: 'hub'; organization_id: string };

const listeners: ((change: DirectoryChange) => void)[] = [];

/** Calls a function with every change that is made in this isolate. Other isolates learn nothing: their copies expire. */
export function onDirectoryChange(listener: (change: DirectoryChange) => void): void {
  listeners.push(listener);
}

/**
 * A cache in the memory of one isolate. `isConcerned`: whether a change may have made a value wrong. Above `limit` the
 * values that were loaded first are dropped; `weightOf`: how much one counts.
 */
export function createDirectoryCache<Value>(options: {
  limit: number;
  weightOf?: (value: Value) => number;
  isConcerned: (change: DirectoryChange, value: Value, key: string) => boolean;
}): IsolateCache<Value> {
  const { isConcerned, ...bounds } = options;
  const cache = createIsolateCache<Value>({ ...bounds, clock: () => Date.now(), staleFor: STALE_FOR });
  onDirectoryChange((change) => cache.purgeWhere((value, key) => isConcerned(change, value, key)));
  return cache;
}

/** Forgets in this isolate what a change concerns. */
export function forget(change: DirectoryChange): void {
  for (const listener of listeners) listener(change);
}

/** Writes, and then forgets. Also after an exception: D1 may have written what it answered with an error. */
export async function changing<Result>(change: DirectoryChange, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } finally {
    forget(change);
  }
}
