import type { ChatState, ThreadFacts, ThreadState, Touched } from '../../domain/state.ts';
import { hasTable } from '../../platform/sqlite.ts';
import { makeTable } from './schema.ts';

/** Most events of the thread between two snapshots of a chat. */
const EVERY = 200;
/** Hubs want no events older than this (ms). Of older snapshots only the newest is needed. */
const KEPT_FOR = 24 * 3_600_000;

/** A thread's facts and one of its chats as they were after the event `seq`. Null before they began. */
export type Snapshot = { seq: number; thread: ThreadFacts | null; chat: ChatState | null };

type StoredChat = Pick<ChatState, 'first_seq' | 'seq' | 'facts'> & {
  [table in 'members' | 'tags' | 'invitations']: [string, Touched<unknown>][];
};

/**
 * Stores each changed chat as it was before the commit, if its last snapshot is old, and the state before a new
 * session. Must run in the transaction of the commit. Answers the number of rows written.
 */
export function keepSnapshots(sql: SqlStorage, before: ThreadState, after: ThreadState, at: number): number {
  if (before.thread === null) return 0;
  let rowsWritten = 0;
  for (const [id, chat] of after.chats) {
    const old = before.chats.get(id) ?? null;
    if (old === chat || !isDue(sql, before.last_seq, id, old)) continue;
    rowsWritten += writeSnapshot(sql, id, { seq: before.last_seq, thread: before.thread, chat: old }, at);
  }
  return rowsWritten;
}

function isDue(sql: SqlStorage, lastSeq: number, chatId: string, chat: ChatState | null): boolean {
  if (chat === null) return true;
  if (lastSeq - chat.first_seq < EVERY) return false;
  const newest = 'SELECT max(seq) AS seq FROM snapshots WHERE chat_id = ?';
  const last = hasTable(sql, 'snapshots') ? sql.exec<{ seq: number | null }>(newest, chatId).one().seq : null;
  return last === null || lastSeq - last >= EVERY;
}

function writeSnapshot(sql: SqlStorage, chatId: string, { seq, thread, chat }: Snapshot, at: number): number {
  makeTable(sql, 'snapshots');
  const written = sql.exec(
    'INSERT OR REPLACE INTO snapshots (chat_id, seq, at, thread, chat) VALUES (?, ?, ?, ?, ?)',
    chatId,
    seq,
    at,
    JSON.stringify(thread),
    chat === null ? null : JSON.stringify(storedChat(chat)),
  );
  const deleted = sql.exec(
    `DELETE FROM snapshots WHERE chat_id = ?1
       AND seq < (SELECT max(seq) FROM snapshots WHERE chat_id = ?1 AND at < ?2)`,
    chatId,
    at - KEPT_FOR,
  );
  return written.rowsWritten + deleted.rowsWritten;
}

function storedChat({ first_seq, seq, facts, members, tags, invitations }: ChatState): StoredChat {
  return { first_seq, seq, facts, members: [...members], tags: [...tags], invitations: [...invitations] };
}

/**
 * Where to start the replay of a chat whose events above `upto` are wanted: its newest snapshot up to there, or the
 * state before the chat if it started later. Null when there is neither.
 */
export function readSnapshot(sql: SqlStorage, chatId: string, upto: number): Snapshot | null {
  if (!hasTable(sql, 'snapshots')) return null;
  const columns = 'SELECT seq, thread, chat FROM snapshots WHERE chat_id = ?';
  const newest = one(sql, `${columns} AND seq <= ? ORDER BY seq DESC LIMIT 1`, chatId, upto);
  if (newest !== undefined) return newest;
  const oldest = one(sql, `${columns} ORDER BY seq LIMIT 1`, chatId);
  return oldest?.chat === null ? oldest : null;
}

function one(sql: SqlStorage, query: string, ...values: SqlStorageValue[]): Snapshot | undefined {
  const row = sql.exec<{ seq: number; thread: string; chat: string | null }>(query, ...values).toArray()[0];
  if (row === undefined) return undefined;
  const chat = row.chat === null ? null : chatOf(JSON.parse(row.chat) as StoredChat);
  return { seq: row.seq, thread: JSON.parse(row.thread) as ThreadFacts, chat };
}

function chatOf({ members, tags, invitations, ...chat }: StoredChat): ChatState {
  return {
    ...chat,
    members: new Map(members) as ChatState['members'],
    tags: new Map(tags) as ChatState['tags'],
    invitations: new Map(invitations) as ChatState['invitations'],
  };
}
