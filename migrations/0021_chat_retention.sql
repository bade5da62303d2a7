-- How many days after its end a chat is purged of its messages; null: never. The index finds the organizations that have said so.
ALTER TABLE organizations ADD COLUMN chat_retention_days INTEGER;
CREATE INDEX organizations_purging ON organizations (database, id) WHERE chat_retention_days IS NOT NULL;

-- Ended chats that are not purged, in the order of their end. No message to an open chat writes it.
CREATE INDEX chats_unpurged ON chats (organization_id, facts ->> '$.ended_at')
  WHERE is_ended = 1 AND facts ->> '$.purged_at' IS NULL;
