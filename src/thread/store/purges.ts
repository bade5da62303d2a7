/** The rows of a thread's purges, and what they change in its tables. Each function must run inside a transaction. */

import { type ThreadEvent, upcastEvent } from '../../domain/events.ts';
import { isMessageChange } from '../../domain/message-changes.ts';
import { isCovered, type PurgedEvent, redactEvent, redactMessage } from '../../domain/redaction.ts';
import type { ThreadFacts } from '../../domain/state.ts';
import { hasTable } from '../../platform/sqlite.ts';
import type { Checkpoint } from '../../rpc/projector.ts';
import type { PurgeOrder, PurgeState } from '../../rpc/thread.ts';
import { readChanged } from './changed-messages.ts';
import { makeTable } from './schema.ts';

/** How far the purge of one chat is. */
export type ChatProgress = {
  id: string;
  command_id: string;
  /** The event `purged`; null before its commit. */
  purged: PurgedEvent | null;
  step: 'log' | 'fingerprints' | 'webhooks';
  /**
   * Up to which `seq` the log is rewritten, and the last `seq` of a message that was covered with all messages before
   * it.
   */
  after_seq: number;
  covered_seq: number;
  /** Up to which fingerprint those of the chat are deleted; missing: none was looked at. */
  after_key?: string;
  /** The last `seq` of a change, after `covered_seq`, of a message that was covered. Missing: none. */
  late_seq?: number;
  /** A message that is not covered was read: those after it are covered only if they were written before their time. */
  is_over?: boolean;
  /** Up to which delivery the webhooks are purged. */
  after_delivery: string;
};

/**
 * The chats of an order: those of a visitor, and those up to `upto_chat` (null: no others). A purged source's next message
 * begins a chat of another visitor, which the order must leave alone.
 */
export type Covered = { visitor_id: string | null; upto_chat: string | null };

/** How far an order is. Stored as JSON. */
export type PurgeProgress = {
  order: PurgeOrder;
  /** Missing in orders that an earlier version took: all chats. */
  covered?: Covered;
  chat: ChatProgress | null;
  /** Chats with smaller ids are still to do; null: none is. */
  chats_before: string | null;
  /** The first `seq` that was rewritten and that D1 has not been sent again; null for none. */
  rewritten_from: number | null;
  /** The `seq` of the newest event `purged`; 0 for none. */
  upto_seq: number;
  /** What D1 must have before the order is done; null while chats are left. */
  copied_at: Checkpoint | null;
  /** Drafts and notes of chats with smaller ids are still to go; missing: of all chats. */
  texts_before?: string;
};

/** Finished orders are remembered this long (ms), so that a repeated order does nothing. */
const REMEMBERED_FOR = 24 * 3_600_000;
/** Most events that one transaction looks at, those that it rewrites, and characters of their JSON. */
const EVENTS_LOOKED_AT = 2000;
const EVENTS_AT_ONCE = 300;
const CHARACTERS_AT_ONCE = 1_000_000;
/** Most fingerprints that one transaction looks at. */
const FINGERPRINTS_LOOKED_AT = 2000;

const NOTHING_YET = { rewritten_from: null, upto_seq: 0, copied_at: null };
/** Above every id of a chat. */
export const ABOVE_ALL = 'g';

/** Whether the order was accepted before and is done; null when it was not. */
export function findOrder(sql: SqlStorage, id: string): PurgeState | null {
  if (!hasTable(sql, 'purges')) return null;
  const [row] = sql
    .exec<{ finished_at: number | null; progress: string }>('SELECT finished_at, progress FROM purges WHERE id = ?', id)
    .toArray();
  if (row === undefined) return null;
  if (row.finished_at === null) return { is_done: false, visitor_ids: [] };
  const { visitor_ids } = JSON.parse(row.progress) as { visitor_ids?: string[] };
  // An earlier version has finished it.
  return { is_done: true, visitor_ids: visitor_ids ?? purgedVisitors(sql) };
}

/** Accepts an order of `thread` at `now` (ms). Old finished ones are forgotten. */
export function acceptOrder(sql: SqlStorage, order: PurgeOrder, thread: ThreadFacts, now: number): void {
  makeTable(sql, 'purges');
  const { visitor_id = null, upto_chat } = order;
  const covered: Covered =
    visitor_id !== null || upto_chat !== undefined
      ? { visitor_id, upto_chat: upto_chat ?? null }
      : { visitor_id: thread.visitor_id, upto_chat: thread.current_chat_id };
  const progress: PurgeProgress = { order, covered, chat: null, chats_before: ABOVE_ALL, ...NOTHING_YET };
  sql.exec('DELETE FROM purges WHERE finished_at < ?', now - REMEMBERED_FOR);
  sql.exec('INSERT INTO purges (id, progress) VALUES (?, ?)', order.id, JSON.stringify(progress));
}

/** Most keys that are forgotten at once. */
const KEYS_AT_ONCE = 50;

