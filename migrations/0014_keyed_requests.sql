-- Requests with an Idempotency-Key that write no chat. `id`: digest of the key and its owner. `request`: digest of the request.
-- `answer`: wrapped by SECRETS_KEY; null while the request is under way.
CREATE TABLE keyed_requests (
  id TEXT PRIMARY KEY, request TEXT NOT NULL, at INTEGER NOT NULL, answer TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX keyed_requests_by_at ON keyed_requests (at);
