-- Whom a note mentions, as JSON: [{"id": …, "name": …}], the name as it was then.
ALTER TABLE notes ADD COLUMN mentioned TEXT NOT NULL DEFAULT '[]';
-- The chats in which a note mentions a user, until they have opened the chat. Written by notes alone, never by a message.
CREATE TABLE mentions (
  user_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  organization_id TEXT NOT NULL, -- of the user
  note_id TEXT NOT NULL, -- the newest that mentions them
  created_at INTEGER NOT NULL, -- of the note
  PRIMARY KEY (user_id, chat_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_by_chat ON mentions (chat_id);
CREATE INDEX mentions_by_time ON mentions (created_at);
