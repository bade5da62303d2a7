-- A target that names no user, `all` or `organization`, includes bots only with this flag.
ALTER TABLE router_targets ADD COLUMN include_bots INTEGER NOT NULL DEFAULT 0;
