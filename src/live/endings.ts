/** Why the hub closes a socket: WebSocket close code and reason (docs/live.md). */
export type Ending = { code: number; reason: string };

export const ENDINGS = {
  /** The client authenticates again and resumes. */
  token: { code: 4401, reason: 'token expired or revoked' },
  /** The organization has no active subscription. */
  subscription: { code: 4403, reason: 'no active subscription' },
  /** The client does not acknowledge what it was sent; it connects again and resumes. */
  slow: { code: 4008, reason: 'not acknowledged in time' },
  /** No heartbeat. */
  silent: { code: 4408, reason: 'no heartbeat' },
  malformed: { code: 1008, reason: 'too many malformed frames' },
  /** The rights cannot be read at present; the client connects again later and resumes. */
  unavailable: { code: 1013, reason: 'try again later' },
} as const satisfies { [name: string]: Ending };
