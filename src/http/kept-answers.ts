import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { openIdentityDatabase, openOrganizationDatabase } from '../db/database.ts';
import type { StoredSecret } from '../db/rows.ts';
import {
  type ClaimedRequest,
  claimKey,
  type KeptAnswer,
  type KeysDatabase,
  keepAnswer,
  releaseKey,
} from '../directory/keyed-requests.ts';
import { unwrapSecret, wrapSecret } from '../directory/stored-secrets.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { AppContext, AppMiddleware, KeyedRequest } from './app-environment.ts';
import { KEY_REUSED, REPLAYED } from './idempotency-key.ts';
import { type Refusal, refuse } from './refusals.ts';

/** Where answers are kept: the database in which the request writes. */
export type AnswerPlace = 'organization' | 'identity';

const UNDER_WAY = {
  reason: 'conflict',
  detail: 'A request with this Idempotency-Key is still under way.',
} as const satisfies Refusal;

/**
 * Answers a repeated request with a key as the first time, from D1. It is for requests that write no chat: a thread
 * remembers its commands itself. Answers are wrapped, because they may hold personal data and secrets. It must follow
 * `readIdempotencyKey`.
 */
export function keepAnswers(place: AnswerPlace): AppMiddleware {
  return async (c, next) => {
    const keyed = c.get('keyed');
    // Hono may run a middleware twice (json-body.ts).
    if (keyed === undefined || keyed.claimed_at !== undefined) return next();
    const claimed: ClaimedRequest = { ...keyed, claimed_at: Date.now() };
    c.set('keyed', claimed);
    const database = databaseOf(c, place);
    const claim = await claimKey(database, claimed);
    if (claim.state === 'other') return refuse(c, KEY_REUSED);
    if (claim.state === 'under_way') return refuse(c, UNDER_WAY);
    if (claim.state === 'answered') return replay(c, keyed, claim.answer);
    await next();
    if (!c.res.ok) return await releaseKey(database, claimed);
    try {
      const answer = await wrapAnswer(c.env, keyed, c.res.status, await c.res.clone().text());
      await keepAnswer(database, { claimed, answer });
    } catch (error) {
      // The request was carried out. Without its answer a repeat is 409 for a minute.
      writeLog('warn', 'answer_not_kept', { error: errorText(error) });
    }
  };
}

/** Not the databases that handlers get: an answer that is kept is no change for the audit log. */
function databaseOf({ env, var: { organization, visitor, cost } }: AppContext, place: AnswerPlace): KeysDatabase {
  if (place === 'identity') return openIdentityDatabase(env, cost);
  return openOrganizationDatabase(env, visitor === undefined ? organization : visitor.organization, cost);
}

/** An answer as D1 keeps it. `body`: its JSON text. */
function wrapAnswer(env: Env, { id }: KeyedRequest, status: number, body: string): Promise<StoredSecret> {
  return wrapSecret(env, placeOf(id), JSON.stringify([status, body]));
}

/** An answer with 200 to keep with the write that it reports; null without a key. */
export async function answerToKeep(c: AppContext, answer: object): Promise<KeptAnswer | null> {
  const keyed = c.get('keyed');
  if (keyed?.claimed_at === undefined) return null;
  const claimed = { ...keyed, claimed_at: keyed.claimed_at };
  return { claimed, answer: await wrapAnswer(c.env, keyed, 200, JSON.stringify(answer)) };
}

async function replay(c: AppContext, { id }: KeyedRequest, stored: StoredSecret): Promise<Response> {
  const [status, body] = JSON.parse(await unwrapSecret(c.env, placeOf(id), stored)) as [ContentfulStatusCode, string];
  return c.body(body, status, { 'Content-Type': 'application/json', [REPLAYED]: 'true' });
}

const placeOf = (id: string) => ({ table: 'keyed_requests', id, column: 'answer' }) as const;
