import type { ClientFacts } from '../resources/user-client.ts';

/** Whose presence an object keeps: a user's, or a visitor's, whose id stands in the same place. */
export type PresenceOwner = { user_id: string; organization_id: string };

/** What a caller may set. Undefined leaves a field as it is, or gives a new client its default. */
export type ClientChanges = {
  presence_expires_in?: number | undefined;
  gcm_token?: string | null | undefined;
  properties?: Record<string, unknown> | undefined;
};

/** `was_absent`: the client is new or had expired, which is answered 201 (protocol.md 4.2). */
export type ClientSaved = { client: ClientFacts; was_absent: boolean };

export type Presence = { is_present: boolean; current_chat_count: number };
