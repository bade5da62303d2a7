import { KINDS, notificationsOf, type Told, type View } from '../../projections/notifications.ts';
import { upcastEvent } from '../events.ts';
import { emptyThread } from '../state.ts';
import { takeStep } from '../steps.ts';

/** An answer ends early at so many characters of JSON, because a call ends at 32 MiB. */
const CHARACTERS = 4_000_000;

/**
 * The events above `after`, at most `limit` of them, as hubs were told of them; those that notify of nothing are left out, so `upto` says
 * how far they go. Their chats are folded again from their beginning, because what has changed follows from what was before.
 */
export function recallTold(
  sql: SqlStorage,
  view: View,
  after: number,
  limit: number,
): { entries: Told[]; upto: number } {
  const found = sql
    .exec<{ seq: number; chat_id: string }>(
      'SELECT seq, chat_id FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
      after,
      limit,
    )
    .toArray();
  let upto = found.at(-1)?.seq ?? after;
  const rows = sql.exec<{ event: string }>(
    `SELECT event FROM events
     WHERE seq <= ? AND (chat_id IN (SELECT value FROM json_each(?)) OR type IN ('thread_opened', 'variables_set'))
     ORDER BY seq`,
    upto,
    JSON.stringify([...new Set(found.map(({ chat_id }) => chat_id))]),
  );
  const entries: Told[] = [];
  let characters = 0;
  let state = emptyThread('');
  for (const row of rows) {
    const event = upcastEvent(JSON.parse(row.event) as { v: number });
    const taken = takeStep(state, event);
    state = taken.state;
    if (taken.step === null || event.seq <= after) continue;
    if (characters > CHARACTERS) {
      upto = event.seq - 1;
      break;
    }
    const told = notificationsOf(taken.step, view, KINDS);
    if (told.notifications.length === 0) continue;
    entries.push(told);
    characters += JSON.stringify(told).length;
  }
  return { entries, upto };
}

/** `seq` of the last event before `time` (ms); 0 for none. Times grow with `seq`, so it is searched by halves. */
export function lastEventBefore(sql: SqlStorage, last: number, time: number): number {
  let before = 0;
  let from = last + 1;
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    const row = sql.exec<{ at: number }>(`SELECT event ->> '$.at' AS at FROM events WHERE seq = ?`, middle).one();
    if (row.at < time) before = middle;
    else from = middle;
  }
  return before;
}

/** Up to which `seq` a hub was told, as it was last written down; null when it never was. */
export function readHubMark(sql: SqlStorage, hub: string): number | null {
  return sql.exec<{ seq: number }>('SELECT seq FROM hub_marks WHERE hub = ?', hub).toArray()[0]?.seq ?? null;
}

export function writeHubMark(sql: SqlStorage, hub: string, seq: number): void {
  sql.exec('INSERT INTO hub_marks (hub, seq) VALUES (?1, ?2) ON CONFLICT (hub) DO UPDATE SET seq = ?2', hub, seq);
}
