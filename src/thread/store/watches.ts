import { hasTable } from '../../platform/sqlite.ts';
import { makeTable } from './schema.ts';

/** Whose object tells which chat when they come or go, by the id of the user or visitor. */
export function readWatches(sql: SqlStorage): Map<string, string> {
  if (!hasTable(sql, 'watches')) return new Map();
  const rows = sql.exec<{ member_id: string; chat_id: string }>('SELECT member_id, chat_id FROM watches');
  return new Map(Array.from(rows, ({ member_id, chat_id }) => [member_id, chat_id]));
}

/** Notes that a member's object tells a chat. */
export function writeWatch(sql: SqlStorage, memberId: string, chatId: string): void {
  makeTable(sql, 'watches');
  sql.exec('INSERT OR REPLACE INTO watches (member_id, chat_id) VALUES (?, ?)', memberId, chatId);
}

/** Notes that a member's object tells no chat of this thread any more. */
export function deleteWatch(sql: SqlStorage, memberId: string): void {
  sql.exec('DELETE FROM watches WHERE member_id = ?', memberId);
}
