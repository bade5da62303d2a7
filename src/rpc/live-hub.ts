import type { Credential } from '../directory/socket-owners.ts';
import type { ThreadUpdate } from '../notifications/notifications.ts';
import { asPlain, inJurisdiction } from './call.ts';

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

/**
 * What a thread has purged of one of its chats, or (`chat_id` null) of all: events up to the `seq` `upto`, from before the
 * time `before` (ms; null: all).
 */
export type HubPurge = {
  v: 1;
  hub: string;
  thread: string;
  chat_id: string | null;
  upto: number;
  before: number | null;
};

/** An update that is never logged and sent at most once: typing. */
export type EphemeralUpdate = { v: 1; hub: string; told: ThreadUpdate };

/** The owner of a socket. `expires_at`: when their token ends (ms); null for never. */
export type SocketOwner = { organization_id: string; expires_at: number | null } & (
  | { kind: 'user'; user_id: string; credential: Credential }
  | { kind: 'visitor'; visitor_id: string }
);

/** A ticket as its bearer names it: the user or visitor whose socket it opens, and the SHA-256 of its secret. */
export type TicketName = { owner_id: string; digest: string };

/** How long a ticket may be used, in ms. */
export const TICKET_LIFETIME = 30_000;

/** `ok: false`: the owner has the maximum of unused tickets. */
export type TicketKept = { ok: true; expires_at: number } | { ok: false };

/** The calls of a live hub (src/live). `fetch` takes the request that opens a socket. */
export interface LiveHubStub {
  feed(request: PublishRequest): Promise<PublishResult>;
  mention(request: EphemeralUpdate): Promise<void>;
  /** Makes a ticket: for TICKET_LIFETIME its bearer may open one socket of `owner`. `digest`: of its secret. */
  keepTicket(request: { v: 1; owner: SocketOwner; digest: string }): Promise<TicketKept>;
  purge(request: HubPurge): Promise<PublishResult>;
  /** What a client of a user carries has changed, or the client is gone: sockets that follow it read it again. */
  followClient(request: { v: 1; user_id: string; client_id: string }): Promise<void>;
  /** Closes every socket and deletes everything: the visitor of the hub was purged. */
  forget(request: { v: 1 }): Promise<void>;
  fetch(request: Request): Promise<Response>;
}

/** A live hub, by its name (`organizationHub`, `visitorHub`). */
export function liveHubStub(env: Env, hub: string): LiveHubStub {
  return asPlain<LiveHubStub>(inJurisdiction(env, env.LIVE).getByName(hub));
}
