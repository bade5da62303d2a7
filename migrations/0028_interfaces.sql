-- JSON-RPC and the threads API: a channel of another kind for each. An empty `reply_webhook_url` sends nothing.
ALTER TABLE channels ADD COLUMN kind TEXT NOT NULL DEFAULT 'umi' CHECK (kind IN ('umi', 'rpc', 'threads'));
-- What its webhooks carry so that the receiver knows the hub, wrapped like a secret.
ALTER TABLE channels ADD COLUMN webhook_key TEXT;
-- JSON of what answers messages (threads only), and the key of its service, wrapped like a secret.
ALTER TABLE channels ADD COLUMN responder TEXT;
ALTER TABLE channels ADD COLUMN responder_key TEXT;
CREATE UNIQUE INDEX channels_of_interface ON channels (organization_id, kind) WHERE kind <> 'umi' AND deleted_at IS NULL;

-- By which a telephone system names a user, and the organization.
ALTER TABLE users ADD COLUMN extension TEXT;
ALTER TABLE users ADD COLUMN did TEXT;
CREATE UNIQUE INDEX users_by_extension ON users (organization_id, extension) WHERE extension IS NOT NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX users_by_did ON users (organization_id, did) WHERE did IS NOT NULL AND deleted_at IS NULL;
ALTER TABLE organizations ADD COLUMN domain TEXT;

-- Keys of programs that use one of these interfaces.
CREATE TABLE interface_keys (
  digest TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  organization_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('rpc', 'threads')),
  label TEXT NOT NULL,
  revoked_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX interface_keys_of_organization ON interface_keys (organization_id, kind, id);
