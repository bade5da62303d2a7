import { hasTable } from '../../platform/sqlite.ts';
import type { BatchRange } from '../../rpc/projector.ts';
import { makeTable } from './schema.ts';

/** Notes a range whose rows D1 has refused. A developer has to find out why; a rebuild of the thread sends it again. */
export function park(sql: SqlStorage, { after, upto }: BatchRange, at: number): void {
  makeTable(sql, 'parked');
  sql.exec(
    'INSERT INTO parked (after_seq, upto_seq, after_version, upto_version, at) VALUES (?, ?, ?, ?, ?)',
    after.seq,
    upto.seq,
    after.version,
    upto.version,
    at,
  );
}

/** Forgets all parked ranges. */
export function unparkAll(sql: SqlStorage): void {
  if (hasTable(sql, 'parked')) sql.exec('DELETE FROM parked');
}
