/**
 * The tables of a thread's object as the first schema had them, word for word as that program made them. Never change
 * them: such objects still exist.
 */
export const TABLES_OF_VERSION_1 = [
  `CREATE TABLE thread (
    one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL, routing TEXT,
    acknowledged_seq INTEGER NOT NULL DEFAULT 0, acknowledged_version INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE events (
    seq INTEGER PRIMARY KEY, chat_id TEXT NOT NULL, type TEXT NOT NULL, event TEXT NOT NULL)`,
  `CREATE TABLE chats (
    id TEXT PRIMARY KEY, first_seq INTEGER NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
    recent_commands TEXT NOT NULL)`,
  `CREATE TABLE members (
    chat_id TEXT NOT NULL, member_id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (chat_id, member_id)) WITHOUT ROWID`,
  `CREATE TABLE suggestions (
    id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, seq INTEGER NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID`,
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
