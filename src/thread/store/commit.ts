import type { Accepted } from '../../projections/accept.ts';
import { uuidVersion7 } from '../../resources/uuid.ts';
import type { Routing } from '../events.ts';
import type { ReceivedBefore, ThreadState } from '../state.ts';
import { keepSnapshots } from './snapshots.ts';
import { createTables, makeTable } from './tables.ts';
import { writeChats } from './write-chats.ts';

/**
 * What a commit writes. `before` and `after` are the states around it, so that only what changed is written: `before` must
 * hold what was loaded for the command.
 */
export type Commit = {
  before: ThreadState;
  after: ThreadState;
  accepted: Accepted;
  received: ReceivedBefore[];
  routing: Routing | null;
  isRoutingNew: boolean;
  /** Who is told as last known (JSON, null for nobody); null when it stays as it is. */
  audience: { stored: string | null } | null;
  /** Version of the last changed delivery or lane; the rows written here get the following ones. */
  version: number;
  /** The commit's time in the log (ms), which may run ahead of the clock. */
  at: number;
  /** The clock (ms): what is delivered is due at once, so not at a time in the log. */
  now: number;
};

export type Committed = { rowsWritten: number; version: number };

/** Writes a commit. Must run inside `transactionSync`. */
export function writeCommit(sql: SqlStorage, commit: Commit): Committed {
  let rowsWritten = 0;
  const write = (statement: string, ...parameters: SqlStorageValue[]) => {
    rowsWritten += sql.exec(statement, ...parameters).rowsWritten;
  };
  const { before, after, accepted } = commit;
  if (before.thread === null) createTables(sql);
  if (after.thread !== null && (after.thread !== before.thread || commit.isRoutingNew)) {
    const routing = commit.routing === null ? null : JSON.stringify(commit.routing);
    write(
      `INSERT INTO thread (one, facts, routing) VALUES (1, ?1, ?2)
       ON CONFLICT (one) DO UPDATE SET facts = ?1, routing = ?2`,
      JSON.stringify(after.thread),
      routing,
    );
  }
  if (commit.audience !== null) write('UPDATE thread SET audience = ?', commit.audience.stored);
  for (const event of accepted.events) {
    const { seq, chat_id, type } = event;
    write(
      'INSERT INTO events (seq, chat_id, type, event) VALUES (?, ?, ?, ?)',
      seq,
      chat_id,
      type,
      JSON.stringify(event),
    );
  }
  rowsWritten += writeChats(sql, before, after) + keepSnapshots(sql, before, after, commit.at);
  for (const { key, chat_id, message_id, seq, request, is_new_session, messages_created } of commit.received) {
    write(
      `INSERT INTO received (key, chat_id, message_id, seq, request, is_new_session, messages_created)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      key,
      chat_id,
      message_id,
      seq,
      request,
      is_new_session ? 1 : 0,
      messages_created,
    );
  }
  let version = commit.version;
  if (accepted.lanes.length > 0) makeTable(sql, 'lanes');
  for (const lane of accepted.lanes) {
    version += 1;
    write(
      `INSERT INTO lanes (receiver, version, accepted, last_seq, organization_id) VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (receiver) DO UPDATE SET version = ?2, accepted = ?3, last_seq = ?4`,
      lane.receiver,
      version,
      lane.accepted,
      lane.last_seq,
      lane.organization_id,
    );
  }
  for (const [place, row] of accepted.outbox.entries()) {
    version += 1;
    write(
      `INSERT INTO deliveries (id, version, receiver, seq, ordinal, chat_id, event_type, webhook_id, channel, resource_id,
         body, status, due_at, created_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'pending', ?12, ?13)`,
      deliveryId(commit.at, place),
      version,
      row.receiver,
      row.seq,
      row.ordinal,
      row.chat_id,
      row.event_type,
      row.webhook_id,
      row.channel,
      row.resource_id,
      row.body,
      commit.now,
      commit.at,
    );
  }
  return { rowsWritten, version };
}

/** An id whose order is the order of acceptance: the time, 16 bits of the place in the commit, 58 random bits. */
function deliveryId(at: number, place: number): string {
  const random = new DataView(crypto.getRandomValues(new Uint8Array(8)).buffer).getBigUint64(0) & ((1n << 58n) - 1n);
  return uuidVersion7(at, { high12: (place >> 4) & 0xfff, low62: (BigInt(place & 0xf) << 58n) | random });
}
