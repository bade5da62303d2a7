-- Sessions of the console are tokens: a browser holds the secret in a cookie.
ALTER TABLE tokens ADD COLUMN session_until INTEGER; -- null: no session. The latest time (ms) to which its end may move
ALTER TABLE tokens ADD COLUMN parent_token_id TEXT; -- the token with which it was begun: it ends with it
CREATE INDEX tokens_of_sessions ON tokens (organization_id, user_id, id) WHERE session_until IS NOT NULL;
