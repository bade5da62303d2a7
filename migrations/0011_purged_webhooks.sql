-- Webhooks of what was purged end as skipped. The triggers of 0008 know the sums of lanes by name, so new ones replace them.
ALTER TABLE lanes ADD COLUMN skipped_purged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledgers ADD COLUMN skipped_purged INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER lanes_added;
DROP TRIGGER lanes_changed;
CREATE TRIGGER lanes_added AFTER INSERT ON lanes BEGIN
  INSERT INTO ledgers (receiver, organization_id, accepted, delivered, pending, exhausted,
    skipped_disabled, skipped_channel_deleted, skipped_webhook_deleted,
    skipped_uninstalled, skipped_purged)
  VALUES (new.receiver, new.organization_id, new.accepted, new.delivered, new.pending, new.exhausted,
    new.skipped_disabled, new.skipped_channel_deleted, new.skipped_webhook_deleted,
    new.skipped_uninstalled, new.skipped_purged)
  ON CONFLICT (receiver) DO UPDATE SET
    accepted = accepted + excluded.accepted,
    delivered = delivered + excluded.delivered,
    pending = pending + excluded.pending,
    exhausted = exhausted + excluded.exhausted,
    skipped_disabled = skipped_disabled + excluded.skipped_disabled,
    skipped_channel_deleted = skipped_channel_deleted + excluded.skipped_channel_deleted,
    skipped_webhook_deleted = skipped_webhook_deleted + excluded.skipped_webhook_deleted,
    skipped_uninstalled = skipped_uninstalled + excluded.skipped_uninstalled,
    skipped_purged = skipped_purged + excluded.skipped_purged;
END;
CREATE TRIGGER lanes_changed AFTER UPDATE ON lanes BEGIN
  UPDATE ledgers SET
    accepted = accepted + new.accepted - old.accepted,
    delivered = delivered + new.delivered - old.delivered,
    pending = pending + new.pending - old.pending,
    exhausted = exhausted + new.exhausted - old.exhausted,
    skipped_disabled = skipped_disabled + new.skipped_disabled - old.skipped_disabled,
    skipped_channel_deleted = skipped_channel_deleted + new.skipped_channel_deleted - old.skipped_channel_deleted,
    skipped_webhook_deleted = skipped_webhook_deleted + new.skipped_webhook_deleted - old.skipped_webhook_deleted,
    skipped_uninstalled = skipped_uninstalled + new.skipped_uninstalled - old.skipped_uninstalled,
    skipped_purged = skipped_purged + new.skipped_purged - old.skipped_purged
  WHERE receiver = new.receiver;
END;
