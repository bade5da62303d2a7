-- Visitors whose secret opens nothing any more. The secrets themselves are stored nowhere: they are derived.
CREATE TABLE revoked_visitors (
  organization_id TEXT NOT NULL,
  visitor_id TEXT NOT NULL,
  revoked_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, visitor_id)
) STRICT, WITHOUT ROWID;
-- The revocations of the last half hour: tokens from before them may still live.
CREATE INDEX revoked_visitors_by_time ON revoked_visitors (organization_id, revoked_at);
