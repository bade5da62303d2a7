-- Who changed what, when, from where. An entry is written in the transaction of its change, so it is in the database of
-- the change. The id (UUID version 7) has the time.
CREATE TABLE audit_log (
  id TEXT PRIMARY KEY,
  -- Null for what belongs to no organization.
  organization_id TEXT,
  actor_type TEXT NOT NULL CHECK (actor_type IN ('operator', 'user')),
  -- `operator`, or the user.
  actor_id TEXT NOT NULL,
  token_id TEXT,
  app_id TEXT,
  -- The operationId of the route.
  action TEXT NOT NULL,
  target_type TEXT,
  target_id TEXT,
  -- JSON object: further ids of the path, names of the fields of the body, scopes. No values of fields: they may be secret.
  details TEXT NOT NULL,
  -- Status of a call that changed nothing in this database; null for a change.
  status INTEGER,
  address TEXT,
  request_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_of_organization ON audit_log (organization_id, id);
CREATE INDEX audit_log_by_actor ON audit_log (organization_id, actor_id, id);
CREATE INDEX audit_log_by_action ON audit_log (organization_id, action, id);
CREATE INDEX audit_log_by_target ON audit_log (organization_id, target_id, id);
