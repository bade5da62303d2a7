import { findAppUserPrincipal, findTriggerPrincipal } from '../directory/app-principals.ts';
import { readAppUserToken, readTriggerToken } from '../directory/app-tokens.ts';
import { hubKeysFor } from '../directory/signing-keys.ts';
import type { AppCredential } from '../directory/socket-owners.ts';
import { openAppSecret } from '../directory/stored-secrets.ts';
import type { PrincipalRow } from '../directory/tokens.ts';
import { isSameSecret } from '../platform/secrets.ts';
import { type AppContext, identityDatabase } from './app-environment.ts';

/** The user or bot user that an app's credentials authenticate. `expires_at` in ms. */
export type AppPrincipalRow = PrincipalRow & { credential: AppCredential };

/** Whether a token has the form of a JWT. Stored tokens have no dots. */
export function isJwt(token: string): boolean {
  return token.split('.').length === 3;
}

/**
 * The trigger token and app secret of `Authorization: GIOSGAPP <trigger token> <app secret>`. Null for any other
 * header.
 */
export function parseAppCredentials(header: string | undefined): { token: string; secret: string } | null {
  const [scheme = '', token, secret, ...rest] = (header ?? '').trim().split(/\s+/);
  if (scheme.toLowerCase() !== 'giosgapp' || token === undefined || secret === undefined) return null;
  return rest.length === 0 ? { token, secret } : null;
}

/**
 * The bot user that a JWT from a webhook names. A JWT that the hub has not signed costs no read of D1, but for one a
 * second that names an unknown key.
 */
export async function findAppUser(c: AppContext, token: string): Promise<AppPrincipalRow | null> {
  const { signing } = await hubKeysFor(c.env, c.var.cost, token);
  const claims = await readAppUserToken(signing, token, Date.now());
  if (claims === null) return null;
  const row = await findAppUserPrincipal(identityDatabase(c), claims);
  if (row === null) return null;
  const credential = { kind: 'app', app_id: claims.app_id, installation_id: row.token_id } as const;
  return { ...row, expires_at: claims.exp * 1000, credential };
}

/**
 * The user who opened an app, until the trigger's token or theirs expires. Null unless the token and the secret belong to
 * the same app.
 */
export async function findTriggeringUser(
  c: AppContext,
  { token, secret }: { token: string; secret: string },
): Promise<AppPrincipalRow | null> {
  const { signing } = await hubKeysFor(c.env, c.var.cost, token);
  const claims = await readTriggerToken(signing, token, Date.now());
  if (claims === null) return null;
  const { org_id: organization_id, inst_id: installation_id, user_id, app_id, opener_token_id } = claims;
  const trigger = { organization_id, installation_id, user_id, app_id, opener_token_id };
  const row = await findTriggerPrincipal(identityDatabase(c), trigger);
  if (row === null) return null;
  const { secret: stored, secret_version, ...principal } = row;
  if (!isSameSecret(await openAppSecret(c.env, { id: app_id, secret: stored }), secret)) return null;
  const expires_at = Math.min(claims.exp * 1000, row.expires_at ?? Number.POSITIVE_INFINITY);
  const credential = { kind: 'app', app_id, installation_id, opener_token_id, secret_version } as const;
  return { ...principal, expires_at, credential };
}
