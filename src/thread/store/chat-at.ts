import { upcastEvent } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import { type ChatState, emptyThread, type ThreadState } from '../../domain/state.ts';
import { readSnapshot } from './snapshots.ts';

/** The types of events that concern the thread, whatever chat they belong to. */
export const OF_THREAD = ['thread_opened', 'variables_set', 'visitor_named'] as const;

/** A chat as it was after the event `seq`: its last snapshot before, and the events since. Null before it began. */
export function readChatAt(sql: SqlStorage, chatId: string, seq: number): ChatState | null {
  const from = readSnapshot(sql, chatId, seq);
  let state: ThreadState = { ...emptyThread(''), thread: from?.thread ?? null };
  if (from?.chat != null) state = { ...state, chats: new Map([[chatId, from.chat]]) };
  const rows = sql.exec<{ event: string }>(
    `SELECT event FROM events WHERE seq > ? AND seq <= ?
       AND (chat_id = ? OR type IN (SELECT value FROM json_each(?)))
     ORDER BY seq`,
    from?.seq ?? 0,
    seq,
    chatId,
    JSON.stringify(OF_THREAD),
  );
  for (const { event } of rows) {
    // A chat does not hold its suggestions.
    state = { ...evolve(state, upcastEvent(JSON.parse(event) as { v: number })), suggestions: new Map() };
  }
  return state.chats.get(chatId) ?? null;
}
