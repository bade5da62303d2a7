import { OUTBOX_UPGRADE, REST_TABLES } from './outbox-tables.ts';

/**
 * The tables of a thread's object, those of each schema after those of the one before. They are made in the commit of the
 * first accepted command, never before: a probe with a random id leaves nothing behind. Facts are JSON. Times are ms.
 */
const TABLES_OF_1 = [
  // One row: the thread's facts, the last known routing and how far D1's copy is acknowledged.
  `CREATE TABLE thread (
    one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL, routing TEXT,
    acknowledged_seq INTEGER NOT NULL DEFAULT 0, acknowledged_version INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE events (
    seq INTEGER PRIMARY KEY, chat_id TEXT NOT NULL, type TEXT NOT NULL, event TEXT NOT NULL)`,
  // With a rowid: a row of this size would not fit into a page of a WITHOUT ROWID table, and every message rewrites it.
  `CREATE TABLE chats (
    id TEXT PRIMARY KEY, first_seq INTEGER NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
    recent_commands TEXT NOT NULL)`,
  `CREATE TABLE members (
    chat_id TEXT NOT NULL, member_id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (chat_id, member_id)) WITHOUT ROWID`,
  `CREATE TABLE suggestions (
    id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID`,
  // Fingerprints of received messages. They never expire and survive rotation.
  `CREATE TABLE received (
    key TEXT PRIMARY KEY, chat_id TEXT NOT NULL, message_id TEXT NOT NULL, seq INTEGER NOT NULL,
    request TEXT, is_new_session INTEGER NOT NULL, messages_created INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE lanes (
    receiver TEXT PRIMARY KEY, version INTEGER NOT NULL, accepted INTEGER NOT NULL, last_seq INTEGER,
    delivered INTEGER NOT NULL DEFAULT 0, exhausted INTEGER NOT NULL DEFAULT 0,
    skipped_disabled INTEGER NOT NULL DEFAULT 0, skipped_channel_deleted INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`,
  `CREATE TABLE deliveries (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, receiver TEXT NOT NULL, seq INTEGER NOT NULL,
    ordinal INTEGER NOT NULL, chat_id TEXT NOT NULL, event_type TEXT NOT NULL, body TEXT NOT NULL,
    status TEXT NOT NULL, skip_reason TEXT, is_replay INTEGER NOT NULL DEFAULT 0,
    attempt_count INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL,
    lease_token TEXT, lease_until INTEGER, last_attempt_at INTEGER, last_status INTEGER, last_error TEXT,
    created_at INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE INDEX deliveries_pending ON deliveries (receiver, is_replay, seq, ordinal) WHERE status = 'pending'`,
  `CREATE INDEX deliveries_by_version ON deliveries (version)`,
  `CREATE TABLE attempts (
    delivery_id TEXT NOT NULL, number INTEGER NOT NULL, attempt TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)) WITHOUT ROWID`,
];

/** Tags, invitations, and the suggestions of a chat in their order. */
const TABLES_OF_2 = [
  // One row: the schema of the tables, and the rebuild of D1's copy: its number and how far it has to go, null when it is over.
  `CREATE TABLE upkeep (
    one INTEGER PRIMARY KEY CHECK (one = 1), schema INTEGER NOT NULL,
    rebuild_number INTEGER NOT NULL DEFAULT 0, rebuild_seq INTEGER, rebuild_version INTEGER)`,
  `CREATE TABLE tags (
    chat_id TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (chat_id, name)) WITHOUT ROWID`,
  `CREATE TABLE invitations (
    chat_id TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (chat_id, id)) WITHOUT ROWID`,
  `CREATE INDEX suggestions_by_chat ON suggestions (chat_id, id)`,
];

/**
 * Webhooks of apps: whose a lane is (null: the thread's organization), what a delivery is about. Who is told as last known, null for
 * nobody. How far live hubs were told.
 */
const TABLES_OF_3 = [
  'ALTER TABLE lanes ADD COLUMN organization_id TEXT',
  'ALTER TABLE lanes ADD COLUMN skipped_webhook_deleted INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE lanes ADD COLUMN skipped_uninstalled INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE deliveries ADD COLUMN webhook_id TEXT',
  'ALTER TABLE deliveries ADD COLUMN channel TEXT',
  'ALTER TABLE deliveries ADD COLUMN resource_id TEXT',
  'ALTER TABLE thread ADD COLUMN audience TEXT',
  'CREATE TABLE hub_marks (hub TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID',
];

/** What webhooks tell, stored once for each event; webhooks that are made later. */
const TABLES_OF_4 = [...OUTBOX_UPGRADE, ...REST_TABLES];

/** The schema that this program works with. */
export const SCHEMA = 4;

/** The schema of this object's tables; 0 when it has never accepted a command. The first one did not write its number down. */
export function schemaOf(sql: SqlStorage): number {
  const found = sql
    .exec<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('thread', 'upkeep')`)
    .toArray();
  if (found.length === 0) return 0;
  if (!found.some(({ name }) => name === 'upkeep')) return 1;
  return sql.exec<{ schema: number }>('SELECT schema FROM upkeep').one().schema;
}

/** Makes the tables that are missing after `schema`. Must run inside a transaction: of the first commit, or of an upgrade. */
export function createTables(sql: SqlStorage, schema: number): void {
  if (schema < 1) for (const statement of TABLES_OF_1) sql.exec(statement);
  if (schema < 2) for (const statement of TABLES_OF_2) sql.exec(statement);
  if (schema < 3) for (const statement of TABLES_OF_3) sql.exec(statement);
  if (schema < 4) for (const statement of TABLES_OF_4) sql.exec(statement);
  sql.exec('INSERT INTO upkeep (one, schema) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET schema = ?1', SCHEMA);
}
