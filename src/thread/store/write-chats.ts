import type { ChatState, ThreadState, Touched } from '../../domain/state.ts';
import { forgetsKeyAt } from '../../resources/chat.ts';
import { writeChangedMessages } from './changed-messages.ts';
import { makeTable } from './schema.ts';

/**
 * Writes the difference of two states into the tables derived from the log: chats with their children, suggestions, and
 * changed messages.
 * `before` must hold what was loaded of each chat in `after`. Answers the number of rows written.
 */
export function writeChats(sql: SqlStorage, before: ThreadState, after: ThreadState): number {
  let rowsWritten = 0;
  for (const chat of after.chats.values()) {
    const old = before.chats.get(chat.facts.id);
    if (chat !== old) rowsWritten += writeChat(sql, old, chat);
  }
  for (const [id, suggestion] of after.suggestions) {
    if (suggestion === before.suggestions.get(id)) continue;
    makeTable(sql, 'suggestions');
    rowsWritten += sql.exec(
      `INSERT INTO suggestions (id, chat_id, seq, facts) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (id) DO UPDATE SET seq = ?3, facts = ?4`,
      id,
      suggestion.chat_id,
      suggestion.seq,
      JSON.stringify(suggestion.facts),
    ).rowsWritten;
  }
  return rowsWritten + writeChangedMessages(sql, before, after);
}

function writeChat(sql: SqlStorage, old: ChatState | undefined, chat: ChatState): number {
  const { rowsWritten } = sql.exec(
    `INSERT INTO chats (id, first_seq, seq, facts) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (id) DO UPDATE SET seq = ?3, facts = ?4`,
    chat.facts.id,
    chat.first_seq,
    chat.seq,
    JSON.stringify(chat.facts),
  );
  return (
    rowsWritten +
    writeChildren(sql, 'members', chat.facts.id, old?.members, chat.members) +
    writeChildren(sql, 'tags', chat.facts.id, old?.tags, chat.tags) +
    writeChildren(sql, 'invitations', chat.facts.id, old?.invitations, chat.invitations) +
    writeKeyEnd(sql, old, chat)
  );
}

/** Notes when the key of the chat is to be forgotten. */
function writeKeyEnd(sql: SqlStorage, old: ChatState | undefined, { facts }: ChatState): number {
  const before = old === undefined ? null : forgetsKeyAt(old.facts);
  const at = forgetsKeyAt(facts);
  if (at === before) return 0;
  let rowsWritten = 0;
  if (before !== null) {
    const forget = 'DELETE FROM key_ends WHERE at = ? AND chat_id = ?';
    rowsWritten += sql.exec(forget, before, facts.id).rowsWritten;
  }
  if (at !== null) {
    makeTable(sql, 'key_ends');
    rowsWritten += sql.exec('INSERT INTO key_ends (at, chat_id) VALUES (?, ?)', at, facts.id).rowsWritten;
  }
  return rowsWritten;
}

const KEYS = { members: 'member_id', tags: 'name', invitations: 'id' } as const;

function writeChildren<Facts>(
  sql: SqlStorage,
  table: keyof typeof KEYS,
  chatId: string,
  old: ReadonlyMap<string, Touched<Facts>> | undefined,
  now: ReadonlyMap<string, Touched<Facts>>,
): number {
  if (now === old || (now.size === 0 && old === undefined)) return 0;
  if (table !== 'members') makeTable(sql, table);
  const key = KEYS[table];
  let rowsWritten = 0;
  for (const [id, child] of now) {
    if (child === old?.get(id)) continue;
    rowsWritten += sql.exec(
      `INSERT INTO ${table} (chat_id, ${key}, seq, facts) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (chat_id, ${key}) DO UPDATE SET seq = ?3, facts = ?4`,
      chatId,
      id,
      child.seq,
      JSON.stringify(child.facts),
    ).rowsWritten;
  }
  for (const id of old?.keys() ?? []) {
    if (now.has(id)) continue;
    rowsWritten += sql.exec(`DELETE FROM ${table} WHERE chat_id = ? AND ${key} = ?`, chatId, id).rowsWritten;
  }
  return rowsWritten;
}
