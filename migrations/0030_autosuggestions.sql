-- Rules of rooms: on which pages visitors are offered the conversation starter of a user.
CREATE TABLE autosuggestions (
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  url_pattern TEXT NOT NULL,
  seconds INTEGER NOT NULL,
  language_code TEXT, -- null: any language
  user_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (room_id, id)
) STRICT, WITHOUT ROWID;
