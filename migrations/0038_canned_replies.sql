-- Texts that users keep for replies: their own, those of a team, those of the organization. `owner_id`: the id of whose they are.
CREATE TABLE canned_replies (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  visibility TEXT NOT NULL CHECK (visibility IN ('user', 'team', 'organization')),
  owner_id TEXT NOT NULL,
  shortcut TEXT NOT NULL,
  message TEXT NOT NULL,
  updated_by_user_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX canned_replies_by_shortcut ON canned_replies (owner_id, shortcut);
CREATE INDEX canned_replies_of_owner ON canned_replies (owner_id, id);
