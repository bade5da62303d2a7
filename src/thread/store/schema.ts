import { hasTable } from '../../platform/sqlite.ts';
import { OUTBOX_TABLES, OUTBOX_UPGRADE, REST_TABLES } from './outbox-tables.ts';

/**
 * The tables of a thread's object. The commit of the first accepted command makes them: a request with a random id
 * leaves nothing behind. Most threads never have a tag, an invitation, a suggestion or a webhook, so their tables are
 * made with their first row. Facts are JSON. Times are ms.
 */
const BASE = [
  // One row: the thread's facts, the channel's target (`routing`), how far the replica is acknowledged, the last
  // audience, and the salt of `received` (null in threads of schemas before 5).
  `CREATE TABLE thread (
    one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL, routing TEXT,
    acknowledged_seq INTEGER NOT NULL DEFAULT 0, acknowledged_version INTEGER NOT NULL DEFAULT 0, audience TEXT,
    salt TEXT)`,
  `CREATE TABLE events (
    seq INTEGER PRIMARY KEY, chat_id TEXT NOT NULL, type TEXT NOT NULL, event TEXT NOT NULL)`,
  // With a rowid: such rows are too large for a page of a WITHOUT ROWID table, and each message rewrites one.
  `CREATE TABLE chats (
    id TEXT PRIMARY KEY, first_seq INTEGER NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL)`,
  `CREATE TABLE members (
    chat_id TEXT NOT NULL, member_id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (chat_id, member_id)) WITHOUT ROWID`,
  // Fingerprints of received messages. They never expire, and outlive sessions.
  `CREATE TABLE received (
    key TEXT PRIMARY KEY, chat_id TEXT NOT NULL, message_id TEXT NOT NULL, seq INTEGER NOT NULL,
    request TEXT, is_new_session INTEGER NOT NULL, messages_created INTEGER NOT NULL) WITHOUT ROWID`,
  // One row: the schema of the tables, and the rebuild of the replica: its number and how far it goes (null when it is
  // complete).
  `CREATE TABLE upkeep (
    one INTEGER PRIMARY KEY CHECK (one = 1), schema INTEGER NOT NULL,
    rebuild_number INTEGER NOT NULL DEFAULT 0, rebuild_seq INTEGER, rebuild_version INTEGER)`,
].join(';\n');

/** Tables that are made on demand. */
const ON_DEMAND = {
  tags: [
    `CREATE TABLE tags (
      chat_id TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
      PRIMARY KEY (chat_id, name)) WITHOUT ROWID`,
  ],
  invitations: [
    `CREATE TABLE invitations (
      chat_id TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
      PRIMARY KEY (chat_id, id)) WITHOUT ROWID`,
  ],
  suggestions: [
    `CREATE TABLE suggestions (
      id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID`,
    'CREATE INDEX suggestions_by_chat ON suggestions (chat_id, id)',
  ],
  // Messages that were edited or deleted, or of whose delivery something was noted, as they are now. By the `seq` of
  // their first event.
  changed_messages: [
    'CREATE TABLE changed_messages (message_seq INTEGER PRIMARY KEY, seq INTEGER NOT NULL, facts TEXT NOT NULL)',
  ],
  lanes: OUTBOX_TABLES,
  // Events whose webhooks for the channel were given up, or delivered by a replay, until their message shows it. `version`
  // is the delivery's.
  webhook_ends: [
    `CREATE TABLE webhook_ends (seq INTEGER PRIMARY KEY, receiver TEXT NOT NULL, version INTEGER NOT NULL)`,
  ],
  webhook_rests: REST_TABLES,
  // Checkpoints of live hubs.
  hub_marks: ['CREATE TABLE hub_marks (hub TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID'],
  // Chats at a moment, so that hubs can catch up without a replay of the whole log.
  snapshots: [
    `CREATE TABLE snapshots (
      chat_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, thread TEXT NOT NULL, chat TEXT,
      PRIMARY KEY (chat_id, seq))`,
  ],
  // Users and visitors whose object has confirmed that it reports to the open chat.
  watches: ['CREATE TABLE watches (member_id TEXT PRIMARY KEY, chat_id TEXT NOT NULL) WITHOUT ROWID'],
  // Commands whose id follows from a client's key, with the digest of their request and the `seq` of their answer.
  keyed_commands: [
    `CREATE TABLE keyed_commands (
      id TEXT PRIMARY KEY, request TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID`,
  ],
  // Keys of the visitor's variables that came through the thread.
  variable_keys: ['CREATE TABLE variable_keys (key TEXT PRIMARY KEY) WITHOUT ROWID'],
  // Purges: how far each is, as JSON, and when it was done. In the order of their arrival.
  purges: ['CREATE TABLE purges (id TEXT PRIMARY KEY, progress TEXT NOT NULL, finished_at INTEGER)'],
  // Ended chats whose key is to be forgotten, and when (ms).
  key_ends: [
    'CREATE TABLE key_ends (at INTEGER NOT NULL, chat_id TEXT NOT NULL, PRIMARY KEY (at, chat_id)) WITHOUT ROWID',
  ],
  // Ranges of the log, and versions of deliveries, whose rows D1 has refused.
  parked: [
    `CREATE TABLE parked (
      after_seq INTEGER NOT NULL, upto_seq INTEGER NOT NULL, after_version INTEGER NOT NULL,
      upto_version INTEGER NOT NULL, at INTEGER NOT NULL)`,
  ],
} as const satisfies Record<string, readonly string[]>;

