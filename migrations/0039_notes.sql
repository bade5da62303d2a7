-- What users write about a chat for their own organization. They are in no thread: whatever leaves a thread cannot have them.
CREATE TABLE notes (
  chat_id TEXT NOT NULL,
  organization_id TEXT NOT NULL, -- of who has written it
  id TEXT NOT NULL, -- a UUID version 7 of its time
  user_id TEXT NOT NULL,
  user_name TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (chat_id, organization_id, id)
) STRICT, WITHOUT ROWID;
