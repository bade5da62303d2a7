/**
 * The largest body of a route in bytes, by the kind of its caller. A route that needs more sets `bodyLimit`. A JSON
 * text takes up to thirty times its size in memory, so callers without a token can send at most PUBLIC_BODY.
 */
export const PUBLIC_BODY = 4_096;
export const VISITOR_BODY = 32_768;
export const USER_BODY = 262_144;

/** A user's message: 100,000 characters of text, each up to 6 bytes in JSON, and its attachments. */
export const USER_MESSAGE_BODY = 1_000_000;

/** The messages of a channel: 500 in a request. */
export const CHANNEL_MESSAGES_BODY = 5_000_000;
