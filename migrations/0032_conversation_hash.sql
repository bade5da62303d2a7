-- By which the threads API names a thread: MD5 of its thread_id, or of its newest chat's id. Null in rows of before, until
-- the thread is rebuilt or its session rotates.
ALTER TABLE threads ADD COLUMN hash TEXT;
CREATE INDEX threads_by_hash ON threads (organization_id, hash) WHERE hash IS NOT NULL;
