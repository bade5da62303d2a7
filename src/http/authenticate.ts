import { createDirectoryCache, type DirectoryChange } from '../directory/changes.ts';
import { isRenewalDue, renewLastingToken } from '../directory/lasting-tokens.ts';
import { sessionDigest } from '../directory/sessions.ts';
import type { Credential } from '../directory/socket-owners.ts';
import { findPrincipal, isTokenForm, type PrincipalRow, tokenDigest } from '../directory/tokens.ts';
import { userFacts } from '../directory/users.ts';
import { cacheTimeToLive, STALE_FOR } from '../platform/isolate-cache.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { quotasOf, storedBytesOf } from '../resources/quotas.ts';
import {
  type AppPrincipalRow,
  findAppUser,
  findTriggeringUser,
  isJwt,
  parseAppCredentials,
} from './app-credentials.ts';
import { type AppContext, type AppMiddleware, identityDatabase, type Principal } from './app-environment.ts';
import { isFromOwnPage, readSessionCookie } from './cookie-session.ts';
import { guesses, TOO_MANY_FAILURES } from './rate-limits.ts';
import { type Refusal, refuse } from './refusals.ts';

const principals = createDirectoryCache<Principal>({ limit: 10_000, isConcerned: isPrincipalConcerned });

function isPrincipalConcerned(change: DirectoryChange, { user, organization, credential, ...own }: Principal): boolean {
  switch (change.kind) {
    case 'organization':
      return organization.id === change.organization_id;
    case 'user':
      return user.id === change.user_id;
    case 'token':
      // The apps that were opened with it, too.
      if (credential.kind === 'app') return credential.opener_token_id === change.token_id;
      return own.token_id === change.token_id;
    case 'app':
      return own.app_id === change.app_id;
    case 'installations':
      return own.app_id !== null && organization.id === change.organization_id;
    default:
      return false;
  }
}

/**
 * Accepts a valid user token (`Authorization: Bearer …` or `Token …`), an app's credentials (`GIOSGAPP …`) or, without a
 * header, the cookie of a session, and sets `principal`. Everything else is 401. A cookie in a request that no page of this
 * hub has made is 403. A request whose token this isolate does not know is 503 while D1 cannot be reached, and 429 when
 * the client has sent too many bad tokens.
 */
export const authenticate = (): AppMiddleware => authenticateBy(lookupOfRequest);

/** The same for the cookie of a session alone. */
export const authenticateSession: AppMiddleware = authenticateBy(lookupOfSession);

function authenticateBy(lookupOf: (c: AppContext) => Lookup | Refusal): AppMiddleware {
  return async (c, next) => {
    const lookup = lookupOf(c);
    const found = 'reason' in lookup ? lookup : await findHolder(c, lookup);
    if ('reason' in found) return refuse(c, found);
    c.set('principal', found);
    c.set('organization', found.organization);
    await next();
  };
}

/** The holder of a stored token that is not in the header, or the refusal as for one that is. */
export async function holderOfToken(c: AppContext, token: string): Promise<Principal | Refusal> {
  return isTokenForm(token) ? await findHolder(c, lookupOfStored(tokenDigest(token))) : TOKEN_INVALID;
}

async function findHolder(c: AppContext, lookup: Lookup): Promise<Principal | Refusal> {
  // A token that this isolate has known is no guess: clients that share an address with one who guesses go on.
  const isKnown = principals.peek(lookup.key, STALE_FOR) !== null;
  if (!isKnown && guesses.isExceeded(c)) return TOO_MANY_FAILURES;
  let found: Principal | null;
  try {
    found = await principals.get(lookup.key, cacheTimeToLive(c.env), () => lookup.find(c));
  } catch (error) {
    writeLog('error', 'authentication_unavailable', { error: errorText(error) });
    return { reason: 'unavailable' };
  }
  if (found === null) await guesses.count(c);
  return found === null || isExpired(found.expires_at, Date.now()) ? TOKEN_INVALID : found;
}

const NOT_AUTHENTICATED = { reason: 'not_authenticated' } as const;
const TOKEN_INVALID = { reason: 'token_invalid' } as const;

const USER_TOKEN_SCHEMES: ReadonlySet<string> = new Set(['bearer', 'token']);
const APP_SCHEME = 'giosgapp';