/** When the next key of an ended chat is to be forgotten (ms); null when none is. */
export function nextKeyEnd(sql: SqlStorage): number | null {
  if (!hasTable(sql, 'key_ends')) return null;
  return sql.exec<{ at: number | null }>('SELECT min(at) AS at FROM key_ends').one().at;
}

/** Accepts an order for each of the next chats of `thread` whose key is to be forgotten by `now` (ms). */
export function acceptKeyOrders(sql: SqlStorage, thread: ThreadFacts, now: number): void {
  const { organization_id } = thread;
  const due = sql.exec<{ chat_id: string }>(
    'SELECT chat_id FROM key_ends WHERE at <= ? ORDER BY at LIMIT ?',
    now,
    KEYS_AT_ONCE,
  );
  for (const { chat_id } of due.toArray()) {
    const order = { id: `key/${chat_id}`, organization_id, chat_id, covers: 'key', before: null } as const;
    if (findOrder(sql, order.id) === null) acceptOrder(sql, order, thread, now);
  }
}

/** The oldest order that is not finished; null for none. */
export function nextOrder(sql: SqlStorage): PurgeProgress | null {
  if (!hasTable(sql, 'purges')) return null;
  const rows = sql.exec<{ progress: string }>(
    'SELECT progress FROM purges WHERE finished_at IS NULL ORDER BY rowid LIMIT 1',
  );
  const [row] = rows.toArray();
  return row === undefined ? null : (JSON.parse(row.progress) as PurgeProgress);
}

/** Stores how far an order is. */
export function writeProgress(sql: SqlStorage, progress: PurgeProgress): void {
  sql.exec('UPDATE purges SET progress = ? WHERE id = ?', JSON.stringify(progress), progress.order.id);
}

/** Finishes an order at `now` (ms). Only the visitors of its chats are remembered. */
export function finishOrder(sql: SqlStorage, { order, covered }: PurgeProgress, now: number): void {
  const rows = sql.exec<{ id: string }>(
    `SELECT DISTINCT facts ->> '$.visitor_id' AS id FROM chats
     WHERE facts ->> '$.visitor_id' IS NOT NULL AND (?1 IS NULL OR id = ?1) AND ${isCoveredBy('?2', '?3')}`,
    order.chat_id,
    ...boundsOf(covered),
  );
  const kept = JSON.stringify({ visitor_ids: Array.from(rows, ({ id }) => id) });
  sql.exec('UPDATE purges SET finished_at = ?, progress = ? WHERE id = ?', now, kept, order.id);
}

/** Whether a chat is among those of an order, as SQL; the parameters are `boundsOf`. */
function isCoveredBy(uptoChat: string, visitorId: string): string {
  return `(id <= ${uptoChat} OR facts ->> '$.visitor_id' = ${visitorId})`;
}

function boundsOf(covered: Covered | undefined): [uptoChat: string, visitorId: string | null] {
  return covered === undefined ? [ABOVE_ALL, null] : [covered.upto_chat ?? '', covered.visitor_id];
}

/** The chat to purge next: the present one first, since it holds the thread's facts; null for none. */
export function nextChat(
  sql: SqlStorage,
  { order, covered, chats_before }: PurgeProgress,
): { id: string; first_seq: number } | null {
  const rows = sql.exec<{ id: string; first_seq: number }>(
    `SELECT id, first_seq FROM chats
     WHERE id < ?1 AND (?2 IS NULL OR id = ?2) AND ${isCoveredBy('?3', '?4')} ORDER BY id DESC LIMIT 1`,
    chats_before ?? '',
    order.chat_id,
    ...boundsOf(covered),
  );
  return rows.toArray()[0] ?? null;
}

/**
 * Rewrites the next events of the log after `after`, with the rows of their suggestions and messages. Answers the last
 * `seq` that was read (null: the log before the purge is done), the rewritten events, and the `seq` of the first message
 * that stays (null: none does).
 */
