import { findPrincipal, type PrincipalRow, tokenDigest } from '../directory/tokens.ts';
import { userFacts } from '../directory/users.ts';
import { errorText, writeLog } from '../log.ts';
import { type AppMiddleware, identityDatabase, type Principal } from './app-environment.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from './isolate-cache.ts';
import { refuse } from './refusals.ts';

type CachedPrincipal = { principal: Principal; expires_at: number | null };

const principals = createIsolateCache<CachedPrincipal>({ clock: () => Date.now(), limit: 10_000, staleFor: STALE_FOR });

/** Forgets a token in this isolate; others forget it when their copy is AUTH_CACHE_SECONDS old. */
export function purgeToken(digest: string): void {
  principals.purge(digest);
}

/** Forgets a user's tokens in this isolate. */
export function purgeUser(userId: string): void {
  principals.purgeWhere(({ principal }) => principal.user.id === userId);
}

/** Forgets the tokens of an organization's users in this isolate. */
export function purgeOrganization(organizationId: string): void {
  principals.purgeWhere(({ principal }) => principal.organization.id === organizationId);
}

/**
 * Lets a request through that carries a valid user token (`Authorization: Bearer …` or `Token …`) and sets `principal`; all
 * others are 401, or 503 when D1 cannot be reached and the token is not known here.
 */
export function authenticate(): AppMiddleware {
  return async (c, next) => {
    const credentials = parseAuthorization(c.req.header('Authorization'));
    if (credentials === null || !USER_TOKEN_SCHEMES.has(credentials.scheme)) {
      return refuse(c, { reason: 'not_authenticated' });
    }
    if (credentials.token === '' || credentials.token.length > 512) return refuse(c, { reason: 'token_invalid' });
    const digest = tokenDigest(credentials.token);
    let found: CachedPrincipal | null;
    try {
      found = await principals.get(digest, cacheTimeToLive(c.env), async () => {
        const row = await findPrincipal(identityDatabase(c), digest);
        return row === null ? null : { principal: principalOf(row), expires_at: row.expires_at };
      });
    } catch (error) {
      writeLog('error', 'authentication_unavailable', { error: errorText(error) });
      return refuse(c, { reason: 'unavailable' });
    }
    if (found === null || isExpired(found.expires_at, Date.now())) return refuse(c, { reason: 'token_invalid' });
    c.set('principal', found.principal);
    await next();
  };
}

const USER_TOKEN_SCHEMES: ReadonlySet<string> = new Set(['bearer', 'token']);

/** Scheme (lower case) and token of an Authorization header; null without header. The token is empty when there is not exactly one. */
export function parseAuthorization(header: string | undefined): { scheme: string; token: string } | null {
  const [scheme, token, ...rest] = (header ?? '').trim().split(/\s+/);
  if (scheme === undefined || scheme === '') return null;
  return { scheme: scheme.toLowerCase(), token: rest.length === 0 ? (token ?? '') : '' };
}

/** Whether a token that expires at `expiresAt` (ms, null: never) is past its time. */
export function isExpired(expiresAt: number | null, now: number): boolean {
  return expiresAt !== null && now >= expiresAt;
}

function principalOf(row: PrincipalRow): Principal {
  return {
    user: userFacts({ ...row, id: row.user_id }),
    organization: {
      id: row.organization_id,
      name: row.organization_name,
      database: row.database,
      has_active_subscription: row.has_active_subscription === 1,
      private_chats: row.private_chats === 1,
      private_chat_history: row.private_chat_history === 1,
    },
    scopes: new Set(JSON.parse(row.scopes) as string[]),
    token_id: row.token_id,
  };
}
