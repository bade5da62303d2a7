import { Buffer } from 'node:buffer';
import { type ThreadEvent, upcastEvent } from '../../domain/events.ts';
import { isMessageChange } from '../../domain/message-changes.ts';
import type { ThreadFacts, ThreadState } from '../../domain/state.ts';
import { conversationHash, conversationName } from '../../resources/conversation.ts';
import { BATCH_BYTES, BATCH_ROWS, type Checkpoint, type ReplicaBatch } from '../../rpc/projector.ts';
import { messageSize, readAddedAt, readChanged } from '../store/changed-messages.ts';
import { loadChat } from '../store/load.ts';
import { BatchBuilder } from './batch-builder.ts';
import { flagsOf, type ReplicatedFlags } from './chat-flags.ts';
import { ChatChanges, chatRow, type MessageRow } from './chat-rows.ts';
import { addDeliveries, DELIVERIES_IN_A_BATCH } from './delivery-rows.ts';
import type { RecentEvents } from './recent-events.ts';

/** Whether a checkpoint is at or beyond another. */
export function hasReached(checkpoint: Checkpoint, other: Checkpoint): boolean {
  return checkpoint.seq >= other.seq && checkpoint.version >= other.version;
}

const EVENT_ROWS_IN_A_BATCH = BATCH_ROWS - DELIVERIES_IN_A_BATCH;

/** What the next batch is made from. `rebuild`: the number of the rebuild in progress, or null. */
export type BatchSources = {
  sql: SqlStorage;
  state: ThreadState;
  tail: RecentEvents;
  flags: ReplicatedFlags;
  latest: Checkpoint;
  rebuild: number | null;
  /** Takes only one event and one delivery, to find out which of them D1 refuses. */
  isNarrow: boolean;
};

/**
 * Reads the next batch after `from`: the rows that a range of the log changed last, and the deliveries and lanes
 * changed since. Null when D1 has everything up to `latest`. `upto` is the checkpoint once the batch is acknowledged; a
 * null batch changes nothing in D1. Recent events come from memory, so a plain message costs no query.
 */
export function readNextBatch(
  sources: BatchSources,
  from: Checkpoint,
): { batch: ReplicaBatch | null; upto: Checkpoint } | null {
  const { sql, state, tail, latest, rebuild, isNarrow } = sources;
  const { name, thread } = state;
  if (thread === null || hasReached(from, latest)) return null;
  const builder = new BatchBuilder(name);
  const found = from.seq >= latest.seq ? [] : (tail.after(from.seq)?.entries ?? readEvents(sql, from.seq));
  const events = isNarrow ? found.slice(0, 1) : fitting(sql, found);
  const uptoSeq = events.at(-1)?.seq ?? from.seq;
  const touched = new Map<string, ChatChanges>();
  for (const event of events) {
    const changes = touched.get(event.chat_id) ?? new ChatChanges();
    touched.set(event.chat_id, changes);
    changes.note(event);
    addEventRows(builder, name, event);
  }
  const isFirst = from.seq === 0 && from.version === 0;
  const isThreadTouched = thread.seq > from.seq && thread.seq <= uptoSeq;
  if (isThreadTouched || (rebuild !== null && isFirst)) addThread(builder, thread, name);
  for (const [chatId, changes] of touched) addChat(builder, sources, chatId, changes, from.seq, uptoSeq);
  const deliveries = isNarrow ? 1 : DELIVERIES_IN_A_BATCH;
  const uptoVersion =
    from.version >= latest.version
      ? from.version
      : addDeliveries(builder, sql, name, thread, { after: from.version, latest: latest.version, limit: deliveries });
  if (rebuild === null) builder.batch.organization_id = thread.organization_id;
  if (rebuild !== null && isFirst) builder.begin({ number: rebuild, chat_ids: chatIdsOf(sql) });
  return { batch: builder.isEmpty ? null : builder.batch, upto: { seq: uptoSeq, version: uptoVersion } };
}

