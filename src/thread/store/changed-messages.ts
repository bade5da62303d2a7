/** The messages of a thread: what their event says, and what they are after later changes. */

import { seqOfResource } from '../../domain/address.ts';
import { type ThreadEvent, upcastEvent } from '../../domain/events.ts';
import type { NamedMessage, ThreadState } from '../../domain/state.ts';
import { hasTable } from '../../platform/sqlite.ts';
import type { DeletedFiles, MessageFacts } from '../../resources/message.ts';
import { makeTable } from './schema.ts';

export type MessageAdded = Extract<ThreadEvent, { type: 'message_added' }>;

/** A message as it is now, its event, and the `seq` of the event that made it so. */
export type StoredMessage = { event: MessageAdded; facts: MessageFacts; seq: number };

/** A message of a chat, found by the `seq` in its id. Null when the chat (null: the thread) has no such message. */
export function readMessage(sql: SqlStorage, chatId: string | null, messageId: string): StoredMessage | null {
  const event = readAddedMessage(sql, messageId);
  if (event === null || (chatId !== null && event.chat_id !== chatId)) return null;
  const changed = readChanged(sql, [event.seq]).get(event.seq);
  return { event, facts: changed?.facts ?? event.message, seq: changed?.seq ?? event.seq };
}

/** The event that added a message; null when the thread has no such message. */
export function readAddedMessage(sql: SqlStorage, messageId: string): MessageAdded | null {
  const seq = seqOfResource(messageId);
  const event = seq === null ? null : readAddedAt(sql, seq);
  return event?.message.id === messageId ? event : null;
}

/** The event at `seq`, if it added a message; null if not. */
export function readAddedAt(sql: SqlStorage, seq: number): MessageAdded | null {
  const row = sql.exec<{ event: string }>('SELECT event FROM events WHERE seq = ?', seq).toArray()[0];
  const event = row === undefined ? null : upcastEvent(JSON.parse(row.event) as { v: number });
  return event?.type === 'message_added' ? event : null;
}

/** Those of the messages (by the `seq` of their event) that have changed since, as they are now. */
export function readChanged(
  sql: SqlStorage,
  seqs: readonly number[],
): ReadonlyMap<number, { seq: number; facts: MessageFacts }> {
  if (seqs.length === 0 || !hasTable(sql, 'changed_messages')) return new Map();
  const rows = sql.exec<{ message_seq: number; seq: number; facts: string }>(
    'SELECT message_seq, seq, facts FROM changed_messages WHERE message_seq IN (SELECT value FROM json_each(?))',
    JSON.stringify(seqs),
  );
  return new Map(
    Array.from(rows, ({ message_seq, seq, facts }) => [message_seq, { seq, facts: JSON.parse(facts) as MessageFacts }]),
  );
}

/** The characters of a message's JSON, as it was added or as it is now, whichever is longer. */
export function messageSize(sql: SqlStorage, messageId: string): number {
  const seq = seqOfResource(messageId) ?? 0;
  const [added] = sql.exec<{ size: number }>('SELECT length(event) AS size FROM events WHERE seq = ?', seq);
  if (!hasTable(sql, 'changed_messages')) return added?.size ?? 0;
  const now = 'SELECT length(facts) AS size FROM changed_messages WHERE message_seq = ?';
  const [changed] = sql.exec<{ size: number }>(now, seq);
  return Math.max(added?.size ?? 0, changed?.size ?? 0);
}

/** A message as commands name it. What later messages did to its actions is left out. */
export function namedMessage({ facts, seq }: StoredMessage): NamedMessage {
  return { facts, seq, answered_attachments: new Set(), is_followed_by_visitor: false };
}

/** Most messages of a chat, the newest, that are searched for the files of one that is deleted. */
const SEARCHED_FOR_FILES = 5000;

/** What becomes of the files of a message that is deleted. */
export function readDeletedFiles(sql: SqlStorage, { event, facts }: StoredMessage): DeletedFiles {
  const ids = [...new Set(facts.attachments.flatMap(({ file }) => file?.id ?? []))];
  if (ids.length === 0) return {};
  const rows = sql
    .exec<{ id: string; message_id: string; seq: number }>(
      `SELECT attachment.value ->> '$.file.id' AS id, other.event ->> '$.message.id' AS message_id, other.seq AS seq
       FROM (SELECT seq, event FROM events WHERE chat_id = ?1 AND type = 'message_added' ORDER BY seq DESC LIMIT ?2) AS other,
         json_each(other.event, '$.message.attachments') AS attachment
       WHERE other.seq <> ?3 AND attachment.value ->> '$.file.id' IN (SELECT value FROM json_each(?4))`,
      event.chat_id,
      SEARCHED_FOR_FILES,
      event.seq,
      JSON.stringify(ids),
    )
    .toArray();
  const changed = readChanged(sql, [...new Set(rows.map(({ seq }) => seq))]);
  const isNamed = (id: string) =>
    rows.some((row) => row.id === id && changed.get(row.seq)?.facts.deleted_at === undefined);
  const files_kept = ids.filter(isNamed);
  const files_last = ids.flatMap((id) => {
    const message_id = rows.reduce(
      (newest, row) => (row.id === id && row.message_id > newest ? row.message_id : newest),
      '',
    );
    return isNamed(id) || message_id < facts.id ? [] : [{ id, message_id }];
  });
  return {
    ...(files_kept.length === 0 ? {} : { files_kept }),
    ...(files_last.length === 0 ? {} : { files_last }),
  };
}

/** Most messages that one report of a channel marks as read. */
const UNREAD_AT_ONCE = 100;

/** The newest texts of users in a chat, newest first, back to the first that was read. */
export function readUnread(sql: SqlStorage, chat: { id: string; first_seq: number; seq: number }): StoredMessage[] {
  const rows = sql.exec<{ event: string }>(
    `SELECT event FROM events WHERE seq >= ? AND seq <= ? AND chat_id = ? AND type = 'message_added'
       AND event ->> '$.message.type' = 'msg' AND event ->> '$.message.sender_type' = 'user'
     ORDER BY seq DESC LIMIT ?`,
    chat.first_seq,
    chat.seq,
    chat.id,
    UNREAD_AT_ONCE,
  );
  const events = Array.from(rows, ({ event }) => upcastEvent(JSON.parse(event) as { v: number }) as MessageAdded);
  const changed = readChanged(
    sql,
    events.map(({ seq }) => seq),
  );
  const messages = events.map((event): StoredMessage => {
    const now = changed.get(event.seq);
    return { event, facts: now?.facts ?? event.message, seq: now?.seq ?? event.seq };
  });
  const firstRead = messages.findIndex(({ facts }) => facts.status?.state === 'read');
  return firstRead === -1 ? messages : messages.slice(0, firstRead);
}

/** Writes the messages that two states differ in. Answers the number of rows written. */
export function writeChangedMessages(sql: SqlStorage, before: ThreadState, after: ThreadState): number {
  let rowsWritten = 0;
  for (const [id, message] of after.messages) {
    if (message.facts === before.messages.get(id)?.facts) continue;
    makeTable(sql, 'changed_messages');
    rowsWritten += sql.exec(
      `INSERT INTO changed_messages (message_seq, seq, facts) VALUES (?1, ?2, ?3)
       ON CONFLICT (message_seq) DO UPDATE SET seq = ?2, facts = ?3`,
      seqOfResource(id),
      message.seq,
      JSON.stringify(message.facts),
    ).rowsWritten;
  }
  return rowsWritten;
}
