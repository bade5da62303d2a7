-- What D1 owns (the directory), then the copy of what the threads' logs own. Times are integer milliseconds since 1970, UTC.
-- Tables are WITHOUT ROWID where the primary key is the way in: an insert then writes one row instead of two.

CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  database TEXT NOT NULL DEFAULT 'DB',
  has_active_subscription INTEGER NOT NULL DEFAULT 1,
  private_chats INTEGER NOT NULL DEFAULT 0,
  private_chat_history INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  alias TEXT,
  avatar_id TEXT,
  avatar_url TEXT,
  email TEXT,
  is_bot INTEGER NOT NULL DEFAULT 0,
  is_staff INTEGER NOT NULL DEFAULT 0,
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_organization ON users (organization_id, id);

CREATE TABLE tokens (
  digest TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  organization_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  scopes TEXT NOT NULL DEFAULT '[]',
  expires_at INTEGER,
  revoked_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_user ON tokens (organization_id, user_id, id);

CREATE TABLE rooms (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  language_code TEXT NOT NULL DEFAULT 'en',
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rooms_by_organization ON rooms (organization_id, id);

CREATE TABLE channels (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  name TEXT NOT NULL,
  messaging_channel TEXT NOT NULL,
  reply_webhook_url TEXT NOT NULL,
  max_retry_count INTEGER NOT NULL DEFAULT 3,
  echo_user_messages INTEGER NOT NULL DEFAULT 1,
  is_webhook_enabled INTEGER NOT NULL DEFAULT 1,
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_secret_expires_at INTEGER,
  registered_origin TEXT NOT NULL,
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX channels_by_created_at ON channels (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX channels_by_modified_at ON channels (organization_id, modified_at, id) WHERE deleted_at IS NULL;
CREATE INDEX channels_by_messaging_channel ON channels (organization_id, messaging_channel, id) WHERE deleted_at IS NULL;

-- Visitors and their variables belong to D1: threads and REST both write them, the newest (at, thread, seq) wins.
CREATE TABLE visitors (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visitors_by_room ON visitors (room_id, id);

CREATE TABLE visitor_variables (
  visitor_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT, -- null: deleted; the row stays with its time, so that an older write that comes late does not bring it back
  created_at INTEGER NOT NULL,
  at INTEGER NOT NULL,
  thread TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (visitor_id, key)
) STRICT, WITHOUT ROWID;

-- The register of threads: one row for each, changed only when a session rotates.
CREATE TABLE threads (
  id TEXT PRIMARY KEY, -- the name of the thread's object
  organization_id TEXT NOT NULL,
  identity TEXT NOT NULL,
  channel_id TEXT,
  thread_id TEXT,
  mapping_id TEXT NOT NULL,
  current_chat_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX threads_by_channel ON threads (channel_id, mapping_id) WHERE channel_id IS NOT NULL;

-- The copy of the chats. `seq` is the mark below which the chat's children are up to date. No index on what every message changes.
-- With a rowid: a row of this size would not fit into a page of a WITHOUT ROWID table, and every message rewrites it.
CREATE TABLE chats (
  id TEXT PRIMARY KEY,
  thread TEXT NOT NULL,
  seq INTEGER NOT NULL,
  organization_id TEXT NOT NULL, -- of the room; of the creator when the chat has no room
  room_id TEXT,
  visitor_id TEXT,
  chat_type TEXT NOT NULL,
  is_ended INTEGER NOT NULL,
  is_waiting INTEGER NOT NULL,
  is_pending INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  facts TEXT NOT NULL
) STRICT;
CREATE INDEX chats_by_organization ON chats (organization_id, id);
CREATE INDEX chats_by_room ON chats (room_id, id) WHERE room_id IS NOT NULL;
CREATE INDEX chats_pending_by_room ON chats (room_id, id) WHERE is_pending = 1;

CREATE TABLE members (
  chat_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (chat_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_member ON members (member_id, chat_id);

CREATE TABLE messages (
  chat_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (chat_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE reply_suggestions (
  chat_id TEXT NOT NULL,
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (chat_id, id)
) STRICT, WITHOUT ROWID;

-- The log of the deliveries and the lanes' sums, by the version of each row.
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY, -- a UUID version 7: its order is the order of acceptance
  version INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  receiver TEXT NOT NULL,
  thread TEXT NOT NULL,
  thread_id TEXT,
  chat_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  status TEXT NOT NULL, -- pending, delivered, exhausted, skipped
  skip_reason TEXT,
  is_replay INTEGER NOT NULL,
  attempt_count INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  last_attempt_at INTEGER,
  last_status INTEGER,
  last_error TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_receiver ON deliveries (receiver, id);
CREATE INDEX deliveries_by_receiver_status ON deliveries (receiver, status, id);
CREATE INDEX deliveries_by_thread ON deliveries (receiver, thread_id, id);
CREATE INDEX deliveries_pending ON deliveries (due_at) WHERE status = 'pending';

CREATE TABLE lanes (
  receiver TEXT NOT NULL,
  thread TEXT NOT NULL,
  version INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  exhausted INTEGER NOT NULL,
  skipped_disabled INTEGER NOT NULL,
  skipped_channel_deleted INTEGER NOT NULL,
  PRIMARY KEY (receiver, thread)
) STRICT, WITHOUT ROWID;
