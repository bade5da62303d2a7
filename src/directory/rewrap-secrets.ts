import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import type { StoredSecret } from '../db/rows.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { currentPrefix, type SecretPlace, unwrapSecret, wrapSecret } from './stored-secrets.ts';

/**
 * Wraps stored secrets again by the present SECRETS_KEY: those that SECRETS_KEY_PREVIOUS has wrapped, and those from
 * before there was a key. Kept answers are among them: a repeated request must find its answer after the change.
 */

/** A table with secrets, in the database that holds it. */
export type SecretTable =
  | { table: 'signing_keys' | 'apps'; database: IdentityDatabase }
  | { table: 'channels'; database: OrganizationDatabase }
  | { table: 'keyed_requests'; database: IdentityDatabase | OrganizationDatabase };

const COLUMNS = ['secret', 'previous_secret', 'webhook_key', 'responder_key', 'answer'] as const;

/** A table has some of the columns. */
type SecretRow = { id: string } & { [column in (typeof COLUMNS)[number]]?: StoredSecret | null };

/** A page of rows by id, deleted ones too: their last webhooks are signed as well. */
const PAGES: { readonly [table in SecretTable['table']]: string } = {
  signing_keys: 'SELECT id, secret FROM signing_keys WHERE id > ? ORDER BY id LIMIT ?',
  apps: 'SELECT id, secret FROM apps WHERE id > ? ORDER BY id LIMIT ?',
  channels:
    'SELECT id, secret, previous_secret, webhook_key, responder_key FROM channels WHERE id > ? ORDER BY id LIMIT ?',
  keyed_requests: 'SELECT id, answer FROM keyed_requests WHERE id > ? ORDER BY id LIMIT ?',
};

/** `unreadable`: ids of rows that this Worker cannot unwrap. `last`: the id of the last row; null: there was none. */
export type Rewrapped = { rewrapped: number; unreadable: string[]; last: string | null };

/**
 * Wraps the secrets of the next rows of a table again, at most `limit`, after the row `after`. A secret that changes
 * meanwhile is left, because it is new. What cannot be unwrapped is left too. Can be repeated. Throws
 * `SecretsUnavailable` without SECRETS_KEY.
 */
export async function rewrapPage(
  env: Env,
  { table, database }: SecretTable,
  after: string,
  limit: number,
): Promise<Rewrapped> {
  const prefix = await currentPrefix(env);
  const rows = await database.all<SecretRow>(PAGES[table], after, limit);
  const due = rows.flatMap(({ id, ...secrets }) =>
    COLUMNS.flatMap((column) => {
      const stored = secrets[column] ?? null;
      const place = { table, id, column } as SecretPlace;
      return stored === null || isWrappedBy(stored, prefix) ? [] : [{ place, stored }];
    }),
  );
  const unreadable = new Set<string>();
  const writes = [];
  for (const { place, stored } of due) {
    const wrapped = await rewrapOne(env, place, stored);
    if (wrapped === null) unreadable.add(place.id);
    else {
      const { column } = place;
      const write = `UPDATE ${table} SET ${column} = ? WHERE id = ? AND ${column} = ? RETURNING id`;
      writes.push([write, wrapped, place.id, stored] as const);
    }
  }
  const written = writes.length === 0 ? [] : await database.batch(writes);
  return { rewrapped: written.flat().length, unreadable: [...unreadable], last: rows.at(-1)?.id ?? null };
}

/** Null for a secret that cannot be unwrapped; the log says why. */
async function rewrapOne(env: Env, place: SecretPlace, stored: StoredSecret): Promise<StoredSecret | null> {
  let secret: string;
  try {
    secret = await unwrapSecret(env, place, stored);
  } catch (error) {
    writeLog('error', 'secret_unreadable', { ...place, error: errorText(error) });
    return null;
  }
  return await wrapSecret(env, place, secret);
}

function isWrappedBy(stored: StoredSecret, prefix: string): boolean {
  return (stored as unknown as string).startsWith(prefix);
}
