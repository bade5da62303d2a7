import { Buffer } from 'node:buffer';
import { SLICE_BYTES, SLICE_ROWS, type Slice, type SliceTable } from '../../projections/slice.ts';
import { type CopiedFlags, flagsOf } from '../copied-flags.ts';
import type { EventTail } from '../event-tail.ts';
import { type ThreadEvent, upcastEvent } from '../events.ts';
import type { ThreadFacts, ThreadState } from '../state.ts';
import { loadChat } from './load.ts';

/** How far D1's copy is known to be: events by `seq`, deliveries and lanes by `version`. */
export type Mark = { seq: number; version: number };

const DELIVERIES_IN_A_SLICE = 300;
const EVENT_ROWS_IN_A_SLICE = SLICE_ROWS - DELIVERIES_IN_A_SLICE;

/**
 * The next hand-over after `from`: the rows last touched in a stretch of the log, and the deliveries and lanes changed since.
 * Null when everything is handed over; `latest` says how far that is. `upto` is the mark to keep once the slice is
 * acknowledged. What is in memory is not read again: the plain message costs no query here.
 */
export function readSlice(
  sql: SqlStorage,
  state: ThreadState,
  memory: { tail: EventTail; flags: CopiedFlags },
  latest: Mark,
  from: Mark,
): { slice: Slice; upto: Mark } | null {
  const { name, thread } = state;
  if (thread === null || (from.seq >= latest.seq && from.version >= latest.version)) return null;
  memory.flags.acknowledge(from.seq);
  const builder = new SliceBuilder(name);
  const events = from.seq >= latest.seq ? [] : (memory.tail.after(from.seq) ?? readEvents(sql, from.seq));
  const uptoSeq = events.at(-1)?.seq ?? from.seq;
  const touchedChats = new Set<string>();
  for (const event of events) {
    touchedChats.add(event.chat_id);
    addEventRows(builder, name, event);
  }
  if (thread.seq > from.seq && thread.seq <= uptoSeq) addThread(builder, thread, name);
  for (const chatId of touchedChats) addChat(builder, sql, state, memory.flags, chatId, from.seq, uptoSeq);
  const uptoVersion =
    from.version >= latest.version ? from.version : addDeliveries(builder, sql, name, thread, from.version);
  if (builder.isEmpty) return null;
  return { slice: builder.slice, upto: { seq: uptoSeq, version: uptoVersion } };
}

class SliceBuilder {
  readonly slice: Slice;
  isEmpty = true;

  constructor(thread: string) {
    this.slice = { v: 1, thread, rows: {}, size: 0 };
  }

  add(table: SliceTable, row: readonly unknown[]): void {
    const encoded = JSON.stringify(row);
    const rows = this.slice.rows[table] ?? [];
    rows.push(encoded);
    this.slice.rows[table] = rows;
    this.slice.size += Buffer.byteLength(encoded);
    this.isEmpty = false;
  }
}

function readEvents(sql: SqlStorage, after: number): ThreadEvent[] {
  const events: ThreadEvent[] = [];
  let size = 0;
  let count = 0;
  const rows = sql.exec<{ event: string }>(
    'SELECT event FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
    after,
    EVENT_ROWS_IN_A_SLICE,
  );
  for (const row of rows) {
    size += Buffer.byteLength(row.event);
    const event = upcastEvent(JSON.parse(row.event) as { v: number });
    count += event.type === 'variables_set' ? Object.keys(event.variables).length : 1;
    if (events.length > 0 && (size > SLICE_BYTES || count > EVENT_ROWS_IN_A_SLICE)) break;
    events.push(event);
  }
  return events;
}

function addEventRows(builder: SliceBuilder, name: string, event: ThreadEvent): void {
  switch (event.type) {
    case 'thread_opened':
      if (event.visitor_id !== null) {
        builder.add('visitors', [event.visitor_id, event.organization_id, event.room_id, event.at]);
      }
      return;
    case 'variables_set':
      for (const [key, value] of Object.entries(event.variables)) {
        builder.add('visitor_variables', [event.visitor_id, key, value, event.at, event.at, name, event.seq]);
      }
      return;
    case 'message_added':
      builder.add('messages', [event.chat_id, event.seq, event.message.id, event.message]);
      return;
    case 'reply_suggestion_added': {
      const { id, message_id } = event.suggestion;
      builder.add('reply_suggestions', [event.chat_id, id, event.seq, message_id, event.suggestion]);
      return;
    }
    default:
      return;
  }
}