/** How to find the principal of some credentials, and its key in the cache, which is a digest. */
type Lookup = { key: string; find: (c: AppContext) => Promise<Principal | null> };

/** By the header, or else by the cookie. */
function lookupOfRequest(c: AppContext): Lookup | Refusal {
  const header = c.req.header('Authorization');
  if (header === undefined) return lookupOfSession(c);
  const credentials = parseAuthorization(header);
  if (credentials === null) return NOT_AUTHENTICATED;
  if (credentials.scheme === APP_SCHEME) return lookupOfApp(header) ?? TOKEN_INVALID;
  if (!USER_TOKEN_SCHEMES.has(credentials.scheme)) return NOT_AUTHENTICATED;
  return lookupOfToken(credentials.token) ?? TOKEN_INVALID;
}

function lookupOfSession(c: AppContext): Lookup | Refusal {
  const secret = readSessionCookie(c);
  if (secret === null) return NOT_AUTHENTICATED;
  if (!isFromOwnPage(c)) return { reason: 'page_foreign' };
  return isTokenForm(secret) ? lookupOfStored(sessionDigest(secret)) : TOKEN_INVALID;
}

/** Null for a text that cannot be a token. */
function lookupOfToken(token: string): Lookup | null {
  if (isJwt(token)) return { key: tokenDigest(token), find: async (c) => principalOfApp(await findAppUser(c, token)) };
  return isTokenForm(token) ? lookupOfStored(tokenDigest(token)) : null;
}

function lookupOfStored(digest: string): Lookup {
  return {
    key: digest,
    find: async (c) => {
      const row = await findPrincipal(identityDatabase(c), digest);
      if (row === null) return null;
      if (row.app_id !== null) renew(c, digest, row.expires_at);
      return principalOf(row, { kind: 'token', digest });
    },
  };
}

/** Renews an app's lasting token beside the request, once a day. A failure is logged: its next use tries again. */
function renew(c: AppContext, digest: string, expiresAt: number | null): void {
  const now = Date.now();
  if (!isRenewalDue(expiresAt, now)) return;
  const renewing = renewLastingToken(identityDatabase(c), digest, now).catch((error: unknown) => {
    writeLog('warn', 'token_not_renewed', { error: errorText(error) });
  });
  c.executionCtx.waitUntil(renewing);
}

/** Null for a text that cannot be a trigger token with a secret. */
function lookupOfApp(header: string | undefined): Lookup | null {
  const given = parseAppCredentials(header);
  if (given === null) return null;
  const key = tokenDigest(`${given.token} ${given.secret}`);
  return { key, find: async (c) => principalOfApp(await findTriggeringUser(c, given)) };
}

function principalOfApp(row: AppPrincipalRow | null): Principal | null {
  return row === null ? null : principalOf(row, row.credential);
}

/**
 * Scheme (lower case) and token of an Authorization header; null without a header. The token is empty unless there is
 * exactly one.
 */
export function parseAuthorization(header: string | undefined): { scheme: string; token: string } | null {
  const [scheme, token, ...rest] = (header ?? '').trim().split(/\s+/);
  if (scheme === undefined || scheme === '') return null;
  return { scheme: scheme.toLowerCase(), token: rest.length === 0 ? (token ?? '') : '' };
}

/** Whether a token that expires at `expiresAt` (ms; null: never) has expired. */
export function isExpired(expiresAt: number | null, now: number): boolean {
  return expiresAt !== null && now >= expiresAt;
}

function principalOf(row: PrincipalRow, credential: Credential): Principal {
  return {
    user: userFacts({ ...row, id: row.user_id }),
    chat_capacity: row.chat_capacity,
    organization: {
      id: row.organization_id,
      name: row.organization_name,
      database: row.database,
      has_active_subscription: row.has_active_subscription === 1,
      private_chats: row.private_chats === 1,
      private_chat_history: row.private_chat_history === 1,
      encryption_public_key: row.encryption_public_key,
      stored: storedBytesOf(row),
      variables_quota: quotasOf(row.quotas).visitor_variables,
    },
    scopes: new Set(JSON.parse(row.scopes) as string[]),
    token_id: row.token_id,
    expires_at: row.expires_at,
    app_id: row.app_id,
    credential,
  };
}
