-- Apps, their webhooks and installations are in the first database, with the organizations that may install them.

-- The key that signs the hub's own tokens. One row, made when it is first needed.
CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY,
  secret TEXT NOT NULL, -- base64 of 32 bytes
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL, -- the owner
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  terms_url TEXT NOT NULL,
  privacy_url TEXT NOT NULL,
  icon_asset_id TEXT,
  icon_url TEXT,
  trigger_url TEXT,
  trigger_types TEXT NOT NULL, -- JSON array
  is_app_user_required INTEGER NOT NULL,
  required_scopes TEXT NOT NULL, -- JSON array
  is_available_to_anyone INTEGER NOT NULL,
  secret TEXT NOT NULL, -- signs what triggers carry, so it is kept as it is
  registered_origin TEXT NOT NULL, -- of the hub; the trigger URL may not point there
  installation_count INTEGER NOT NULL DEFAULT 0, -- changed in the batch of each installation
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX apps_by_created_at ON apps (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX apps_available ON apps (created_at, id) WHERE deleted_at IS NULL AND is_available_to_anyone = 1;

CREATE TABLE app_webhooks (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL,
  endpoint_url TEXT NOT NULL, -- as it was given: receivers know the hub by its query
  channel_pattern TEXT NOT NULL,
  on_added INTEGER NOT NULL,
  on_changed INTEGER NOT NULL,
  on_removed INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL,
  registered_origin TEXT NOT NULL,
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (on_added + on_changed + on_removed > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX app_webhooks_by_created_at ON app_webhooks (app_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE app_installations (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL,
  organization_id TEXT NOT NULL, -- that has installed it
  app_user_id TEXT, -- the bot that came with it
  allowed_scopes TEXT NOT NULL, -- JSON array: what the app required when it was installed
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX app_installations_once ON app_installations (organization_id, app_id) WHERE deleted_at IS NULL;
CREATE INDEX app_installations_by_created_at ON app_installations (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX app_installations_by_app ON app_installations (app_id) WHERE deleted_at IS NULL;

-- Codes that were exchanged for a token, kept until they expire, so that a code works only once.
CREATE TABLE app_user_codes (
  id TEXT PRIMARY KEY, -- the code's jti
  token_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX app_user_codes_by_expiry ON app_user_codes (expires_at);

-- Visitors of the public API. A visitor belongs to an organization and may visit several of its rooms: a row for each.

CREATE TABLE room_visitors (
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  details TEXT NOT NULL DEFAULT '{}', -- JSON: what is known of his browser, place and page; what is missing is null
  visit_count INTEGER NOT NULL DEFAULT 0,
  presence_expires_in INTEGER NOT NULL DEFAULT 120, -- seconds, as he asked for last
  present_until INTEGER, -- null or past: absent
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id, room_id)
) STRICT, WITHOUT ROWID;
INSERT INTO room_visitors (id, organization_id, room_id, created_at)
  SELECT id, organization_id, room_id, created_at FROM visitors;
DROP TABLE visitors;
ALTER TABLE room_visitors RENAME TO visitors;
CREATE INDEX visitors_by_room ON visitors (room_id, id);
CREATE INDEX visitors_present ON visitors (room_id, present_until) WHERE present_until IS NOT NULL;
