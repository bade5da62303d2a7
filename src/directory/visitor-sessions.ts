import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { isSameSecret } from '../platform/secrets.ts';
import { readOwnToken, secondsOf, signOwnToken } from './own-tokens.ts';
import { type SigningKeys, TOKEN_SECONDS } from './token-keys.ts';

/**
 * The identity of a visitor, without a row. The secret is 10 random bytes and the hub's signature over them and the
 * organization; the id is derived from the same bytes. `key` is the hub's key for visitors (signing-keys.ts), which no
 * rotation changes.
 */
export type VisitorSession = { visitor_id: string; visitor_secret_id: string };

const RANDOM_BYTES = 10;
const SIGNATURE_BYTES = 15;
const ID_BYTES = 16;
const SECRET = /^[0-9a-f]{50}$/;

/** A new visitor of the organization. */
export function newVisitorSession(key: Uint8Array, organizationId: string): VisitorSession {
  return sessionOf(key, organizationId, randomBytes(RANDOM_BYTES).toString('hex'));
}

/** The visitor with a secret. Null when the secret was not issued for this organization. */
export function resumeVisitorSession(key: Uint8Array, organizationId: string, secret: string): VisitorSession | null {
  if (!SECRET.test(secret)) return null;
  const session = sessionOf(key, organizationId, secret.slice(0, 2 * RANDOM_BYTES));
  return isSameSecret(session.visitor_secret_id, secret) ? session : null;
}

/** `random` in hex. */
function sessionOf(key: Uint8Array, organizationId: string, random: string): VisitorSession {
  const signed = (use: string, bytes: number) =>
    createHmac('sha256', key)
      .update(`${use}/${organizationId}/${random}`)
      .digest('hex')
      .slice(0, 2 * bytes);
  return {
    visitor_id: signed('visitor_id', ID_BYTES),
    visitor_secret_id: `${random}${signed('visitor_secret_id', SIGNATURE_BYTES)}`,
  };
}

const visitorClaims = z.object({ visitor_id: z.string(), organization_id: z.string() });
const endingVisitorClaims = visitorClaims.extend({ exp: z.number() });

/** The visitor that an access token names. */
export type VisitorClaims = z.infer<typeof visitorClaims>;

/** An access token for a visitor, valid from `now` (ms), and when it expires (ms). */
export async function issueVisitorToken(
  signing: SigningKeys,
  { visitor_id, organization_id }: VisitorClaims,
  now: number,
): Promise<{ token: string; expires_at: number }> {
  const claims = { visitor_id, organization_id, jti: crypto.randomUUID() };
  const token = await signOwnToken(signing, 'visitor', claims, now);
  return { token, expires_at: (secondsOf(now) + TOKEN_SECONDS.visitor) * 1000 };
}

/**
 * The visitor that a token names at `now` (ms), and when it expires (ms). Null when the token is expired, forged, of
 * another kind, or not a token.
 */
export async function readVisitorToken(
  signing: SigningKeys,
  token: string,
  now: number,
): Promise<(VisitorClaims & { expires_at: number }) | null> {
  const claims = await readOwnToken(signing, 'visitor', token, endingVisitorClaims, now);
  if (claims === null) return null;
  const { exp, ...who } = claims;
  return { ...who, expires_at: exp * 1000 };
}
