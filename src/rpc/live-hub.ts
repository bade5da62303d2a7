import type { ThreadUpdate } from '../notifications/notifications.ts';
import { asPlain } from './call.ts';

/**
 * The messages from threads to a live hub. A hub belongs to an organization or to a visitor, and that decides which
 * resources its notifications show. The methods `feed` and `mention` and the key `told` keep their first names: objects
 * of two versions call each other during a rollout.
 */

/** Name of the hub of an organization's users. */
export function organizationHub(organizationId: string): string {
  return `organization/${organizationId}`;
}
/** Name of the hub of a visitor. */
export function visitorHub(visitorId: string): string {
  return `visitor/${visitorId}`;
}

/** Greatest difference (ms) that is assumed between the clocks of a thread and of a hub. */
export const CLOCKS_DIFFER = 5000;

/**
 * All events of one thread that the hub has not acknowledged, in the order of their `seq`. Events without notifications
 * are left out; `upto` is the last `seq` covered. A thread makes one call at a time and repeats what was not
 * acknowledged.
 */
export type PublishRequest = { v: 1; hub: string; thread: string; entries: ThreadUpdate[]; upto: number };

/** `ok: false`: the hub runs an older version. */
export type PublishResult = { ok: true } | { ok: false; reason: 'newer_version' };

/** An update that is never logged and sent at most once: typing. */
export type EphemeralUpdate = { v: 1; hub: string; told: ThreadUpdate };

/** The calls of a live hub (src/live). `fetch` takes the request that opens a socket. */
export interface LiveHubStub {
  feed(request: PublishRequest): Promise<PublishResult>;
  mention(request: EphemeralUpdate): Promise<void>;
  fetch(request: Request): Promise<Response>;
}

/** A live hub, by its name (`organizationHub`, `visitorHub`). */
export function liveHubStub(env: Env, hub: string): LiveHubStub {
  return asPlain<LiveHubStub>(env.LIVE.getByName(hub));
}
