-- Reads that grew with all that was ever stored: ledgers with the threads of a receiver, lists with deleted rows.

-- The sums of a receiver's lanes. Triggers keep them, so whatever writes a lane changes both, in one transaction.
CREATE TABLE ledgers (
  receiver TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  exhausted INTEGER NOT NULL,
  skipped_disabled INTEGER NOT NULL,
  skipped_channel_deleted INTEGER NOT NULL,
  skipped_webhook_deleted INTEGER NOT NULL,
  skipped_uninstalled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO ledgers
SELECT receiver, min(organization_id), sum(accepted), sum(delivered), sum(pending), sum(exhausted), sum(skipped_disabled),
  sum(skipped_channel_deleted), sum(skipped_webhook_deleted), sum(skipped_uninstalled)
FROM lanes GROUP BY receiver;
CREATE TRIGGER lanes_added AFTER INSERT ON lanes BEGIN
  INSERT INTO ledgers VALUES (new.receiver, new.organization_id, new.accepted, new.delivered, new.pending, new.exhausted,
    new.skipped_disabled, new.skipped_channel_deleted, new.skipped_webhook_deleted, new.skipped_uninstalled)
  ON CONFLICT (receiver) DO UPDATE SET accepted = accepted + excluded.accepted, delivered = delivered + excluded.delivered,
    pending = pending + excluded.pending, exhausted = exhausted + excluded.exhausted,
    skipped_disabled = skipped_disabled + excluded.skipped_disabled,
    skipped_channel_deleted = skipped_channel_deleted + excluded.skipped_channel_deleted,
    skipped_webhook_deleted = skipped_webhook_deleted + excluded.skipped_webhook_deleted,
    skipped_uninstalled = skipped_uninstalled + excluded.skipped_uninstalled;
END;
CREATE TRIGGER lanes_changed AFTER UPDATE ON lanes BEGIN
  UPDATE ledgers SET accepted = accepted + new.accepted - old.accepted, delivered = delivered + new.delivered - old.delivered,
    pending = pending + new.pending - old.pending, exhausted = exhausted + new.exhausted - old.exhausted,
    skipped_disabled = skipped_disabled + new.skipped_disabled - old.skipped_disabled,
    skipped_channel_deleted = skipped_channel_deleted + new.skipped_channel_deleted - old.skipped_channel_deleted,
    skipped_webhook_deleted = skipped_webhook_deleted + new.skipped_webhook_deleted - old.skipped_webhook_deleted,
    skipped_uninstalled = skipped_uninstalled + new.skipped_uninstalled - old.skipped_uninstalled
  WHERE receiver = new.receiver;
END;

-- Lists without deleted rows pass over none. Apps that come and go leave a deleted bot user each.
CREATE INDEX rooms_undeleted ON rooms (organization_id, id) WHERE deleted_at IS NULL;
CREATE INDEX users_undeleted_by_created_at ON users (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX users_undeleted_by_email ON users (organization_id, email_order, id) WHERE deleted_at IS NULL;
DROP INDEX teams_by_created_at;
CREATE INDEX teams_by_created_at ON teams (organization_id, created_at, id) WHERE deleted_at IS NULL;
