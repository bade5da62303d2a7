import { DatabaseSync } from 'node:sqlite';
import { Timers } from '../../../src/platform/timers.ts';

/** Timers whose rows are in memory, by the clock of the test, with the whole back-off. */
export function timersInMemory(): Timers {
  const database = new DatabaseSync(':memory:');
  const exec = (query: string, ...values: (string | number)[]) => {
    const rows = database.prepare(query).all(...values);
    return Object.assign(rows, { toArray: () => rows });
  };
  return new Timers({
    sql: { exec } as unknown as SqlStorage,
    now: () => Date.now(),
    random: () => 1,
    armBy: () => {},
  });
}
