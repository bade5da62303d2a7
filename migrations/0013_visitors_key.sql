-- The ids and secrets of visitors have a key of their own, which no rotation of the signing keys touches. It is the one from
-- which they were derived so far.
INSERT INTO signing_keys (id, secret, created_at) SELECT 'visitors', secret, created_at FROM signing_keys WHERE id = 'tokens';
