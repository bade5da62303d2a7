import type { Command } from '../../domain/commands.ts';
import { openChat, type ThreadState } from '../../domain/state.ts';
import { firstUuidAt, parseUuidVersion7 } from '../../resources/uuid.ts';
import type { RecentCommands } from './recent-commands.ts';

/**
 * The times (ms, oldest first) of what a command's limit counts: messages from memory, chats from their rows, which are
 * read only when one would start. `now` in ms.
 */
export function readCounted(
  sql: SqlStorage,
  recent: RecentCommands,
  state: ThreadState,
  command: Command,
  now: number,
): readonly number[] {
  if (!('limit' in command) || command.limit == null || state.thread === null) return [];
  if (command.type !== 'open_visitor_chat') return recent.visitorMessages(now);
  return openChat(state) === null ? readStarts(sql, now - command.limit.period) : [];
}

/** When chats have started since a time. Their ids hold it. */
function readStarts(sql: SqlStorage, since: number): number[] {
  const rows = sql.exec<{ id: string }>('SELECT id FROM chats WHERE id >= ? ORDER BY id', firstUuidAt(since));
  return Array.from(rows, ({ id }) => parseUuidVersion7(id)?.at ?? 0);
}
