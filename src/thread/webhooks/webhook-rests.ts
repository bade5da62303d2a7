import type { ChannelTarget, WebhookReceipt } from '../../domain/events.ts';
import type { Installation } from '../../notifications/audience.ts';
import type { ThreadUpdate } from '../../notifications/notifications.ts';
import { hasTable } from '../../platform/sqlite.ts';
import { makeTable } from '../store/schema.ts';
import { type Accepted, makeRest, type Outbox, type Recipients, type Unmade } from './fan-out.ts';

/** Webhooks that a commit has left for later, for the receivers of that moment. */
type RestRow = {
  first_seq: number;
  at: number;
  routing: string | null;
  next_seq: number;
  next_ordinal: number;
  made: number;
};

/**
 * Stores what a commit has left. `at`: its time in the log (ms); `made`: how many of its webhooks are made. Must run in
 * its transaction.
 */
export function noteRest(
  sql: SqlStorage,
  { unmade, recipients }: NonNullable<Accepted['rest']>,
  { at, made }: { at: number; made: number },
): number {
  const [first] = unmade;
  if (first === undefined) return 0;
  let rowsWritten = 0;
  const write = (statement: string, ...parameters: SqlStorageValue[]) => {
    rowsWritten += sql.exec(statement, ...parameters).rowsWritten;
  };
  makeTable(sql, 'webhook_rests');
  const { seq } = first.update;
  const { target, installations } = recipients;
  write(
    `INSERT INTO webhook_rests (first_seq, at, routing, next_seq, next_ordinal, made) VALUES (?1, ?2, ?3, ?1, ?4, ?5)`,
    seq,
    at,
    target === null ? null : JSON.stringify(target),
    first.from,
    made,
  );
  for (const { update } of unmade) {
    write('INSERT INTO webhook_rest_events (seq, told) VALUES (?, ?)', update.seq, JSON.stringify(update));
  }
  for (const [place, installation] of installations.entries()) {
    write(
      'INSERT INTO webhook_rest_installations (first_seq, place, installation) VALUES (?, ?, ?)',
      seq,
      place,
      JSON.stringify(installation),
    );
  }
  return rowsWritten;
}

/** Whether webhooks are left. Then those of later commits must wait. */
export function hasRest(sql: SqlStorage): boolean {
  return hasTable(sql, 'webhook_rests') && sql.exec('SELECT 1 FROM webhook_rests LIMIT 1').toArray().length > 0;
}

/** Some of the webhooks that were left; `at` and `made` are those of their commit. */
export type RestPortion = { outbox: Outbox; at: number; made: number };

/**
 * Takes at most `room` of the webhooks that the oldest commit has left; null when none is left. Must run inside a
 * transaction.
 */
export function takeRest(sql: SqlStorage, room: number): RestPortion | null {
  const rest = sql.exec<RestRow>('SELECT * FROM webhook_rests ORDER BY first_seq LIMIT 1').toArray()[0];
  if (rest === undefined) return null;
  const { first_seq, at, made } = rest;
  const { outbox, next } = makeRest(
    unmadeOf(sql, rest),
    readRecipients(sql, rest),
    (seq) => acceptedOf(sql, seq),
    room,
  );
  if (next === null) {
    const last = sql.exec<{ seq: number | null }>(
      'SELECT min(first_seq) AS seq FROM webhook_rests WHERE first_seq > ?',
      first_seq,
    );
    sql.exec('DELETE FROM webhook_rest_events WHERE seq < ?', last.one().seq ?? Number.MAX_SAFE_INTEGER);
    sql.exec('DELETE FROM webhook_rest_installations WHERE first_seq = ?', first_seq);
    sql.exec('DELETE FROM webhook_rests WHERE first_seq = ?', first_seq);
  } else {
    sql.exec(
      'UPDATE webhook_rests SET next_seq = ?, next_ordinal = ?, made = ? WHERE first_seq = ?',
      next.seq,
      next.from,
      made + outbox.rows.length,
      first_seq,
    );
  }
  return { outbox, at, made };
}

/** The events of one commit, read one by one, since seldom all are needed. */
function* unmadeOf(sql: SqlStorage, { first_seq, next_seq, next_ordinal }: RestRow): Generator<Unmade> {
  const rows = sql.exec<{ seq: number; told: string }>(
    `SELECT seq, told FROM webhook_rest_events
     WHERE seq >= ?1 AND seq < coalesce((SELECT min(first_seq) FROM webhook_rests WHERE first_seq > ?2), 9e15)
     ORDER BY seq`,
    next_seq,
    first_seq,
  );
  for (const { seq, told } of rows)
    yield { update: JSON.parse(told) as ThreadUpdate, from: seq === next_seq ? next_ordinal : 0 };
}

function readRecipients(sql: SqlStorage, { first_seq, routing }: RestRow): Recipients {
  const rows = sql.exec<{ installation: string }>(
    'SELECT installation FROM webhook_rest_installations WHERE first_seq = ? ORDER BY place',
    first_seq,
  );
  return {
    target: routing === null ? null : (JSON.parse(routing) as ChannelTarget),
    installations: Array.from(rows, ({ installation }) => JSON.parse(installation) as Installation),
  };
}

/** The receipts of an event. */
function acceptedOf(sql: SqlStorage, seq: number): WebhookReceipt[] {
  const { accepted } = sql
    .exec<{ accepted: string }>(`SELECT event -> '$.accepted' AS accepted FROM events WHERE seq = ?`, seq)
    .one();
  return JSON.parse(accepted) as WebhookReceipt[];
}
