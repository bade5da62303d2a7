import { hasTable } from '../../platform/sqlite.ts';
import { makeTable } from './schema.ts';

/** The chat that each object of a user or visitor reports to, by their id. */
export function readWatches(sql: SqlStorage): Map<string, string> {
  if (!hasTable(sql, 'watches')) return new Map();
  const rows = sql.exec<{ member_id: string; chat_id: string }>('SELECT member_id, chat_id FROM watches');
  return new Map(Array.from(rows, ({ member_id, chat_id }) => [member_id, chat_id]));
}

/** Notes that a member's object reports to a chat. */
export function writeWatch(sql: SqlStorage, memberId: string, chatId: string): void {
  makeTable(sql, 'watches');
  sql.exec('INSERT OR REPLACE INTO watches (member_id, chat_id) VALUES (?, ?)', memberId, chatId);
}

/** Notes that a member's object reports to no chat of this thread. */
export function deleteWatch(sql: SqlStorage, memberId: string): void {
  sql.exec('DELETE FROM watches WHERE member_id = ?', memberId);
}
