import type { DatabaseSync } from 'node:sqlite';

/** How long the hub keeps webhooks for a replay. */
const KEPT_MILLISECONDS = 30 * 24 * 60 * 60 * 1_000;

export function isHandled(database: DatabaseSync, webhookId: string): boolean {
  return database.prepare('SELECT 1 FROM handled_webhooks WHERE webhook_id = ?').get(webhookId) !== undefined;
}

/** Records a webhook, and deletes the records of webhooks that can no longer be repeated. `now` in ms. */
export function recordHandled(database: DatabaseSync, webhookId: string, now: number): void {
  database.prepare('INSERT INTO handled_webhooks VALUES (?, ?)').run(webhookId, now);
  database.prepare('DELETE FROM handled_webhooks WHERE handled_at < ?').run(now - KEPT_MILLISECONDS);
}

/**
 * `seq` of the last event handled in a visitor's thread, null for none. All chats of a visitor in one room are one
 * thread, so the numbers continue from one chat to the next.
 */
export function lastSeq(database: DatabaseSync, visitorId: string): number | null {
  const row = database.prepare('SELECT last_seq FROM threads WHERE visitor_id = ?').get(visitorId);
  return (row as { last_seq: number } | undefined)?.last_seq ?? null;
}

export function recordSeq(database: DatabaseSync, visitorId: string, seq: number): void {
  database
    .prepare('INSERT INTO threads VALUES (?, ?) ON CONFLICT (visitor_id) DO UPDATE SET last_seq = excluded.last_seq')
    .run(visitorId, seq);
}
