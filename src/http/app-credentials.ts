import { findAppUserPrincipal, findTriggerPrincipal } from '../directory/app-principals.ts';
import { readAppUserToken, readTriggerToken } from '../directory/app-tokens.ts';
import type { PrincipalRow } from '../directory/tokens.ts';
import { isSameSecret } from '../platform/secrets.ts';
import { type AppContext, identityDatabase } from './app-environment.ts';
import { signingKey } from './signing-key.ts';

/** Whom an app's credentials stand for; `expires_at` in ms. */
export type AppPrincipalRow = PrincipalRow & { app_id: string };

/** Whether a token is a JWT by its form; the tokens that are stored have no dots. */
export function isJwt(token: string): boolean {
  return token.split('.').length === 3;
}

/** Trigger token and app secret of `Authorization: GIOSGAPP <trigger token> <app secret>`; null for any other header. */
export function parseAppCredentials(header: string | undefined): { token: string; secret: string } | null {
  const [scheme = '', token, secret, ...rest] = (header ?? '').trim().split(/\s+/);
  if (scheme.toLowerCase() !== 'giosgapp' || token === undefined || secret === undefined) return null;
  return rest.length === 0 ? { token, secret } : null;
}

/** The bot user whom a JWT from a webhook names. Nothing is asked of D1 for one that the hub has not signed. */
export async function findAppUser(c: AppContext, token: string): Promise<AppPrincipalRow | null> {
  const claims = await readAppUserToken(await signingKey(c), token, Date.now());
  if (claims === null) return null;
  const row = await findAppUserPrincipal(identityDatabase(c), claims);
  return row === null ? null : { ...row, expires_at: claims.exp * 1000, app_id: claims.app_id };
}

/** The user who opened an app, when token and secret belong together. */
export async function findTriggeringUser(
  c: AppContext,
  { token, secret }: { token: string; secret: string },
): Promise<AppPrincipalRow | null> {
  const claims = await readTriggerToken(await signingKey(c), token, Date.now());
  if (claims === null) return null;
  const { org_id: organization_id, inst_id: installation_id, user_id, app_id } = claims;
  const row = await findTriggerPrincipal(identityDatabase(c), { organization_id, installation_id, user_id, app_id });
  if (row === null || !isSameSecret(row.secret, secret)) return null;
  return { ...row, expires_at: claims.exp * 1000, app_id };
}
