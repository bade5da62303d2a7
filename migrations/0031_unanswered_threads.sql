-- How many days after its last chat ended a visitor's own thread goes, if no user has ever answered it; null: never.
ALTER TABLE organizations ADD COLUMN unanswered_retention_days INTEGER DEFAULT 7;

-- Ended chats of such threads, in the order of their end. A message to an open chat does not write it.
CREATE INDEX chats_unanswered ON chats (organization_id, facts ->> '$.ended_at')
  WHERE is_ended = 1 AND facts ->> '$.is_unanswered' IS NOT NULL;

-- When a visitor without a chat left, whose variables are known, or whose thread is gone: they go as many days later. Null while
-- they have a chat, and for those who pass.
ALTER TABLE visitors ADD COLUMN left_at INTEGER;
CREATE INDEX visitors_left ON visitors (organization_id, left_at) WHERE left_at IS NOT NULL;
