-- What users have begun to write in a chat and not sent. In D1, and not in the object of the user: a purge finds them by the chat.
CREATE TABLE drafts (
  user_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  organization_id TEXT NOT NULL, -- of the user
  message TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, chat_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_by_chat ON drafts (chat_id);
CREATE INDEX drafts_by_time ON drafts (updated_at);
