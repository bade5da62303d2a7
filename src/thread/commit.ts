import type { Command } from '../domain/commands.ts';
import type { ChannelTarget } from '../domain/events.ts';
import { hideTarget } from '../domain/redaction.ts';
import type { ReceivedBefore, ThreadFacts, ThreadState } from '../domain/state.ts';
import type { Receiver } from '../resources/receiver.ts';
import type { LeasedDelivery } from '../rpc/lane.ts';
import { startAfterRemoved } from './store/removed.ts';
import { createTables, makeTable } from './store/schema.ts';
import { keepSnapshots } from './store/snapshots.ts';
import { writeVariableKeys } from './store/variable-keys.ts';
import { writeChats } from './store/write-chats.ts';
import type { Accepted, OutboxRow } from './webhooks/fan-out.ts';
import { insertDeliveries } from './webhooks/new-deliveries.ts';
import { noteRest } from './webhooks/webhook-rests.ts';

/**
 * The content of a commit. `before` and `after` are the states around it; only what differs is written. `before` must
 * hold what was loaded for the command.
 */
export type Commit = {
  before: ThreadState;
  after: ThreadState;
  accepted: Accepted;
  /** Lanes whose first new delivery is leased at once, each with the length of the lease (ms). */
  leases: ReadonlyMap<Receiver, number>;
  received: ReceivedBefore[];
  channelTarget: ChannelTarget | null;
  isTargetNew: boolean;
  /** Stored with the first commit; the salt of a thread never changes. */
  salt: string | null;
  /** The audience to store as JSON (null: nobody); null when the stored one stays. */
  audience: { stored: string | null } | null;
  /** Version of the last changed delivery or lane. The rows written here get the next ones. */
  version: number;
  /** The commit's time in the log (ms). It may be ahead of the clock. */
  at: number;
  /** The clock (ms). New deliveries are due now, not at the time in the log. */
  now: number;
};

/** `leased`: the deliveries that were leased at once. */
export type Committed = { rowsWritten: number; version: number; leased: LeasedDelivery[] };

/** Where the webhooks of the thread's channel go after a command. A purged visitor's source is not named any more. */
export function targetAfter(
  command: Command,
  target: ChannelTarget | null,
  thread: ThreadFacts | null,
): ChannelTarget | null {
  if (command.type === 'receive_messages') return command.routing;
  const hides = command.type === 'purge' && command.covers === 'visitor' && command.chat_id === thread?.current_chat_id;
  return hides && target !== null ? hideTarget(target) : target;
}

/**
 * Where the webhooks of a command go. `target`: that after the command. A channel is told of a purge if it wants to be,
 * and of a purged visitor without the name of their source.
 */
export function toldOf(command: Command, target: ChannelTarget | null): ChannelTarget | null {
  if (target === null || command.type !== 'purge' || command.tells_channel !== true) return target;
  return { ...(command.covers === 'visitor' ? hideTarget(target) : target), tells_purge: true };
}

/** Writes a commit. Must run inside `transactionSync`. */
export function writeCommit(sql: SqlStorage, commit: Commit): Committed {
  let rowsWritten = 0;
  const write = (statement: string, ...parameters: SqlStorageValue[]) => {
    rowsWritten += sql.exec(statement, ...parameters).rowsWritten;
  };
  const { before, after, accepted } = commit;
  if (before.thread === null) createTables(sql);
  if (after.thread !== null && (after.thread !== before.thread || commit.isTargetNew)) {
    const routing = commit.channelTarget === null ? null : JSON.stringify(commit.channelTarget);
    write(
      `INSERT INTO thread (one, facts, routing, salt) VALUES (1, ?1, ?2, ?3)
       ON CONFLICT (one) DO UPDATE SET facts = ?1, routing = ?2`,
      JSON.stringify(after.thread),
      routing,
      commit.salt,
    );
  }
  // D1 has everything of a thread that was removed from this object before.
  if (before.thread === null && before.last_seq > 0) {
    startAfterRemoved(sql, { seq: before.last_seq, version: commit.version });
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
  rowsWritten += writeVariableKeys(sql, accepted.events);
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
  const nextVersion = () => {
    version += 1;
    return version;
  };
  const { rows } = accepted.outbox;
  const organizations = new Map(accepted.lanes.map(({ receiver, organization_id }) => [receiver, organization_id]));
  for (const lane of accepted.lanes) {
    // The lane's only new delivery is leased: D1 gets both rows with its first report, or when the lease ends.
    const isHeldBack = commit.leases.has(lane.receiver) && rows.filter(isOf(lane.receiver)).length === 1;
    write(
      `INSERT INTO lanes (receiver, version, accepted, last_seq, organization_id) VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (receiver) DO UPDATE SET version = max(version, ?2), accepted = ?3, last_seq = ?4`,
      lane.receiver,
      isHeldBack ? 0 : nextVersion(),
      lane.accepted,
      lane.last_seq,
      lane.organization_id,
    );
  }
  const inserted = insertDeliveries(sql, accepted.outbox, {
    at: commit.at,
    now: commit.now,
    made: 0,
    leases: commit.leases,
    organizationOf: (receiver) => organizations.get(receiver) ?? after.thread?.organization_id ?? '',
    nextVersion,
  });
  rowsWritten += inserted.rowsWritten;
  if (accepted.rest !== null) rowsWritten += noteRest(sql, accepted.rest, { at: commit.at, made: rows.length });
  return { rowsWritten, version, leased: inserted.leased };
}

function isOf(receiver: Receiver): (row: OutboxRow) => boolean {
  return (row) => row.receiver === receiver;
}
