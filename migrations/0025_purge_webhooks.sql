-- Whether the webhooks of a channel tell of purges.
ALTER TABLE channels ADD COLUMN notify_purges INTEGER NOT NULL DEFAULT 0;
