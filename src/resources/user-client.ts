import { isoTime } from './clock.ts';

/**
 * A client of a user (a browser, the process of a bot). A user is present while one of their clients is unexpired.
 * Times in ms.
 */
export type ClientFacts = {
  id: string;
  /** In seconds, as requested. */
  presence_expires_in: number;
  presence_expires_at: number;
  gcm_token: string | null;
  properties: Record<string, unknown>;
  /** What the sockets that follow the client get. Objects of an older version leave it out: nothing. */
  subscribed_channels?: string[];
  created_at: number;
  updated_at: number;
};

/** A client with less time left than this (ms) is about to expire. */
const ABOUT_TO_EXPIRE = 30_000;

/** Whether the client makes its user present at `now` (ms). */
export function isClientPresent(client: Pick<ClientFacts, 'presence_expires_at'>, now: number): boolean {
  return client.presence_expires_at > now;
}

/** The client as the API shows it at `now` (ms). */
export function clientResource(client: ClientFacts, now: number) {
  const isPresent = isClientPresent(client, now);
  return {
    id: client.id,
    presence_expires_in: client.presence_expires_in,
    presence_expires_at: isoTime(client.presence_expires_at),
    is_present: isPresent,
    is_about_to_expire: isPresent && client.presence_expires_at - now < ABOUT_TO_EXPIRE,
    gcm_token: client.gcm_token,
    properties: client.properties,
    subscribed_channels: client.subscribed_channels ?? [],
    created_at: isoTime(client.created_at),
    updated_at: isoTime(client.updated_at),
  };
}
