-- A room with channels is not deleted.
CREATE INDEX channels_by_room ON channels (room_id, id) WHERE deleted_at IS NULL;