export function rewriteEvents(
  sql: SqlStorage,
  purged: PurgedEvent,
  after: number,
): { upto: number | null; rewritten: ThreadEvent[]; first_kept: number | null } {
  const before = Math.min(purged.seq, after + EVENTS_LOOKED_AT + 1);
  const rows = sql.exec<{ seq: number; event: string }>(
    'SELECT seq, event FROM events WHERE seq > ? AND seq < ? AND chat_id = ? ORDER BY seq LIMIT ?',
    after,
    before,
    purged.chat_id,
    EVENTS_AT_ONCE,
  );
  let last = after;
  let count = 0;
  let characters = 0;
  let first_kept: number | null = null;
  const rewritten: ThreadEvent[] = [];
  for (const row of rows) {
    last = row.seq;
    count += 1;
    const event = upcastEvent(JSON.parse(row.event) as { v: number });
    const redacted = redactEvent(event, purged);
    if (redacted !== event) rewritten.push(redacted);
    if (event.type === 'message_added' && !isCovered(event.message.created_at, purged)) first_kept ??= event.seq;
    characters += row.event.length;
    if (characters > CHARACTERS_AT_ONCE) break;
  }
  for (const event of rewritten) {
    sql.exec('UPDATE events SET event = ? WHERE seq = ?', JSON.stringify(event), event.seq);
    // A late change of a message from before the purge's time: its request is behind those that are deleted.
    if (event.type === 'message_edited' && hasTable(sql, 'keyed_commands'))
      sql.exec('DELETE FROM keyed_commands WHERE seq = ?', event.seq);
    if (event.type !== 'reply_suggestion_added' && event.type !== 'reply_suggestion_changed') continue;
    // A newer change of the suggestion, which stays, has a later time.
    sql.exec(
      `UPDATE suggestions SET facts = ? WHERE id = ? AND seq = ?`,
      JSON.stringify(event.suggestion),
      event.suggestion.id,
      event.seq,
    );
  }
  rewriteChanged(
    sql,
    rewritten.flatMap(({ type, seq }) => (type === 'message_added' ? [seq] : [])),
    purged,
  );
  const isCut = count === EVENTS_AT_ONCE || characters > CHARACTERS_AT_ONCE;
  const upto = isCut ? last : before - 1;
  return { upto: upto > after ? upto : null, rewritten, first_kept };
}

/** Rewrites those of the messages that have changed since, as they are now. */
function rewriteChanged(sql: SqlStorage, seqs: readonly number[], purged: PurgedEvent): void {
  for (const [seq, changed] of readChanged(sql, seqs)) {
    const facts = JSON.stringify(redactMessage(changed.facts, purged));
    sql.exec('UPDATE changed_messages SET facts = ? WHERE message_seq = ?', facts, seq);
  }
}

/** Whether the event at `seq` changed a message that a purge covers. */
export function isCoveredChange(sql: SqlStorage, seq: number, purged: PurgedEvent): boolean {
  const [row] = sql.exec<{ event: string }>('SELECT event FROM events WHERE seq = ?', seq);
  if (row === undefined) return false;
  const event = upcastEvent(JSON.parse(row.event) as { v: number });
  return event.chat_id === purged.chat_id && isMessageChange(event) && isCovered(event.created_at, purged);
}

/** The newest event `purged` of a chat; null for none. */
export function newestPurge(sql: SqlStorage, chatId: string): PurgedEvent | null {
  const [row] = sql.exec<{ event: string }>(
    `SELECT event FROM events WHERE type = 'purged' AND chat_id = ? ORDER BY seq DESC LIMIT 1`,
    chatId,
  );
  return row === undefined ? null : (upcastEvent(JSON.parse(row.event) as { v: number }) as PurgedEvent);
}

/** The visitors of purged chats. */
function purgedVisitors(sql: SqlStorage): string[] {
  const rows = sql.exec<{ id: string }>(
    `SELECT DISTINCT facts ->> '$.visitor_id' AS id FROM chats
     WHERE facts ->> '$.purged_at' IS NOT NULL AND facts ->> '$.visitor_id' IS NOT NULL`,
  );
  return Array.from(rows, ({ id }) => id);
}

/** Deletes what live hubs would start from, if it shows the chat as it was. */
export function deleteSnapshots(sql: SqlStorage, { chat_id, seq }: PurgedEvent): void {
  if (hasTable(sql, 'snapshots')) sql.exec('DELETE FROM snapshots WHERE chat_id = ? AND seq < ?', chat_id, seq);
}

/**
 * Deletes the fingerprints of the chat's messages up to a `seq`, among the next ones after the key `after` (null: the
 * first). Then also the digests of its requests. Answers the last key that was looked at; null when none was left.
 */
export function deleteFingerprints(sql: SqlStorage, chatId: string, upto: number, after: string | null): string | null {
  if (after === null) deleteKeyedCommands(sql, chatId, upto);
  const keys = sql.exec<{ key: string }>(
    'SELECT key FROM received WHERE key > ? ORDER BY key LIMIT ?',
    after ?? '',
    FINGERPRINTS_LOOKED_AT,
  );
  const last = keys.toArray().at(-1)?.key ?? null;
  if (last !== null) {
    const range = [after ?? '', last, chatId, upto];
    sql.exec('DELETE FROM received WHERE key > ? AND key <= ? AND chat_id = ? AND seq <= ?', ...range);
  }
  return last;
}

/** They are few: each is kept for a day. */
function deleteKeyedCommands(sql: SqlStorage, chatId: string, upto: number): void {
  if (!hasTable(sql, 'keyed_commands')) return;
  sql.exec(
    `DELETE FROM keyed_commands WHERE seq <= ? AND
       (SELECT chat_id FROM events WHERE events.seq = keyed_commands.seq) = ?`,
    upto,
    chatId,
  );
}
