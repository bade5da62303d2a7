import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { z } from 'zod';

/**
 * The JWTs that only the hub reads: HS256 with its own key (signing-keys.ts). Each kind has an audience, or a type in its
 * header, of its own, so none can be used as another.
 */

/** The kind of a token. */
export type Audience = 'visitor' | 'user' | 'trigger' | 'app_user_code';

/** A trigger's token has the claims of the published interface and no others, so its kind is in its header. */
const TYPE_OF_TRIGGER = 'trigger+jwt';

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
  const token = new SignJWT(claims).setExpirationTime(secondsOf(now) + lifetime);
  if (audience === 'trigger') return token.setProtectedHeader({ alg: ALGORITHM, typ: TYPE_OF_TRIGGER }).sign(key);
  return token
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
    .setIssuer(ISSUER)
    .setAudience([audience])
    .setIssuedAt(secondsOf(now))
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
    requiredClaims: ['exp'],
    currentDate: new Date(now),
    ...(audience === 'trigger' ? { typ: TYPE_OF_TRIGGER } : { issuer: ISSUER, audience }),
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
