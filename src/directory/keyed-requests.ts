import type { IdentityDatabase, OrganizationDatabase, Statement } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';
import type { StoredSecret } from '../db/rows.ts';

/** How long an answer is kept for its `Idempotency-Key` (ms). */
const KEPT_FOR = 24 * 3_600_000;
/** A request that has not ended after this time (ms) was lost with its Worker. Its repeat is carried out. */
const LOST_AFTER = 60_000;
/** Most rows that one run of the watchdog deletes in a database. The next run goes on. */
const ROWS_IN_A_RUN = 200_000;

/** Keys are claimed in the database in which their request writes. */
export type KeysDatabase = IdentityDatabase | OrganizationDatabase;

/**
 * A request with a key: digests of the key with its owner, and of the request. `claimed_at` (ms) tells the claim from a
 * later one of the same key.
 */
export type ClaimedRequest = { id: string; request: string; claimed_at: number };

/**
 * What a key stands for. `mine`: nothing yet, so this request is carried out. `under_way`: an equal request that has
 * not ended. `other`: another request.
 */
export type Claim =
  | { state: 'mine' }
  | { state: 'under_way' }
  | { state: 'other' }
  | { state: 'answered'; answer: StoredSecret };

/** Claims a key for a request. Of several at once one gets it. */
export async function claimKey(
  database: KeysDatabase,
  { id, request, claimed_at: now }: ClaimedRequest,
): Promise<Claim> {
  const [claimed = [], known = []] = await database.batch([
    [
      `INSERT INTO keyed_requests (id, request, at) VALUES (?1, ?2, ?3)
       ON CONFLICT (id) DO UPDATE SET request = ?2, at = ?3, answer = NULL
       WHERE at < ?4 OR (answer IS NULL AND at < ?5 AND request = ?2) RETURNING id`,
      id,
      request,
      now,
      now - KEPT_FOR,
      now - LOST_AFTER,
    ],
    ['SELECT request, answer FROM keyed_requests WHERE id = ?', id],
  ]);
  if (claimed.length > 0) return { state: 'mine' };
  const [row] = known as { request: string; answer: StoredSecret | null }[];
  if (row?.request !== request) return { state: 'other' };
  return row.answer === null ? { state: 'under_way' } : { state: 'answered', answer: row.answer };
}

const OF_CLAIM = 'id = ? AND at = ?';

/** The answer of a claimed request, to be kept. */
export type KeptAnswer = { claimed: ClaimedRequest; answer: StoredSecret };

/** Keeps the answer of a claimed request. */
export async function keepAnswer(database: KeysDatabase, kept: KeptAnswer): Promise<void> {
  await database.run(...keeping(kept, 'SELECT 1'));
}

/**
 * The statement that keeps an answer in the transaction of the write that it reports, which `where` finds: none without
 * a key. For writes that must not happen again when the Worker is lost after them.
 */
export function keepingAnswer(kept: KeptAnswer | null, where: string, ...parameters: unknown[]): Statement[] {
  return kept === null ? [] : [keeping(kept, where, ...parameters)];
}

function keeping({ claimed, answer }: KeptAnswer, where: string, ...parameters: unknown[]): Statement {
  const sql = `UPDATE keyed_requests SET answer = ? WHERE ${OF_CLAIM} AND EXISTS (${where})`;
  return [sql, answer, claimed.id, claimed.claimed_at, ...parameters];
}

/** Gives a key back whose request was refused: it may be sent again. */
export async function releaseKey(database: KeysDatabase, { id, claimed_at }: ClaimedRequest): Promise<void> {
  await database.run(`DELETE FROM keyed_requests WHERE ${OF_CLAIM} AND answer IS NULL`, id, claimed_at);
}

/** Deletes what is too old to be repeated. `now` in ms. Answers how many rows are deleted. */
export function deleteOldKeys(database: KeysDatabase, now: number): Promise<number> {
  const sql = `DELETE FROM keyed_requests WHERE id IN (
    SELECT id FROM keyed_requests INDEXED BY keyed_requests_by_at WHERE at < ? LIMIT ?)`;
  return deleteInPortions((limit) => database.run(sql, now - KEPT_FOR, limit), ROWS_IN_A_RUN);
}