function readEvents(sql: SqlStorage, after: number): ThreadEvent[] {
  const events: ThreadEvent[] = [];
  let size = 0;
  let count = 0;
  const rows = sql.exec<{ event: string }>(
    'SELECT event FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
    after,
    EVENT_ROWS_IN_A_BATCH,
  );
  for (const row of rows) {
    size += Buffer.byteLength(row.event);
    const event = upcastEvent(JSON.parse(row.event) as { v: number });
    count += event.type === 'variables_set' ? Object.keys(event.variables).length : 1;
    if (events.length > 0 && (size > BATCH_BYTES || count > EVENT_ROWS_IN_A_BATCH)) break;
    events.push(event);
  }
  return events;
}

/** Adds the rows that an event makes directly. Those of a chat's other children follow from its ChatChanges. */
function addEventRows(builder: BatchBuilder, name: string, event: ThreadEvent): void {
  switch (event.type) {
    case 'chat_started':
      // With each session: a channel may have moved to another room since the last one.
      if (event.visitor_id !== null && event.room !== null) {
        builder.add('visitors', [event.visitor_id, event.organization_id, event.room.id, event.at]);
      }
      return;
    case 'variables_set':
      for (const [key, value] of Object.entries(event.variables)) {
        builder.add('visitor_variables', [event.visitor_id, key, value, event.at, event.at, name, event.seq]);
      }
      return;
    default:
      return;
  }
}

/** A purged message is as new as its purge, also of the key: a late batch must not bring it back. */
function* messagesNow(sql: SqlStorage, seqs: number[]): Generator<MessageRow> {
  const changed = readChanged(sql, seqs);
  for (const message_seq of seqs) {
    const facts = changed.get(message_seq)?.facts ?? readAddedAt(sql, message_seq)?.message;
    if (facts === undefined) continue;
    const changed_seq = Math.max(changed.get(message_seq)?.seq ?? message_seq, facts.forgotten?.seq ?? 0);
    yield { seq: facts.purged?.seq ?? changed_seq, facts };
  }
}

/** The events up to which the messages that they change fit into a batch: such an event is shorter than its row. */
function fitting(sql: SqlStorage, events: readonly ThreadEvent[]): readonly ThreadEvent[] {
  let size = 0;
  const tooMany = events.findIndex((event, place) => {
    size += isMessageChange(event) ? messageSize(sql, event.message_id) : 0;
    return place > 0 && size > BATCH_BYTES;
  });
  return tooMany === -1 ? events : events.slice(0, tooMany);
}

function addThread(builder: BatchBuilder, thread: ThreadFacts, name: string): void {
  const { organization_id, identity, channel_id, thread_id, mapping_id, current_chat_id, created_at, seq } = thread;
  builder.add('threads', [
    name,
    organization_id,
    identity,
    channel_id,
    thread_id,
    mapping_id,
    current_chat_id,
    created_at,
    conversationHash(conversationName(thread)),
    seq,
  ]);
}

function addChat(
  builder: BatchBuilder,
  { sql, state, flags, rebuild }: BatchSources,
  chatId: string,
  changes: ChatChanges,
  after: number,
  upto: number,
): void {
  const chat = loadChat(sql, state, chatId).chats.get(chatId);
  if (chat === undefined) throw new Error('an event concerns a chat that does not exist');
  changes.addRows(builder, chat, { after, upto }, (seqs) => messagesNow(sql, seqs));
  const known = flagsOf(chat.facts);
  const isKnown = rebuild === null && flags.has(chatId, known);
  builder.add(isKnown ? 'chats_with_known_flags' : 'chats', chatRow(chat, state.name));
  flags.send(upto, chatId, known);
}

/** The chats that D1 may have rows of. A rebuild deletes those rows first. */
function chatIdsOf(sql: SqlStorage): string[] {
  return Array.from(sql.exec<{ id: string }>('SELECT id FROM chats'), ({ id }) => id);
}
