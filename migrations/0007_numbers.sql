-- Integers that stand for an organization or a user in what apps get. With a rowid: it is the counter.
CREATE TABLE numbers (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE
) STRICT;
