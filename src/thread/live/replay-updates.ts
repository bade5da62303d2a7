import { seqOfResource } from '../../domain/address.ts';
import { type ThreadEvent, upcastEvent } from '../../domain/events.ts';
import { applyEvent, wholeCommands } from '../../domain/evolve.ts';
import {
  changeMessage,
  isMessageChange,
  MESSAGE_CHANGES,
  type MessageChangeEvent,
} from '../../domain/message-changes.ts';
import { emptyThread, type NamedMessage, type Step, type ThreadState } from '../../domain/state.ts';
import { KINDS, notificationsOf, type ThreadUpdate, type View } from '../../notifications/notifications.ts';
import { hasTable } from '../../platform/sqlite.ts';
import { namedMessage, readAddedMessage } from '../store/changed-messages.ts';
import { OF_THREAD } from '../store/chat-at.ts';
import { messageAfterPurge, readRunningPurge } from '../store/running-purges.ts';
import { makeTable } from '../store/schema.ts';
import { readSnapshot, type Snapshot } from '../store/snapshots.ts';

/** An answer ends early at this many characters of JSON: a call is limited to 32 MiB. */
const CHARACTERS = 4_000_000;

/**
 * The updates of the events above `after`, at most `limit` events. Events without notifications are left out; `upto` is
 * the last `seq` covered. A change depends on what was before, so the chats are replayed from their last snapshots. The
 * first and the last command are replayed as a whole.
 */
export function replayUpdates(
  sql: SqlStorage,
  view: View,
  after: number,
  limit: number,
): { entries: ThreadUpdate[]; upto: number } {
  const found = sql
    .exec<{ seq: number; chat_id: string; changed: string | null; message_id: string | null }>(
      `SELECT seq, chat_id, CASE type WHEN 'reply_suggestion_changed' THEN event ->> '$.suggestion.id' END AS changed,
         event ->> '$.message_id' AS message_id
       FROM events WHERE seq > ? ORDER BY seq LIMIT ?`,
      after,
      limit,
    )
    .toArray();
  const last = found.at(-1);
  if (last === undefined) return { entries: [], upto: after };
  let upto = last.seq;
  const range = wholeRange(sql, { after, upto });
  const chatIds = [...new Set(found.map(({ chat_id }) => chat_id))];
  const suggestions = suggestionsAt(sql, new Set(found.flatMap(({ changed }) => changed ?? [])), range.after);
  const messages = new MessagesAt(sql, new Set(found.flatMap(({ message_id }) => message_id ?? [])), range.after);
  const entries: ThreadUpdate[] = [];
  let characters = 0;
  for (const transition of wholeCommands(stepsBetween(sql, chatIds, { suggestions, messages }, range))) {
    const { seq } = transition.event;
    if (seq <= after) continue;
    if (seq > upto) break;
    if (characters > CHARACTERS) {
      upto = seq - 1;
      break;
    }
    const update = notificationsOf(transition, view, KINDS);
    if (update.notifications.length === 0) continue;
    entries.push(update);
    characters += JSON.stringify(update).length;
  }
  return { entries, upto };
}

/** Events above `after`, up to `upto`. */
type Range = { after: number; upto: number };

/** A range of the log with the rest of its first and of its last command. Events of one command have the same time. */
function wholeRange(sql: SqlStorage, { after, upto }: Range): Range {
  const isOther = `event ->> '$.at' != (SELECT event ->> '$.at' FROM events WHERE seq = ?1)`;
  const earlier = `SELECT seq FROM events WHERE seq < ?1 AND ${isOther} ORDER BY seq DESC LIMIT 1`;
  const later = `SELECT seq FROM events WHERE seq > ?1 AND ${isOther} ORDER BY seq LIMIT 1`;
  const [before] = sql.exec<{ seq: number }>(earlier, after + 1);
  const [next] = sql.exec<{ seq: number }>(later, upto);
  return { after: before?.seq ?? 0, upto: next === undefined ? Number.MAX_SAFE_INTEGER : next.seq - 1 };
}

