import type { Attempt } from '../rpc/lane.ts';

/**
 * The key by which the receiver of JSON-RPC or of the threads API knows the hub: a member of the body, or a header. It
 * is read at each attempt, never stored with a webhook and never logged.
 */

/** The frozen body of a webhook of JSON-RPC with the key of the settings. Both are JSON text. */
export function withApiKey(body: string, api_key: string): string {
  return JSON.stringify({ ...(JSON.parse(body) as object), api_key });
}

/** An attempt without the key, for the log: a receiver may answer with what it got. */
export function withoutKey(attempt: Attempt, key: string | undefined): Attempt {
  if (attempt.response === null || key === undefined) return attempt;
  return { ...attempt, response: attempt.response.replaceAll(key, '(key)') };
}
