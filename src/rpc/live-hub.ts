import type { ThreadUpdate } from '../notifications/notifications.ts';
import { asPlain } from './call.ts';

/**
 * What threads tell a live hub. A hub is an organization's or a visitor's; which resources the notifications show
 * follows from that.
 */

/** Name of the hub of an organization's users, and of that of a visitor. */
export function organizationHub(organizationId: string): string {
  return `organization/${organizationId}`;
}
export function visitorHub(visitorId: string): string {
  return `visitor/${visitorId}`;
}

/** So much (ms) the clocks of a thread and of a hub may differ: a hub counts as awake that much before it says so. */
export const CLOCKS_DIFFER = 5000;

/**
 * Events of one thread in the order of their `seq`, all that the hub has not acknowledged. Events that notify of nothing are left out, so
 * `upto` says how far the log goes. One call of a thread is in flight at a time; what is not acknowledged comes again.
 */
export type PublishRequest = { v: 1; hub: string; thread: string; entries: ThreadUpdate[]; upto: number };

/** `ok: false`: the hub's program is older. */
export type PublishResult = { ok: true } | { ok: false; reason: 'newer_version' };

/** What is shown to who listens now, is never logged and not repeated: typing. */
export type EphemeralUpdate = { v: 1; hub: string; told: ThreadUpdate };

/** What a live hub can be asked (src/live). `fetch` takes the request that opens a socket. */
export interface LiveHubStub {
  feed(request: PublishRequest): Promise<PublishResult>;
  mention(request: EphemeralUpdate): Promise<void>;
  fetch(request: Request): Promise<Response>;
}

/** A live hub, by its name (`organizationHub`, `visitorHub`). */
export function liveHubStub(env: Env, hub: string): LiveHubStub {
  return asPlain<LiveHubStub>(env.LIVE.getByName(hub));
}
