-- The sign-in link of a user that was not used yet.
CREATE TABLE sign_in_links (
  organization_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE, -- SHA-256 of the word sign-in, a blank and the code
  scopes TEXT NOT NULL, -- JSON array: those of its session
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;