/** The steps of some chats. `parts`: the suggestions and messages that they change, as they were at `after`. */
function* stepsBetween(
  sql: SqlStorage,
  chatIds: readonly string[],
  parts: { suggestions: Suggestions; messages: MessagesAt },
  { after, upto }: Range,
): Generator<Step> {
  const known = new Map(parts.suggestions);
  const snapshots = chatIds.map((id) => ({ id, ...(readSnapshot(sql, id, after) ?? BEGINNING) }));
  /** The snapshots that the replay has not reached yet, oldest first. */
  const ahead = snapshots.sort((one, other) => one.seq - other.seq);
  const from = ahead[0] ?? BEGINNING;
  let state: ThreadState = { ...emptyThread(''), thread: from.thread };
  const rows = sql.exec<{ event: string }>(
    `SELECT event FROM events WHERE seq > ? AND seq <= ?
       AND (chat_id IN (SELECT value FROM json_each(?)) OR type IN (SELECT value FROM json_each(?)))
     ORDER BY seq`,
    from.seq,
    upto,
    JSON.stringify(chatIds),
    JSON.stringify(OF_THREAD),
  );
  for (const row of rows) {
    const event = upcastEvent(JSON.parse(row.event) as { v: number });
    for (let next = ahead[0]; next !== undefined && next.seq < event.seq; next = ahead[0]) {
      const chats = next.chat === null ? state.chats : new Map(state.chats).set(next.id, next.chat);
      state = { ...state, thread: next.thread ?? state.thread, chats };
      ahead.shift();
    }
    // The thread's facts and the visitor's name apply at once, whatever chat their event belongs to.
    const isOfThread = OF_THREAD.some((type) => type === event.type);
    if (!isOfThread && ahead.some(({ id }) => id === event.chat_id)) continue;
    const id = event.seq > after && 'suggestion' in event ? event.suggestion.id : '';
    const old = known.get(id);
    const messages = event.seq > after && isMessageChange(event) ? parts.messages.before(event) : NO_MESSAGES;
    const suggestions = old === undefined ? NONE : new Map([[id, old]]);
    const taken = applyEvent({ ...state, suggestions, messages }, event);
    const now = taken.state.suggestions.get(id);
    if (now !== undefined) known.set(id, now);
    // If they were kept, each further suggestion would copy all of them.
    state = { ...taken.state, suggestions: NONE, messages: NO_MESSAGES };
    if (taken.step !== null && event.seq > after) yield taken.step;
  }
}

const BEGINNING: Snapshot = { seq: 0, thread: null, chat: null };
const NONE: Suggestions = new Map();
const NO_MESSAGES: ThreadState['messages'] = new Map();

type Suggestions = ThreadState['suggestions'];
type SuggestionEvent = Extract<ThreadEvent, { type: 'reply_suggestion_added' | 'reply_suggestion_changed' }>;

/**
 * Suggestions as they were after the event `upto`. The log is read once for all of them, from where the oldest was
 * added: its id contains that `seq`.
 */
function suggestionsAt(sql: SqlStorage, ids: ReadonlySet<string>, upto: number): Suggestions {
  if (ids.size === 0) return NONE;
  const rows = sql.exec<{ event: string }>(
    `SELECT event FROM events WHERE seq BETWEEN ? AND ?
       AND type IN ('reply_suggestion_added', 'reply_suggestion_changed')
       AND event ->> '$.suggestion.id' IN (SELECT value FROM json_each(?))
     ORDER BY seq`,
    Math.min(...Array.from(ids, (id) => seqOfResource(id) ?? 0)),
    upto,
    JSON.stringify([...ids]),
  );
  return new Map(
    Array.from(rows, (row) => {
      const { seq, chat_id, suggestion } = upcastEvent(JSON.parse(row.event) as { v: number }) as SuggestionEvent;
      return [suggestion.id, { seq, chat_id, facts: suggestion }];
    }),
  );
}

