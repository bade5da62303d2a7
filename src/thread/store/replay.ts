import { type ThreadEvent, upcastEvent } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import { isMessageChange } from '../../domain/message-changes.ts';
import { emptyThread, type NamedMessage, type ThreadState } from '../../domain/state.ts';
import { hasTable } from '../../platform/sqlite.ts';
import { messageSize, namedMessage, readMessage } from './changed-messages.ts';
import { keepCurrentChat, loadChat } from './load.ts';
import { writeChats } from './write-chats.ts';

/**
 * Limits of what is replayed between two writes, since it is in memory together: events, and characters of their JSON.
 */
const EVENTS_AT_ONCE = 500;
const CHARACTERS_AT_ONCE = 4_000_000;

/**
 * Rebuilds the tables that are derived from the log, and the thread's facts. The log is read in parts, so its length
 * does not matter to memory. Must run inside a transaction.
 */
export function replayLog(sql: SqlStorage, name: string): void {
  for (const table of ['chats', 'members']) sql.exec(`DELETE FROM ${table}`);
  for (const table of ['tags', 'invitations', 'suggestions', 'changed_messages', 'key_ends'] as const) {
    if (hasTable(sql, table)) sql.exec(`DELETE FROM ${table}`);
  }
  let state = emptyThread(name);
  for (let events = readPart(sql, 0); events.length > 0; events = readPart(sql, state.last_seq)) {
    state = keepCurrentChat(replayPart(sql, state, events));
  }
  if (state.thread === null) throw new Error('the log does not begin with the opening of its thread');
  sql.exec('UPDATE thread SET facts = ?', JSON.stringify(state.thread));
}

/**
 * Applies some events and writes what they changed. A chat that occurs again is loaded from what was written before.
 */
function replayPart(sql: SqlStorage, state: ThreadState, events: readonly ThreadEvent[]): ThreadState {
  let before = state;
  for (const { chat_id } of events) before = loadChat(sql, before, chat_id);
  const messages = new Map<string, NamedMessage>();
  for (const event of events) {
    if (!isMessageChange(event) || messages.has(event.message_id)) continue;
    const found = readMessage(sql, event.chat_id, event.message_id);
    if (found !== null) messages.set(event.message_id, namedMessage(found));
  }
  before = { ...before, messages };
  const after = events.reduce(evolve, before);
  writeChats(sql, before, after);
  return after;
}

function readPart(sql: SqlStorage, after: number): ThreadEvent[] {
  const events: ThreadEvent[] = [];
  let size = 0;
  const rows = sql.exec<{ event: string }>(
    'SELECT event FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
    after,
    EVENTS_AT_ONCE,
  );
  for (const { event } of rows) {
    const next = upcastEvent(JSON.parse(event) as { v: number });
    size += event.length + (isMessageChange(next) ? messageSize(sql, next.message_id) : 0);
    events.push(next);
    if (size > CHARACTERS_AT_ONCE) break;
  }
  return events;
}
