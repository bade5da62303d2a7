-- Visitors who were purged. What a thread has recorded of them until `purged_at` (ms) is not written again, whatever comes late or
-- is rebuilt.
CREATE TABLE purged_visitors (
  visitor_id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  purged_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Purges that somebody has asked for. They hold ids, and nothing of what they purge.
CREATE TABLE purges (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  visitor_id TEXT,
  room_id TEXT,
  -- The name of the thread's object, which its chats' ids contain.
  thread TEXT,
  chat_id TEXT,
  before INTEGER,
  requested_by_user_id TEXT,
  created_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX purges_by_organization ON purges (organization_id, id);
CREATE INDEX purges_unfinished ON purges (id) WHERE finished_at IS NULL;
