import type { Cost } from '../db/cost.ts';
import type { ClientFacts } from '../resources/user-client.ts';
import { asPlain, callTwice } from './call.ts';

/** Whose presence an object keeps: a user's, or a visitor's, whose id stands in the same place. */
export type PresenceOwner = { user_id: string; organization_id: string };

/** What a caller may set. Undefined leaves a field as it is, or gives a new client its default. */
export type ClientChanges = {
  presence_expires_in?: number | undefined;
  gcm_token?: string | null | undefined;
  properties?: Record<string, unknown> | undefined;
};

/** `was_absent`: the client is new or had expired, which is answered 201. */
export type ClientSaved = { client: ClientFacts; was_absent: boolean };

export type Presence = { is_present: boolean; current_chat_count: number };

/** What a user's object can be asked (src/presence). `owner` lets an object that is new learn whose it is. */
export interface UserStub {
  presence(request: { v: 1 }): Promise<Presence>;
  listClients(request: { v: 1 }): Promise<ClientFacts[]>;
  /** Null when the user has as many unexpired clients as a user may have. */
  createClient(request: { v: 1; owner: PresenceOwner; changes: ClientChanges }): Promise<ClientSaved | null>;
  /** Renews the client's presence, also an expired one's. Null when the user has no such client. */
  updateClient(request: { v: 1; client_id: string; changes: ClientChanges }): Promise<ClientSaved | null>;
  /** Renews a client under an id that the caller knows, or makes it. */
  keepClient(request: { v: 1; owner: PresenceOwner; client_id: string; changes: ClientChanges }): Promise<void>;
  /** False when the user has no such client. */
  deleteClient(request: { v: 1; client_id: string }): Promise<boolean>;
  /** Deletes all clients of a user who is deleted: they are absent from now on. */
  deleteClients(request: { v: 1 }): Promise<void>;
  /** Puts a chat among those that are told; answers whether the user is present now, and tells the chat if that is not `is_present`. */
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
  return asPlain<UserStub>(env.USERS.getByName(userId));
}

/** The same for a visitor, who has a client in each room that they visit. */
export function visitorStub(env: Env, visitorId: string): UserStub {
  return userStub(env, `visitor/${visitorId}`);
}

/** The object of a member of a chat. */
export function memberStub(env: Env, memberId: string): UserStub {
  return isVisitorId(memberId) ? visitorStub(env, memberId) : userStub(env, memberId);
}

/** Whether an id is a visitor's: those of users have dashes, visitors' have none. */
export function isVisitorId(memberId: string): boolean {
  return !memberId.includes('-');
}

/** Asks a user's object for something that does no harm twice; counted and repeated like a read of a thread. */
export async function askUser<Answer>(
  env: Env,
  cost: Cost,
  userId: string,
  ask: (stub: UserStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => ask(userStub(env, userId)));
}

/** The same for the object of a visitor. */
export async function askVisitor<Answer>(
  env: Env,
  cost: Cost,
  visitorId: string,
  ask: (stub: UserStub) => Promise<Answer>,
): Promise<Answer> {
  return await callTwice(cost, () => ask(visitorStub(env, visitorId)));
}
