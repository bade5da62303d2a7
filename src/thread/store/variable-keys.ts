import type { ThreadEvent } from '../../domain/events.ts';
import { NO_VARIABLE_KEYS, type ThreadState, type VariableKeys } from '../../domain/state.ts';
import { hasTable } from '../../platform/sqlite.ts';
import { makeTable } from './schema.ts';

/**
 * The keys of variables that the thread's visitor has got through it, for their quota. The table is made with the first
 * ones, and filled from the log of a thread that is older than it.
 */
const KEYS_IN_LOG = `SELECT DISTINCT entry.key AS key FROM events, json_each(events.event, '$.variables') AS entry
  WHERE events.type = 'variables_set' AND events.event ->> '$.visitor_id' = ?`;

/** Which of these keys the visitor has, and how many in all. They are counted only when one is new. */
export function loadVariableKeys(sql: SqlStorage, state: ThreadState, named: readonly string[]): VariableKeys {
  const visitorId = state.thread?.visitor_id ?? null;
  if (visitorId === null || named.length === 0) return NO_VARIABLE_KEYS;
  if (!hasTable(sql, 'variable_keys')) {
    const all = Array.from(sql.exec<{ key: string }>(KEYS_IN_LOG, visitorId), ({ key }) => key);
    return { known: new Set(all), count: all.length };
  }
  const rows = sql.exec<{ key: string }>(
    'SELECT key FROM variable_keys WHERE key IN (SELECT value FROM json_each(?))',
    JSON.stringify(named),
  );
  const known = new Set(Array.from(rows, ({ key }) => key));
  if (named.every((key) => known.has(key))) return { known, count: known.size };
  return { known, count: sql.exec<{ count: number }>('SELECT count(*) AS count FROM variable_keys').one().count };
}

/**
 * Writes the keys that new events have set; those of a purged visitor go. The events are in the log. Answers the number of
 * rows written. Must run inside the transaction of the commit.
 */
export function writeVariableKeys(sql: SqlStorage, events: readonly ThreadEvent[]): number {
  let rowsWritten = 0;
  for (const event of events) {
    if (event.type === 'purged' && event.covers === 'visitor' && hasTable(sql, 'variable_keys')) {
      rowsWritten += sql.exec('DELETE FROM variable_keys').rowsWritten;
    }
    if (event.type !== 'variables_set') continue;
    if (!hasTable(sql, 'variable_keys')) {
      makeTable(sql, 'variable_keys');
      rowsWritten += sql.exec(`INSERT INTO variable_keys (key) ${KEYS_IN_LOG}`, event.visitor_id).rowsWritten;
    }
    rowsWritten += sql.exec(
      'INSERT INTO variable_keys (key) SELECT key FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING',
      JSON.stringify(event.variables),
    ).rowsWritten;
  }
  return rowsWritten;
}