export type TableOnDemand = keyof typeof ON_DEMAND;

/** What each later schema changed, for objects that were made before it. */
const UPGRADES: Readonly<Record<number, readonly string[]>> = {
  2: [
    `CREATE TABLE upkeep (
      one INTEGER PRIMARY KEY CHECK (one = 1), schema INTEGER NOT NULL,
      rebuild_number INTEGER NOT NULL DEFAULT 0, rebuild_seq INTEGER, rebuild_version INTEGER)`,
    'CREATE INDEX suggestions_by_chat ON suggestions (chat_id, id)',
  ],
  3: [
    'ALTER TABLE lanes ADD COLUMN organization_id TEXT',
    'ALTER TABLE lanes ADD COLUMN skipped_webhook_deleted INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE lanes ADD COLUMN skipped_uninstalled INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE deliveries ADD COLUMN webhook_id TEXT',
    'ALTER TABLE deliveries ADD COLUMN channel TEXT',
    'ALTER TABLE deliveries ADD COLUMN resource_id TEXT',
    'ALTER TABLE thread ADD COLUMN audience TEXT',
  ],
  // Commands are found in the log since then, and the stored audience covers the thread's scope.
  4: ['ALTER TABLE chats DROP COLUMN recent_commands', 'UPDATE thread SET audience = NULL', ...OUTBOX_UPGRADE],
  5: ['ALTER TABLE thread ADD COLUMN salt TEXT'],
  6: ['ALTER TABLE lanes ADD COLUMN skipped_purged INTEGER NOT NULL DEFAULT 0'],
};

/** The schema of this program. */
export const SCHEMA = 6;

/** The schema of this object's tables; 0 when it has never accepted a command. The first schema had no number. */
export function schemaOf(sql: SqlStorage): number {
  if (!hasTable(sql, 'thread')) return 0;
  return hasTable(sql, 'upkeep') ? sql.exec<{ schema: number }>('SELECT schema FROM upkeep').one().schema : 1;
}

/** Makes the tables of a new thread. Must run inside the transaction of its first commit. */
export function createTables(sql: SqlStorage): void {
  sql.exec(BASE);
  writeSchema(sql);
}

/** Changes the tables of an earlier schema. Must run inside a transaction. */
export function changeTables(sql: SqlStorage, schema: number): void {
  for (let next = schema + 1; next <= SCHEMA; next++) {
    for (const statement of UPGRADES[next] ?? []) if (!concernsMissingLanes(sql, statement)) sql.exec(statement);
  }
  writeSchema(sql);
}

/** Since schema 4 the tables of webhooks are made with the first one. Then they have every column. */
function concernsMissingLanes(sql: SqlStorage, statement: string): boolean {
  return statement.startsWith('ALTER TABLE lanes ') && !hasTable(sql, 'lanes');
}

/** Makes a table, with those that belong to it, unless it exists. */
export function makeTable(sql: SqlStorage, name: TableOnDemand): void {
  if (hasTable(sql, name)) return;
  for (const statement of ON_DEMAND[name]) sql.exec(statement);
}

function writeSchema(sql: SqlStorage): void {
  sql.exec('INSERT INTO upkeep (one, schema) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET schema = ?1', SCHEMA);
}
