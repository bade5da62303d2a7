-- The files that users and visitors have uploaded. The bytes are in R2, under the same id. A row is there before its bytes and goes
-- after them, so that no bytes are ever without a row.
CREATE TABLE files (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  -- Who may use it in a message.
  owner_type TEXT NOT NULL CHECK (owner_type IN ('user', 'visitor', 'channel')),
  owner_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Null until the bytes are stored.
  content_type TEXT,
  size INTEGER,
  sha256 TEXT,
  created_at INTEGER NOT NULL,
  -- The chat that it belongs to since its first use, and when it was used last.
  chat_id TEXT,
  used_at INTEGER,
  -- The newest message that names it, and the `seq` of what told so.
  message_id TEXT,
  seq INTEGER NOT NULL DEFAULT 0,
  -- From when on (ms) the watchdog deletes it; null while a message names it.
  delete_after INTEGER,
  -- The watchdog has begun to delete it: nobody can use it any more.
  is_deleting INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_owner ON files (owner_id, created_at);
CREATE INDEX files_due ON files (delete_after) WHERE delete_after IS NOT NULL;