function addThread(builder: SliceBuilder, thread: ThreadFacts, name: string): void {
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
    seq,
  ]);
}

/**
 * The chat's row is the mark for its children: in a slice that ends before the chat's last event it carries the slice's
 * end, otherwise the children of the next slice would count as known.
 */
function addChat(
  builder: SliceBuilder,
  sql: SqlStorage,
  state: ThreadState,
  copied: CopiedFlags,
  chatId: string,
  after: number,
  upto: number,
): void {
  const chat = loadChat(sql, state, chatId).chats.get(chatId);
  if (chat === undefined) throw new Error('an event concerns a chat that does not exist');
  for (const [memberId, { seq, facts }] of chat.members) {
    if (seq > after && seq <= upto) builder.add('members', [chatId, memberId, seq, facts]);
  }
  const { facts } = chat;
  const flags = flagsOf(facts);
  const isCut = chat.seq > upto;
  builder.add(!isCut && copied.has(chatId, flags) ? 'chats_with_known_flags' : 'chats', [
    chatId,
    state.name,
    Math.min(chat.seq, upto),
    facts.organization_id,
    facts.room?.id ?? null,
    facts.visitor_id,
    facts.chat_type,
    ...flags,
    facts.updated_at,
    facts,
  ]);
  if (isCut) copied.forget();
  else copied.send(upto, chatId, flags);
}

type DeliveryImage = {
  id: string;
  version: number;
  receiver: string;
  chat_id: string;
  seq: number;
  event_type: string;
  status: string;
  skip_reason: string | null;
  is_replay: number;
  attempt_count: number;
  due_at: number;
  last_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
};

type LaneImage = {
  receiver: string;
  version: number;
  accepted: number;
  delivered: number;
  pending: number;
  exhausted: number;
  skipped_disabled: number;
  skipped_channel_deleted: number;
};

function addDeliveries(
  builder: SliceBuilder,
  sql: SqlStorage,
  name: string,
  thread: ThreadFacts,
  after: number,
): number {
  const deliveries = sql
    .exec<DeliveryImage>(
      `SELECT id, version, receiver, chat_id, seq, event_type, status, skip_reason, is_replay, attempt_count, due_at,
         last_attempt_at, last_status, last_error, created_at
       FROM deliveries WHERE version > ? ORDER BY version LIMIT ?`,
      after,
      DELIVERIES_IN_A_SLICE,
    )
    .toArray();
  const isLast = deliveries.length < DELIVERIES_IN_A_SLICE;
  const end = isLast ? Number.MAX_SAFE_INTEGER : (deliveries.at(-1)?.version ?? after);
  const lanes = sql
    .exec<LaneImage>(
      `SELECT receiver, version, accepted, delivered, exhausted, skipped_disabled, skipped_channel_deleted,
         (SELECT count(*) FROM deliveries
          WHERE deliveries.receiver = lanes.receiver AND status = 'pending' AND is_replay = 0) AS pending
       FROM lanes WHERE version > ? AND version <= ?`,
      after,
      end,
    )
    .toArray();
  for (const row of deliveries) {
    builder.add('deliveries', [
      row.id,
      row.version,
      thread.organization_id,
      row.receiver,
      name,
      thread.thread_id,
      row.chat_id,
      row.seq,
      row.event_type,
      row.status,
      row.skip_reason,
      row.is_replay,
      row.attempt_count,
      row.due_at,
      row.last_attempt_at,
      row.last_status,
      row.last_error,
      row.created_at,
    ]);
  }
  for (const row of lanes) {
    builder.add('lanes', [
      row.receiver,
      name,
      row.version,
      thread.organization_id,
      row.accepted,
      row.delivered,
      row.pending,
      row.exhausted,
      row.skipped_disabled,
      row.skipped_channel_deleted,
    ]);
  }
  const versions = [...deliveries, ...lanes].map((row) => row.version);
  return Math.max(after, ...versions);
}
