-- The lasting tokens of apps' bot users: each ends with its installation, and with the secret that the app had when it was made.
ALTER TABLE apps ADD COLUMN secret_version INTEGER NOT NULL DEFAULT 1; -- grows with each new secret
ALTER TABLE tokens ADD COLUMN installation_id TEXT; -- null: a user's own token
ALTER TABLE tokens ADD COLUMN secret_version INTEGER;
CREATE INDEX tokens_by_installation ON tokens (installation_id, id) WHERE installation_id IS NOT NULL;
-- Those that exist get 90 days.
UPDATE tokens SET installation_id = installations.id, secret_version = 1, expires_at = (unixepoch() + 7776000) * 1000
FROM app_installations AS installations
WHERE tokens.organization_id = installations.organization_id AND tokens.user_id = installations.app_user_id
  AND tokens.label = 'App ' || installations.app_id AND tokens.expires_at IS NULL;
