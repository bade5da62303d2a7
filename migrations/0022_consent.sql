-- What an installation has consented to: the webhooks up to a version of its app. What exists counts as consented to.
ALTER TABLE apps ADD COLUMN webhooks_version INTEGER NOT NULL DEFAULT 1; -- grows when a webhook is added or widened
ALTER TABLE app_webhooks ADD COLUMN version INTEGER NOT NULL DEFAULT 1; -- the app's, when it was added or widened last
ALTER TABLE app_installations ADD COLUMN consented_version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX app_webhooks_by_version ON app_webhooks (app_id, version) WHERE deleted_at IS NULL;
