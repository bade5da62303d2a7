/** The tables of webhooks in a thread's object. Times are ms. */
export const OUTBOX_TABLES = [
  // One row for each receiver: its counts. Version 0, here and in `deliveries`: D1 need not have the row yet.
  `CREATE TABLE lanes (
    receiver TEXT PRIMARY KEY, version INTEGER NOT NULL, accepted INTEGER NOT NULL, last_seq INTEGER,
    delivered INTEGER NOT NULL DEFAULT 0, exhausted INTEGER NOT NULL DEFAULT 0,
    skipped_disabled INTEGER NOT NULL DEFAULT 0, skipped_channel_deleted INTEGER NOT NULL DEFAULT 0,
    organization_id TEXT, skipped_webhook_deleted INTEGER NOT NULL DEFAULT 0,
    skipped_uninstalled INTEGER NOT NULL DEFAULT 0, skipped_purged INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`,
  // The body without its resource; `content` is the index of the resource in its event. In old rows the body is whole.
  // Of a purged one it is empty.
  `CREATE TABLE deliveries (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, receiver TEXT NOT NULL, seq INTEGER NOT NULL,
    ordinal INTEGER NOT NULL, chat_id TEXT NOT NULL, event_type TEXT NOT NULL, body TEXT NOT NULL,
    status TEXT NOT NULL, skip_reason TEXT, is_replay INTEGER NOT NULL DEFAULT 0,
    attempt_count INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL,
    lease_token TEXT, lease_until INTEGER, last_attempt_at INTEGER, last_status INTEGER, last_error TEXT,
    created_at INTEGER NOT NULL, webhook_id TEXT, channel TEXT, resource_id TEXT,
    content INTEGER NOT NULL DEFAULT 0, first_attempt TEXT, offered_at INTEGER) WITHOUT ROWID`,
  `CREATE INDEX deliveries_pending ON deliveries (receiver, is_replay, seq, ordinal) WHERE status = 'pending'`,
  'CREATE INDEX deliveries_by_version ON deliveries (version)',
  // All attempts, except one that delivered at once (`first_attempt`).
  `CREATE TABLE attempts (
    delivery_id TEXT NOT NULL, number INTEGER NOT NULL, attempt TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)) WITHOUT ROWID`,
  // The resources of an event's webhooks: JSON Lines.
  'CREATE TABLE webhook_contents (seq INTEGER PRIMARY KEY, resources TEXT NOT NULL)',
] as const;

/** For objects of schema 3, which have all tables of webhooks. */
export const OUTBOX_UPGRADE = [
  'ALTER TABLE deliveries ADD COLUMN content INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE deliveries ADD COLUMN first_attempt TEXT',
  'ALTER TABLE deliveries ADD COLUMN offered_at INTEGER',
  'CREATE TABLE webhook_contents (seq INTEGER PRIMARY KEY, resources TEXT NOT NULL)',
] as const;

/** Webhooks that commits have left for later. Most objects never need these tables. */
export const REST_TABLES = [
  // One row for each commit, by its first event with a webhook to make: its time in the log, where to continue, and how
  // many are made.
  `CREATE TABLE webhook_rests (
    first_seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, routing TEXT, next_seq INTEGER NOT NULL,
    next_ordinal INTEGER NOT NULL, made INTEGER NOT NULL)`,
  'CREATE TABLE webhook_rest_events (seq INTEGER PRIMARY KEY, told TEXT NOT NULL)',
  `CREATE TABLE webhook_rest_installations (
    first_seq INTEGER NOT NULL, place INTEGER NOT NULL, installation TEXT NOT NULL,
    PRIMARY KEY (first_seq, place)) WITHOUT ROWID`,
] as const;
