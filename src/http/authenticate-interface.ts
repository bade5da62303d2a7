import { createDirectoryCache } from '../directory/changes.ts';
import { findKeyHolder, type KeyHolderRow } from '../directory/interface-keys.ts';
import { isTokenForm, tokenDigest } from '../directory/tokens.ts';
import { cacheTimeToLive, STALE_FOR } from '../platform/isolate-cache.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { InterfaceKind } from '../resources/interface.ts';
import { quotasOf, storedBytesOf } from '../resources/quotas.ts';
import { type AppContext, type AppMiddleware, identityDatabase, type KeyHolder } from './app-environment.ts';
import { parseAuthorization } from './authenticate.ts';
import { guesses, TOO_MANY_FAILURES } from './rate-limits.ts';
import { refuse } from './refusals.ts';

const holders = createDirectoryCache<KeyHolder>({
  limit: 10_000,
  isConcerned: (change, { key_id, organization }) =>
    (change.kind === 'organization' && change.organization_id === organization.id) ||
    (change.kind === 'token' && change.token_id === key_id),
});

/** How each interface carries its key; null without one. */
const KEYS: { readonly [kind in InterfaceKind]: (c: AppContext) => string | null } = {
  rpc: (c) => {
    const credentials = parseAuthorization(c.req.header('Authorization'));
    return credentials?.scheme === 'bearer' ? credentials.token : null;
  },
  threads: (c) => c.req.header('x-api-key')?.trim() ?? null,
};

/**
 * Accepts a key of an interface and sets `keyHolder` and `organization`. Everything else is 401, tokens of users too. A
 * request whose key this isolate does not know is 503 while D1 cannot be reached, and 429 when the client has sent too
 * many bad ones.
 */
export function authenticateKey(kind: InterfaceKind): AppMiddleware {
  return async (c, next) => {
    const key = KEYS[kind](c);
    if (key === null || key === '') return refuse(c, { reason: 'not_authenticated' });
    if (!isTokenForm(key)) return refuse(c, { reason: 'token_invalid' });
    const digest = tokenDigest(key);
    const place = `${kind}/${digest}`;
    const isKnown = holders.peek(place, STALE_FOR) !== null;
    if (!isKnown && guesses.isExceeded(c)) return refuse(c, TOO_MANY_FAILURES);
    let found: KeyHolder | null;
    try {
      found = await holders.get(place, cacheTimeToLive(c.env), async () =>
        holderOf(kind, await findKeyHolder(identityDatabase(c), kind, digest)),
      );
    } catch (error) {
      writeLog('error', 'authentication_unavailable', { error: errorText(error) });
      return refuse(c, { reason: 'unavailable' });
    }
    if (found === null) {
      await guesses.count(c);
      return refuse(c, { reason: 'token_invalid' });
    }
    c.set('keyHolder', found);
    c.set('organization', found.organization);
    await next();
  };
}

/** The organization of the key must have an active subscription, else 403. */
export const requireHolderSubscription: AppMiddleware = async (c, next) => {
  if (!c.var.keyHolder.organization.has_active_subscription) return refuse(c, { reason: 'subscription_inactive' });
  await next();
};

function holderOf(kind: InterfaceKind, row: KeyHolderRow | null): KeyHolder | null {
  if (row === null) return null;
  return {
    kind,
    key_id: row.key_id,
    organization: {
      id: row.organization_id,
      name: row.organization_name,
      database: row.database,
      domain: row.domain,
      has_active_subscription: row.has_active_subscription === 1,
      private_chats: row.private_chats === 1,
      private_chat_history: row.private_chat_history === 1,
      encryption_public_key: row.encryption_public_key,
      stored: storedBytesOf(row),
      variables_quota: quotasOf(row.quotas).visitor_variables,
    },
  };
}
