import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { z } from 'zod';

/**
 * The JWTs that only the hub reads: HS256 with its own key (signing-keys.ts). Each kind has an audience of its own, so
 * none can be used as another.
 */

/** The kind of a token. */
export type Audience = 'visitor' | 'user' | 'trigger' | 'app_user_code';

const ISSUER = 'umi';
const ALGORITHM = 'HS256';
/** Longest token that is read, in characters. The hub's own have about 450. */
const LONGEST_TOKEN = 2048;

/** A token of one kind, valid from `now` (ms) for `lifetime` seconds. */
export function signOwnToken(
  key: Uint8Array,
  audience: Audience,
  claims: JWTPayload,
  { now, lifetime }: { now: number; lifetime: number },
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .setIssuer(ISSUER)
    .setAudience([audience])
    .setIssuedAt(secondsOf(now))
    .setExpirationTime(secondsOf(now) + lifetime)
    .sign(key);
}

/**
 * The claims of a token at `now` (ms). Null when it is expired, forged, of another kind, not of the form `schema`, or
 * not a token.
 */
export async function readOwnToken<Claims>(
  key: Uint8Array,
  audience: Audience,
  token: string,
  schema: z.ZodType<Claims>,
  now: number,
): Promise<Claims | null> {
  if (token.length > LONGEST_TOKEN) return null;
  const expected = {
    algorithms: [ALGORITHM],
    issuer: ISSUER,
    audience,
    requiredClaims: ['exp'],
    currentDate: new Date(now),
  };
  try {
    const { payload } = await jwtVerify(token, key, expected);
    const claims = schema.safeParse(payload);
    return claims.success ? claims.data : null;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

/** A time (ms) in whole seconds, as JWTs have it. */
export function secondsOf(now: number): number {
  return Math.floor(now / 1000);
}
