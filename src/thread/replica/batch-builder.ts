import { Buffer } from 'node:buffer';
import {
  BATCH_VERSION,
  FILES_BATCH_VERSION,
  type RebuildStart,
  type ReplicaBatch,
  type ReplicaTable,
} from '../../rpc/projector.ts';

/** Builds a replica batch row by row. */
export class BatchBuilder {
  readonly batch: ReplicaBatch;
  isEmpty = true;

  constructor(thread: string) {
    this.batch = { v: BATCH_VERSION, thread, rows: {}, size: 0 };
  }

  /** Adds a row with its values in the order of the table's columns (read-model/write-batches.ts). */
  add(table: ReplicaTable, row: readonly unknown[]): void {
    const encoded = JSON.stringify(row);
    const rows = this.batch.rows[table] ?? [];
    rows.push(encoded);
    this.batch.rows[table] = rows;
    this.batch.size += Buffer.byteLength(encoded);
    this.isEmpty = false;
    if (table === 'files') this.batch.v = FILES_BATCH_VERSION;
  }

  /** Makes this the first batch of a rebuild. */
  begin(rebuild: RebuildStart): void {
    this.batch.rebuild = rebuild;
  }
}
