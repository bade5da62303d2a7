-- Webhooks of installed apps: which subscription made a delivery and what it is about. Null for channels.
ALTER TABLE deliveries ADD COLUMN webhook_id TEXT;
ALTER TABLE deliveries ADD COLUMN channel TEXT; -- path of the collection
ALTER TABLE deliveries ADD COLUMN resource_id TEXT;
-- A visitor's thread and a chat between users have no thread_id, by which the other index finds the deliveries of a thread.
CREATE INDEX deliveries_without_thread_id ON deliveries (thread) WHERE thread_id IS NULL;
ALTER TABLE lanes ADD COLUMN skipped_webhook_deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lanes ADD COLUMN skipped_uninstalled INTEGER NOT NULL DEFAULT 0;

-- Organizations whose live hub wants to be told: it has sockets, or has had some within the last days. In the first database.
CREATE TABLE live_organizations (
  organization_id TEXT PRIMARY KEY,
  awake_since INTEGER NOT NULL, -- events before that are of no interest to it
  awake_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
