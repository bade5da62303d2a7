import { isoTime } from './clock.ts';

/** A client of a user (a browser, a bot's process): while one of them is unexpired the user is present. Times in ms. */
export type ClientFacts = {
  id: string;
  /** As it was asked for, in seconds. */
  presence_expires_in: number;
  presence_expires_at: number;
  gcm_token: string | null;
  properties: Record<string, unknown>;
  created_at: number;
  updated_at: number;
};

/** A client that is about to expire has less than this left. ms. */
const ABOUT_TO_EXPIRE = 30_000;

/** Whether the client makes its user present at `now` (ms). */
export function isClientPresent(client: Pick<ClientFacts, 'presence_expires_at'>, now: number): boolean {
  return client.presence_expires_at > now;
}

/**
 * The client as the API shows it at `now` (ms). `is_about_to_expire`: still present, with less than
 * 30 s left. `subscribed_channels` is always empty: a socket's subscriptions belong to the socket.
 */
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
    subscribed_channels: [] as string[],
    created_at: isoTime(client.created_at),
    updated_at: isoTime(client.updated_at),
  };
}
