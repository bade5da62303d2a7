-- `overdue_after` also says when the key of an ended chat should be forgotten, so the index has ended chats too.
DROP INDEX chats_overdue;
CREATE INDEX chats_overdue ON chats (overdue_after, thread) WHERE overdue_after IS NOT NULL;
