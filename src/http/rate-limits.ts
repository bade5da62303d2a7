import { errorText, writeLog } from '../platform/log.ts';
import type { AppContext, AppMiddleware } from './app-environment.ts';
import { clientAddress } from './client-address.ts';
import { refuse } from './refusals.ts';

/**
 * Limits on how often a client may ask, by the platform's counters: the bindings `RATE_…` of wrangler.toml, which says how often. They count for
 * each of Cloudflare's locations and not exactly, so they stop floods and are no quotas. No key is one that a client can choose. Without the
 * variable RATE_LIMITS nothing is limited.
 */
export type RateLimitName = Extract<keyof Env, `RATE_${string}`> & KeysWith<RateLimit>;

type KeysWith<Type> = { [Key in keyof Env]: Env[Key] extends Type ? Key : never }[keyof Env];

/** The period of every limit in wrangler.toml, in seconds: after it a client may ask again. */
const PERIOD_SECONDS = 60;

/** How many addresses with failures an isolate remembers. */
const BLOCKED_ADDRESSES = 10_000;

/** Counts one more for `key`. False when there were too many. A counter that cannot be reached limits nobody. */
async function isWithinLimit(env: Env, name: RateLimitName, key: string): Promise<boolean> {
  if (env.RATE_LIMITS !== '1') return true;
  try {
    return (await env[name].limit({ key })).success;
  } catch (error) {
    writeLog('warn', 'rate_limit_unavailable', { limit: name, error: errorText(error) });
    return true;
  }
}

/** A guard that refuses with 429 when there are more requests with the same key than the limit allows. A null key is not counted. */
export function limitRate(name: RateLimitName, keyOf: (c: AppContext) => string | null): AppMiddleware {
  return async (c, next) => {
    const key = keyOf(c);
    if (key !== null && !(await isWithinLimit(c.env, name, key))) {
      return refuse(c, { reason: 'rate_limited', seconds: PERIOD_SECONDS });
    }
    await next();
  };
}

/** A limit on failures of one kind by address. It is asked before a client is believed, so it remembers in the isolate who is over it. */
export type FailureLimit = {
  /** Whether the client has failed too often. Costs nothing. */
  isExceeded(c: AppContext): boolean;
  /** Counts a failure. */
  count(c: AppContext): Promise<void>;
};

export function limitFailures(name: RateLimitName): FailureLimit {
  const blockedUntil = new Map<string, number>();
  return {
    isExceeded: (c) => c.env.RATE_LIMITS === '1' && (blockedUntil.get(clientAddress(c)) ?? 0) > Date.now(),
    async count(c) {
      const address = clientAddress(c);
      if (await isWithinLimit(c.env, name, address)) return;
      blockedUntil.delete(address);
      blockedUntil.set(address, Date.now() + PERIOD_SECONDS * 1000);
      const [oldest] = blockedUntil.keys();
      if (blockedUntil.size > BLOCKED_ADDRESSES && oldest !== undefined) blockedUntil.delete(oldest);
    },
  };
}

/** The answer to a client that has failed too often. */
export const TOO_MANY_FAILURES = { reason: 'rate_limited', seconds: PERIOD_SECONDS } as const;

const isRead = (c: AppContext) => c.req.method === 'GET' || c.req.method === 'HEAD';

/** Requests of one token. Behind `authenticate()`. */
export const limitToken = limitRate('RATE_TOKEN', (c) => c.var.principal.token_id);

/** Requests of an organization's users that write. Behind `authenticate()`. */
export const limitOrganizationWrites = limitRate('RATE_ORGANIZATION_WRITES', (c) =>
  isRead(c) ? null : c.var.principal.organization.id,
);

/** Requests of one visitor that write. Behind `authenticateVisitor()`. */
export const limitVisitorWrites = limitRate('RATE_VISITOR_WRITES', (c) => (isRead(c) ? null : c.var.visitor.id));

/** Authentications of visitors from one address with one organization. */
export const limitNewVisitors = limitRate(
  'RATE_NEW_VISITORS',
  (c) => `${c.req.param('organization_id')?.toLowerCase() ?? ''}/${clientAddress(c)}`,
);

/** Requests from one address to what is open to everybody and asks a database. */
export const limitOpenPages = limitRate('RATE_OPEN_PAGES', clientAddress);
