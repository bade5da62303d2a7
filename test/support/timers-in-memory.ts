import { DatabaseSync } from 'node:sqlite';
import { Timers } from '../../src/platform/timers.ts';

/** The part of an object's SQL storage that timers need, on a real SQLite in memory. */
function sqlInMemory(): SqlStorage {
  const database = new DatabaseSync(':memory:');
  const exec = (sql: string, ...parameters: (string | number)[]) => {
    const rows = database.prepare(sql).all(...parameters);
    return { toArray: () => rows, [Symbol.iterator]: () => rows[Symbol.iterator]() };
  };
  return { exec } as unknown as SqlStorage;
}

/** The timers of an object, with the test's clock and without jitter. */
export function timersInMemory(now = () => Date.now()): Timers {
  return new Timers({ sql: sqlInMemory(), now, random: () => 1, armBy: () => {} });
}
