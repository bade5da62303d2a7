import { SignJWT } from 'jose';
import { z } from 'zod';
import { readOwnToken, secondsOf, signOwnToken } from './own-tokens.ts';
import { type SigningKeys, TOKEN_SECONDS } from './token-keys.ts';

/**
 * The JWTs of apps, all of them HS256. Those that the hub reads are signed with its own key (own-tokens.ts); those that
 * the app reads are signed with the app's secret.
 */

const VERSION = 1;

/** The bot user of an installation that a token acts as. */
export type AppUser = { organization_id: string; user_id: string; app_id: string };

/** The same with the scopes of the installation. */
export type ScopedAppUser = AppUser & { scopes: readonly string[] };

/**
 * An access token of an app's bot user, made at `now` (ms).
 */
export function appUserToken(
  signing: SigningKeys,
  { organization_id, user_id, app_id, scopes }: ScopedAppUser,
  now: number,
): Promise<string> {
  const claims = { organization_id, scopes: [...scopes], version: VERSION, user_id, app_id };
  return signOwnToken(signing, 'user', { ...claims, jti: crypto.randomUUID() }, now);
}

const appUserClaims = z.object({
  organization_id: z.string(),
  user_id: z.string(),
  app_id: z.string(),
  exp: z.number(),
});

/** The bot user that an access token names. Null when the token is forged or expired. `exp` in seconds. */
export function readAppUserToken(
  signing: SigningKeys,
  token: string,
  now: number,
): Promise<z.infer<typeof appUserClaims> | null> {
  return readOwnToken(signing, 'user', token, appUserClaims, now);
}

/** The user who opens an app, the installation, and the token with which they open it. */
export type Trigger = {
  organization_id: string;
  user_id: string;
  app_id: string;
  installation_id: string;
  opener_token_id: string;
};

/**
 * The token of a trigger, with which the app acts as the user who opened it. `perms` tell the app its scopes;
 * what it may do is looked up at each use. `hub`: the host of this hub, with its port. An existing library sends its
 * credentials to the host that stands in `sub`.
 */
export function triggerToken(
  signing: SigningKeys,
  trigger: Trigger & { perms: readonly string[]; hub: string },
  now: number,
): Promise<string> {
  const claims = {
    user_id: trigger.user_id,
    sub: trigger.hub,
    perms: [...trigger.perms],
    org_id: trigger.organization_id,
    app_id: trigger.app_id,
    inst_id: trigger.installation_id,
    opener_token_id: trigger.opener_token_id,
  };
  return signOwnToken(signing, 'trigger', claims, now);
}

const triggerClaims = z.object({
  org_id: z.string(),
  user_id: z.string(),
  app_id: z.string(),
  inst_id: z.string(),
  opener_token_id: z.string(),
  exp: z.number(),
});

/** The content of a trigger's token. Null when the token is forged or expired. `exp` in seconds. */
export function readTriggerToken(
  signing: SigningKeys,
  token: string,
  now: number,
): Promise<z.infer<typeof triggerClaims> | null> {
  return readOwnToken(signing, 'trigger', token, triggerClaims, now);
}

/** A code that an app can exchange once, within TOKEN_SECONDS, for a lasting token of its bot user. */
export function appUserCode(
  signing: SigningKeys,
  installation: { app_id: string; installation_id: string },
  now: number,
): Promise<string> {
  const claims = { app_id: installation.app_id, inst_id: installation.installation_id, jti: crypto.randomUUID() };
  return signOwnToken(signing, 'app_user_code', claims, now);
}

const codeClaims = z.object({ app_id: z.string(), inst_id: z.string(), jti: z.string(), exp: z.number() });

/** The content of a code. Null when it is forged or expired. The exchange itself finds out whether it was used. */
export function readAppUserCode(
  signing: SigningKeys,
  code: string,
  now: number,
): Promise<z.infer<typeof codeClaims> | null> {
  return readOwnToken(signing, 'app_user_code', code, codeClaims, now);
}

/**
 * The data that a trigger sends to the app; all keys are always present. `sub`: the host of this hub, as in
 * `triggerToken`. `user_id`: the user who opens the app; null for the operator of the hub. `_org_id` and `_user_id`:
 * their numbers.
 */
export type TriggerData = {
  sub: string;
  org_id: string;
  user_id: string | null;
  app_id: string;
  inst_id: string;
  app_user_id: string | null;
  app_user_code: string | null;
  visitor_id: string | null;
  chat_id: string | null;
  room_id: string | null;
  domain_host: string | null;
  _org_id: number;
  _user_id: number | null;
};

/** The data of a trigger, signed with the text of the app's secret. */
export function signTriggerData(appSecret: string, data: TriggerData, now: number): Promise<string> {
  return new SignJWT(data)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(secondsOf(now) + TOKEN_SECONDS.trigger)
    .sign(new TextEncoder().encode(appSecret));
}
