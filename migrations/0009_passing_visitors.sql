-- 1: the visitor has come to a room and has no chat and no variable yet. Nothing else is stored of them, and the row goes a day after
-- the visit. Rows that threads write have a chat. All rows of a visitor are alike.
ALTER TABLE visitors ADD COLUMN is_passing INTEGER NOT NULL DEFAULT 0;
