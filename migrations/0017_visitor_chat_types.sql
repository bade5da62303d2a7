-- Whether visitors may choose these types for chats that they start in the room.
ALTER TABLE rooms ADD COLUMN is_task_allowed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN is_external_allowed INTEGER NOT NULL DEFAULT 0;
