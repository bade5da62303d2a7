import { Buffer } from 'node:buffer';
import { type RebuildStart, SLICE_VERSION, type Slice, type SliceTable } from '../../rpc/projector.ts';

/** Puts a slice together, row by row. */
export class BatchBuilder {
  readonly slice: Slice;
  isEmpty = true;

  constructor(thread: string) {
    this.slice = { v: SLICE_VERSION, thread, rows: {}, size: 0 };
  }

  /** Adds a row, its values in the order of the table's columns (read-model/write-batches.ts). */
  add(table: SliceTable, row: readonly unknown[]): void {
    const encoded = JSON.stringify(row);
    const rows = this.slice.rows[table] ?? [];
    rows.push(encoded);
    this.slice.rows[table] = rows;
    this.slice.size += Buffer.byteLength(encoded);
    this.isEmpty = false;
  }

  /** Makes it the first slice of a rebuild. */
  begin(rebuild: RebuildStart): void {
    this.slice.rebuild = rebuild;
  }
}
