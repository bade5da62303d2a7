import { threadNameOfChat } from '../../domain/address.ts';
import { hasTable } from '../../platform/sqlite.ts';
import type { Checkpoint } from '../../rpc/projector.ts';
import { replayLog } from './replay.ts';
import { changeTables, SCHEMA } from './schema.ts';

/**
 * A rebuild of the replica in progress: everything up to `until` is sent again, from the beginning. `number` (the ms of
 * its start, always growing) distinguishes its batches from those of an earlier rebuild.
 */
export type Rebuild = { number: number; until: Checkpoint };

type MaintenanceRow = { rebuild_number: number; rebuild_seq: number | null; rebuild_version: number | null };

/** The rebuild in progress, null for none, and the number of the last one. */
export function readRebuild(sql: SqlStorage): { rebuild: Rebuild | null; generation: number } {
  const { rebuild_number: number, rebuild_seq: seq, rebuild_version: version } = readMaintenance(sql);
  const rebuild = seq === null || version === null ? null : { number, until: { seq, version } };
  return { rebuild, generation: number };
}

/**
 * Replays the log and starts a rebuild of the replica, up to the end of the log and to `version`, that of the last
 * changed delivery or lane. `now` in ms. Must run inside a transaction.
 */
export function startRebuild(sql: SqlStorage, name: string, version: number, now: number): Rebuild {
  replayLog(sql, name);
  const { seq } = sql.exec<{ seq: number }>('SELECT max(seq) AS seq FROM events').one();
  const number = Math.max(now, readMaintenance(sql).rebuild_number + 1);
  sql.exec('UPDATE upkeep SET rebuild_number = ?, rebuild_seq = ?, rebuild_version = ?', number, seq, version);
  sql.exec('UPDATE thread SET acknowledged_seq = 0, acknowledged_version = 0');
  return { number, until: { seq, version } };
}

/**
 * Notes that D1 must get the log above `seq` again. The number of the last rebuild grows, so that acknowledgements of
 * what is in flight count no more. `now` in ms. Must run inside a transaction.
 */
export function rewindCheckpoint(sql: SqlStorage, seq: number, now: number): void {
  sql.exec('UPDATE upkeep SET rebuild_number = max(rebuild_number + 1, ?)', now);
  sql.exec('UPDATE thread SET acknowledged_seq = min(acknowledged_seq, ?)', seq);
}

/** Ends the rebuild: D1 has acknowledged all of it. */
export function endRebuild(sql: SqlStorage): void {
  sql.exec('UPDATE upkeep SET rebuild_seq = NULL, rebuild_version = NULL');
}

/**
 * Brings the tables of an earlier program to the current schema. Since the first schema, the tables derived from the
 * log and the columns of the replica have changed: from there the log is replayed and the replica rebuilt. Must run
 * inside a transaction. Throws on tables of a later program.
 */
export function upgradeTables(sql: SqlStorage, schema: number, now: number): void {
  if (schema > SCHEMA) throw new Error(`the tables of schema ${schema} are newer than this program`);
  changeTables(sql, schema);
  if (schema > 1) return;
  const { facts } = sql.exec<{ facts: string }>('SELECT facts FROM thread').one();
  const { current_chat_id } = JSON.parse(facts) as { current_chat_id: string };
  startRebuild(sql, threadNameOfChat(current_chat_id) ?? '', readVersion(sql), now);
}

/** The version of the last changed delivery or lane. */
export function readVersion(sql: SqlStorage): number {
  if (!hasTable(sql, 'lanes')) return readCheckpoint(sql).version;
  return sql
    .exec<{ version: number }>(
      `SELECT max(
         coalesce((SELECT max(version) FROM deliveries), 0), coalesce((SELECT max(version) FROM lanes), 0),
         acknowledged_version) AS version
       FROM thread`,
    )
    .one().version;
}

/** How far the replica is, as last stored. */
export function readCheckpoint(sql: SqlStorage): Checkpoint {
  return sql
    .exec<{ seq: number; version: number }>(
      'SELECT acknowledged_seq AS seq, acknowledged_version AS version FROM thread',
    )
    .one();
}

/** Stores how far the replica is. */
export function writeCheckpoint(sql: SqlStorage, checkpoint: Checkpoint): void {
  sql.exec('UPDATE thread SET acknowledged_seq = ?, acknowledged_version = ?', checkpoint.seq, checkpoint.version);
}

function readMaintenance(sql: SqlStorage): MaintenanceRow {
  return sql.exec<MaintenanceRow>('SELECT rebuild_number, rebuild_seq, rebuild_version FROM upkeep').one();
}
