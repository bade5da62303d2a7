import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { z } from 'zod';
import { type Audience, keyOfToken, keyThatSigns, type SigningKeys, TOKEN_SECONDS } from './token-keys.ts';

/**
 * The JWTs that only the hub reads: HS256 with its own keys (token-keys.ts). Each kind has an audience, or a type in its
 * header, of its own, so none can be used as another.
 */

/** A trigger's token has the claims of the published interface and no others, so its kind is in its header. */
const TYPE_OF_TRIGGER = 'trigger+jwt';

const ISSUER = 'umi';
const ALGORITHM = 'HS256';
/** Longest token that is read, in characters. The hub's own have about 450. */
const LONGEST_TOKEN = 2048;
/** Seconds by which the clock of the isolate that has signed may be ahead. */
const CLOCK_SKEW = 10;

/** A token of one kind, valid from `now` (ms) for the TOKEN_SECONDS of its kind. */
export function signOwnToken(
  signing: SigningKeys,
  audience: Audience,
  claims: JWTPayload,
  now: number,
): Promise<string> {
  const { id: kid, keys } = keyThatSigns(signing, now);
  const key = keys[audience];
  const token = new SignJWT(claims).setExpirationTime(secondsOf(now) + TOKEN_SECONDS[audience]);
  if (audience === 'trigger') return token.setProtectedHeader({ alg: ALGORITHM, typ: TYPE_OF_TRIGGER, kid }).sign(key);
  return token
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid })
    .setIssuer(ISSUER)
    .setAudience([audience])
    .setIssuedAt(secondsOf(now))
    .sign(key);
}

/**
 * The claims of a token at `now` (ms). Null when it is expired, forged, of another kind, not of the form `schema`, or
 * not a token; also when it lives longer than its kind, or its key was replaced too long ago.
 */
export async function readOwnToken<Claims>(
  signing: SigningKeys,
  audience: Audience,
  token: string,
  schema: z.ZodType<Claims>,
  now: number,
): Promise<Claims | null> {
  if (token.length > LONGEST_TOKEN) return null;
  const key = keyOfToken(signing, token, audience, now);
  if (key === null) return null;
  const expected = {
    algorithms: [ALGORITHM],
    requiredClaims: ['exp'],
    currentDate: new Date(now),
    ...(audience === 'trigger' ? { typ: TYPE_OF_TRIGGER } : { issuer: ISSUER, audience }),
  };
  try {
    const { payload } = await jwtVerify(token, key, expected);
    if (Number(payload.exp) > secondsOf(now) + TOKEN_SECONDS[audience] + CLOCK_SKEW) return null;
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
