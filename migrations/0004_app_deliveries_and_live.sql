-- Webhooks of installed apps: the subscription that made a delivery, and the changed resource. Null for channels.
ALTER TABLE deliveries ADD COLUMN webhook_id TEXT;
ALTER TABLE deliveries ADD COLUMN channel TEXT; -- path of the collection
ALTER TABLE deliveries ADD COLUMN resource_id TEXT;
-- The other index finds deliveries by thread_id, which a visitor's thread and a chat between users do not have.
CREATE INDEX deliveries_without_thread_id ON deliveries (thread) WHERE thread_id IS NULL;
ALTER TABLE lanes ADD COLUMN skipped_webhook_deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lanes ADD COLUMN skipped_uninstalled INTEGER NOT NULL DEFAULT 0;

-- Organizations whose live hub is awake: it has sockets, or had some within the last days. In the first database.
CREATE TABLE live_organizations (
  organization_id TEXT PRIMARY KEY,
  awake_since INTEGER NOT NULL, -- events before that are of no interest to it
  awake_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
