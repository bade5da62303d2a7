-- One row: what the first deployment has fixed. An empty jurisdiction is none.
CREATE TABLE deployment (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  jurisdiction TEXT NOT NULL
) STRICT;