/** Messages as they were before each of their changes in a replay. Texts are read when their change comes. */
class MessagesAt {
  readonly #sql: SqlStorage;
  /** The changes up to the replay's beginning, by message. */
  readonly #earlier: Map<string, MessageChangeEvent[]>;
  readonly #known = new Map<string, NamedMessage>();

  /** `ids`: the messages that the replay changes. `upto`: the last `seq` before it. */
  constructor(sql: SqlStorage, ids: ReadonlySet<string>, upto: number) {
    this.#sql = sql;
    this.#earlier = Map.groupBy(changesUpto(sql, ids, upto), ({ message_id }) => message_id);
  }

  /** The message of a change, as it was before it. Each change must be asked for once, in order. */
  before(event: MessageChangeEvent): ThreadState['messages'] {
    const { message_id } = event;
    const before = this.#known.get(message_id) ?? this.#read(message_id);
    if (before === null) return NO_MESSAGES;
    this.#known.set(message_id, { ...before, seq: event.seq, facts: changeMessage(before.facts, event) });
    return new Map([[message_id, before]]);
  }

  #read(id: string): NamedMessage | null {
    const event = readAddedMessage(this.#sql, id);
    if (event === null) return null;
    const facts = (this.#earlier.get(id) ?? []).reduce(changeMessage, event.message);
    const purge = readRunningPurge(this.#sql, event.chat_id);
    return namedMessage({ event, facts: messageAfterPurge(facts, event.seq, purge), seq: event.seq });
  }
}

/** The changes of some messages up to a `seq`. The log is read once for all of them, from the oldest message on. */
function changesUpto(sql: SqlStorage, ids: ReadonlySet<string>, upto: number): MessageChangeEvent[] {
  if (ids.size === 0) return [];
  const rows = sql.exec<{ event: string }>(
    `SELECT event FROM events WHERE seq BETWEEN ? AND ? AND type IN (SELECT value FROM json_each(?))
       AND event ->> '$.message_id' IN (SELECT value FROM json_each(?))
     ORDER BY seq`,
    Math.min(...Array.from(ids, (id) => seqOfResource(id) ?? 0)),
    upto,
    JSON.stringify(MESSAGE_CHANGES),
    JSON.stringify([...ids]),
  );
  return Array.from(rows, ({ event }) => upcastEvent(JSON.parse(event) as { v: number }) as MessageChangeEvent);
}

/**
 * The `seq` of the last event before `time` (ms); 0 for none. Times grow with `seq`, so a binary search finds it. Events
 * that are not there were removed before the others were written.
 */
export function lastEventBefore(sql: SqlStorage, last: number, time: number): number {
  let before = 0;
  let from = last + 1;
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    const [row] = sql.exec<{ at: number }>(`SELECT event ->> '$.at' AS at FROM events WHERE seq = ?`, middle);
    if (row === undefined || row.at < time) before = middle;
    else from = middle;
  }
  return before;
}

/** Up to which `seq` a hub has the thread's events, as stored; null when nothing is stored. */
export function readHubCheckpoint(sql: SqlStorage, hub: string): number | null {
  if (!hasTable(sql, 'hub_marks')) return null;
  return sql.exec<{ seq: number }>('SELECT seq FROM hub_marks WHERE hub = ?', hub).toArray()[0]?.seq ?? null;
}

/** The hubs that have ever got events of the thread. */
export function listHubs(sql: SqlStorage): string[] {
  if (!hasTable(sql, 'hub_marks')) return [];
  return Array.from(sql.exec<{ hub: string }>('SELECT hub FROM hub_marks'), ({ hub }) => hub);
}

/** Stores up to which `seq` a hub has the thread's events. */
export function writeHubCheckpoint(sql: SqlStorage, hub: string, seq: number): void {
  makeTable(sql, 'hub_marks');
  sql.exec('INSERT INTO hub_marks (hub, seq) VALUES (?1, ?2) ON CONFLICT (hub) DO UPDATE SET seq = ?2', hub, seq);
}
