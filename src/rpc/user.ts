import type { Cost } from '../db/cost.ts';
import type { ClientFacts } from '../resources/user-client.ts';
import { asPlain, callTwice, inJurisdiction } from './call.ts';

/** The user whose presence an object keeps, or the visitor, whose id is in the same field. */
export type PresenceOwner = { user_id: string; organization_id: string };

/** What a caller may set. An undefined field stays as it is; a new client gets its default. */
export type ClientChanges = {
  presence_expires_in?: number | undefined;
  gcm_token?: string | null | undefined;
  properties?: Record<string, unknown> | undefined;
  subscribed_channels?: string[] | undefined;
};

/** `was_absent`: the client is new or had expired, which is answered with 201. */
export type ClientSaved = { client: ClientFacts; was_absent: boolean };

/** `is_full`: the user has as many open chats as the request's `capacity`, and no place for the chat that it names. */
export type Presence = { is_present: boolean; current_chat_count: number; is_full?: boolean };

/**
 * `capacity`: how many open chats the user takes. `place`: a chat that they are about to join; if they are not full, a
 * place is kept for it until the chat's thread asks for reports, 30 s at most. Older objects ignore both.
 */
export type PresenceRequest = { v: 1; capacity?: number; place?: { owner: PresenceOwner; chat_id: string } };

/** The calls of a user's object (src/presence). `owner`: the user or visitor, for a new object. */
export interface UserStub {
  presence(request: PresenceRequest): Promise<Presence>;
  /** The user does not join the chat for which a place is kept. */
  givePlaceBack(request: { v: 1; chat_id: string }): Promise<void>;
  listClients(request: { v: 1 }): Promise<ClientFacts[]>;
  /** Null when the user has the maximum of unexpired clients. */
  createClient(request: { v: 1; owner: PresenceOwner; changes: ClientChanges }): Promise<ClientSaved | null>;
  /** Renews a client's presence, even if it has expired. Null when the user has no such client. */
  updateClient(request: { v: 1; client_id: string; changes: ClientChanges }): Promise<ClientSaved | null>;
  /** Renews the client with a known id, or creates it. */
  keepClient(request: { v: 1; owner: PresenceOwner; client_id: string; changes: ClientChanges }): Promise<void>;
  /** False when the user has no such client. */
  deleteClient(request: { v: 1; client_id: string }): Promise<boolean>;
  /** Deletes all clients of a user who was deleted: they are absent from now on. */
  deleteClients(request: { v: 1 }): Promise<void>;
  /** Deletes everything about a visitor who was purged. */
  forget(request: { v: 1 }): Promise<void>;
  /**
   * Reports the user's presence to a chat from now on. Answers the presence now; if it is not `is_present`, the chat
   * gets a report.
   */
  watch(request: {
    v: 1;
    owner: PresenceOwner;
    chat_id: string;
    is_present: boolean;
  }): Promise<{ is_present: boolean }>;
  unwatch(request: { v: 1; chat_id: string }): Promise<void>;
}

/** The object of a user. */
export function userStub(env: Env, userId: string): UserStub {
  return asPlain<UserStub>(inJurisdiction(env, env.USERS).getByName(userId));
}

/** The object of a visitor, who has a client in each room that they visit. */
export function visitorStub(env: Env, visitorId: string): UserStub {
  return userStub(env, `visitor/${visitorId}`);
}

/** The object of a member of a chat. */
export function memberStub(env: Env, memberId: string): UserStub {
  return isVisitorId(memberId) ? visitorStub(env, memberId) : userStub(env, memberId);
}

/** Whether an id is a visitor's: ids of users contain dashes, those of visitors do not. */
export function isVisitorId(memberId: string): boolean {
  return !memberId.includes('-');
}

/** Calls a user's object; counted and repeated like a read of a thread. Only for calls that may run twice. */
export async function askUser<Answer>(
  env: Env,
  cost: Cost,
  userId: string,
  ask: (stub: UserStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => ask(userStub(env, userId)));
}

/** The same for a visitor's object. */
export async function askVisitor<Answer>(
  env: Env,
  cost: Cost,
  visitorId: string,
  ask: (stub: UserStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => ask(visitorStub(env, visitorId)));
}
