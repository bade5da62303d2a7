import { errorText, writeLog } from '../platform/log.ts';
import type { AppContext, AppMiddleware } from './app-environment.ts';
import { clientAddress } from './client-address.ts';
import { refuse } from './refusals.ts';

/**
 * Rate limits by the platform's counters: the bindings `RATE_…` of wrangler.toml, which sets the rates. The counters
 * are approximate and separate for each of Cloudflare's locations, so they stop floods but are not quotas. Clients
 * cannot choose a key. Without the variable RATE_LIMITS nothing is limited.
 */
export type RateLimitName = Extract<keyof Env, `RATE_${string}`> & KeysWith<RateLimit>;

type KeysWith<Type> = { [Key in keyof Env]: Env[Key] extends Type ? Key : never }[keyof Env];

/** The period of every limit in wrangler.toml, in seconds. After it a client may send requests again. */
const PERIOD_SECONDS = 60;

/** Most addresses with failures that an isolate remembers. */
const BLOCKED_ADDRESSES = 10_000;

/** A limit that is counted exactly, at most `most` in any `period` (ms). They are on with the platform's. */
export const EXACT_LIMITS = {
  visitor_messages: { most: 30, period: 60_000 },
  visitor_chats: { most: 10, period: 3_600_000 },
  visitor_files: { most: 30, period: 60_000 },
} as const;

/** An exact limit for the command of a request. Null while limits are off. */
export function exactLimit(env: Env, name: keyof typeof EXACT_LIMITS): { most: number; period: number } | null {
  return env.RATE_LIMITS === '1' ? EXACT_LIMITS[name] : null;
}

/** Counts a request for `key`. False when there were too many. A counter that cannot be reached does not limit. */
async function isWithinLimit(env: Env, name: RateLimitName, key: string): Promise<boolean> {
  if (env.RATE_LIMITS !== '1') return true;
  try {
    return (await env[name].limit({ key })).success;
  } catch (error) {
    writeLog('warn', 'rate_limit_unavailable', { limit: name, error: errorText(error) });
    return true;
  }
}

/** A guard that refuses requests above the limit of a key with 429. A null key is not counted. */
export function limitRate(name: RateLimitName, keyOf: (c: AppContext) => string | null): AppMiddleware {
  return async (c, next) => {
    const key = keyOf(c);
    if (key !== null && !(await isWithinLimit(c.env, name, key))) {
      return refuse(c, { reason: 'rate_limited', seconds: PERIOD_SECONDS });
    }
    await next();
  };
}

/**
 * A limit on failures of one kind by address. It is checked before authentication, so the isolate remembers the
 * addresses above it.
 */
export type FailureLimit = {
  /** Whether the client has failed too often. Costs nothing. */
  isExceeded(c: AppContext): boolean;
  /** Counts a failure. */
  count(c: AppContext): Promise<void>;
};

/** Makes the limit of the binding `name`. An address above it is refused for PERIOD_SECONDS in this isolate. */
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

/** The refusal of a client that has failed too often. */
export const TOO_MANY_FAILURES = { reason: 'rate_limited', seconds: PERIOD_SECONDS } as const;

/**
 * Clients that named a token, an app's secret or an organization that the hub does not have. Each such guess costs a
 * query, and a client can make up as many as it likes.
 */
export const guesses = limitFailures('RATE_BAD_TOKENS');

/** Refuses a client that has guessed too often, before its next guess costs a query. */
export const limitGuesses: AppMiddleware = async (c, next) => {
  if (guesses.isExceeded(c)) return refuse(c, TOO_MANY_FAILURES);
  await next();
};

const isRead = (c: AppContext) => c.req.method === 'GET' || c.req.method === 'HEAD';

/** Limits the requests of one token. Must follow `authenticate()`. */
export const limitToken = limitRate('RATE_TOKEN', (c) => c.var.principal.token_id);

/** Limits the writing requests of an organization's users. Must follow `authenticate()`. */
export const limitOrganizationWrites = limitRate('RATE_ORGANIZATION_WRITES', (c) =>
  isRead(c) ? null : c.var.principal.organization.id,
);

/** Limits the requests of one key of an interface. Must follow `authenticateKey()`. */
export const limitKey = limitRate('RATE_TOKEN', (c) => c.var.keyHolder.key_id);

/** Limits the writing requests of an organization's programs, together with its users'. Must follow `authenticateKey()`. */
export const limitHolderWrites = limitRate('RATE_ORGANIZATION_WRITES', (c) =>
  isRead(c) ? null : c.var.keyHolder.organization.id,
);

/** Limits the writing requests of one visitor. Must follow `authenticateVisitor()`. */
export const limitVisitorWrites = limitRate('RATE_VISITOR_WRITES', (c) => (isRead(c) ? null : c.var.visitor.id));

/** Limits the authentications of visitors from one address with one organization. */
export const limitNewVisitors = limitRate(
  'RATE_NEW_VISITORS',
  (c) => `${c.req.param('organization_id')?.toLowerCase() ?? ''}/${clientAddress(c)}`,
);

/** Limits the requests from one address to public routes that read a database. */
export const limitOpenPages = limitRate('RATE_OPEN_PAGES', clientAddress);
